"""A report as one web page that needs nothing else: the charts, and tables that can be sorted."""

from __future__ import annotations

from html import escape

from . import tables
from .report import Report

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { color: #555; } dd { margin: 0; }
svg { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .87rem; }
th, td { padding: .2rem .6rem; text-align: left; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
th { cursor: pointer; background: #f2f5f8; position: sticky; top: 0; }
th:hover { background: #dde7f0; } th::after { content: " \\2195"; color: #999; }
tr.loss td { background: #fdeadf; } tr.loss td:last-child { color: #b04a00; font-weight: bold; }
"""
_SCRIPT = """
for (const head of document.querySelectorAll("th")) head.addEventListener("click", () => {
  const body = head.closest("table").tBodies[0], column = head.cellIndex;
  const down = head.dataset.down = head.dataset.down === "1" ? "" : "1";
  const value = row => { const text = row.cells[column].textContent;
    return /^[\\d.]+( |%|$)/.test(text) ? parseFloat(text) : text; };
  const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : String(a).localeCompare(String(b), undefined, {numeric: true});
  [...body.rows].sort((a, b) => (down ? 1 : -1) * order(value(a), value(b)))
    .forEach(row => body.append(row));
});
"""


def page(report: Report, svg: str) -> str:
    """Return the page, with an SVG document inside."""
    name = f"numconv bench: {', '.join(report.suites)}"
    parts = [
        f"<h1>{escape(name)}</h1>",
        "<dl>",
        *(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in _heading(report)),
        "</dl>",
        f'<div class="scroll">{svg[svg.index("<svg") :]}</div>',
    ]
    for table in tables.contests(report):
        parts += [f"<h2>{escape(table.title)}</h2>", _table(table)]
        parts += [f"<p>{escape(line)}</p>" for line in table.below]
    for title, lines in (
        ("Losses, the worst first: ratio (quartiles) of minima", tables.losses(report)),
        ("Notes", tables.notes(report)),
    ):
        if lines:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            parts += [f"<h2>{escape(title)}</h2>", f"<ul>{items}</ul>"]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(name)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _heading(report: Report) -> list[tuple[str, str]]:
    rows = tables.heading(report)
    rows.append(("ratio", "time of the peer / time of " + report.subject + "; above 1 is faster"))
    if report.interrupted:
        rows.append(("interrupted", "only what was measured until then is here"))
    return rows


def _table(table: tables.Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.header)
    rows = "\n".join(
        f"<tr{' class=loss' if row.loss else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )
