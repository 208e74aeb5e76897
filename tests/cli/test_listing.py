"""The commands that list and explain, and the entry point itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from numconv.cli import main
from numconv.core import plugins
from numconv.core.hookspecs import hookimpl

Run = Callable[..., Any]


def test_help_lists_every_command(numconv: Run) -> None:
    ended = numconv("--help")
    assert ended.status == 0
    for name in main.COMMANDS:
        assert f"\n  {name} " in ended.out


def test_nothing_asked_is_answered_with_help(numconv: Run) -> None:
    assert numconv().out == numconv("--help").out


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_command_has_help(numconv: Run, name: str) -> None:
    ended = numconv(name, "--help")
    assert ended.status == 0
    assert len(ended.out.splitlines()) > 5


def test_unknown_command_exits_2(numconv: Run) -> None:
    assert "nope" in numconv("nope").complaint


def test_list_alone_imports_nothing_heavy() -> None:
    code = (
        "import sys; from numconv.cli.main import cli; cli.main(['--help'], standalone_mode=False);"
        "print(*(m for m in ('numba', 'PIL', 'rich', 'llvmlite') if m in sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.splitlines()[-1] == ""


def test_import_of_numconv_imports_no_command_line() -> None:
    code = "import sys, numconv; print(*(m for m in ('numba', 'PIL', 'click') if m in sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.strip() == ""


def test_ops_lists_the_catalogue(numconv: Run) -> None:
    listed = numconv("ops", "--json").json["operators"]
    assert [each["name"] for each in listed] == sorted(plugins.operators())
    assert all(each["summary"] for each in listed)
    plain = numconv("ops").out.splitlines()
    assert len(plain) == len(listed) + 1


def test_backends_are_listed_by_priority(numconv: Run) -> None:
    listed = numconv("backends", "--json").json["backends"]
    assert [each["name"] for each in listed] == list(plugins.backends())
    assert {each["status"] for each in listed} <= {"ready", "simulated", "unavailable"}
    for each in listed:
        if each["status"] == "unavailable":
            assert each["reason"]
            assert each["reason"] in numconv("backends").out


def test_broken_plugin_is_shown_with_its_error(
    numconv: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = plugins.Fault("shaky", "ImportError: no module named nowhere")
    monkeypatch.setattr(plugins, "faults", lambda: (fault,))
    assert numconv("backends", "--json").json["faults"] == [
        {"plugin": "shaky", "error": "ImportError: no module named nowhere"}
    ]
    assert "shaky: ImportError: no module named nowhere" in numconv("backends").out


def test_info_names_versions_processor_and_cache(numconv: Run) -> None:
    facts = numconv("info", "--json").json
    assert facts["versions"]["python"] == sys.version.split()[0]
    assert {"numba", "numpy", "llvmlite", "numconv-kernels"} <= set(facts["versions"])
    assert facts["simd"]["bits"] in (128, 256, 512)
    assert facts["threads"]["used"] >= 1
    assert facts["processor"]
    assert facts["cache"] in numconv("info").out


def test_info_tells_the_state_of_the_cache_and_makes_nothing(
    numconv: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "cache"))
    assert numconv("info", "--json").json["cache state"] == "made when something is kept"
    assert not (tmp_path / "cache").exists()
    (tmp_path / "cache").write_text("a file stands in the way")
    assert numconv("info", "--json").json["cache state"].startswith("cannot be made; ")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes say nothing here")
def test_info_tells_why_the_cache_is_not_used(
    numconv: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    state = numconv("info", "--json").json["cache state"]
    assert state.startswith(f"not used: {tmp_path / 'cache'} can be written by other users")
    assert state in numconv("info").out


@pytest.mark.parametrize("name", sorted(plugins.operators()))
def test_explain_names_a_winner_among_the_candidates(numconv: Run, name: str) -> None:
    facts = numconv("explain", name, "--shape", "1x6x12x12", "--json").json
    for stage in facts["stages"]:
        accepted = {
            (each["backend"], each["algorithm"])
            for each in stage["candidates"]
            if each["refusal"] is None
        }
        assert (stage["backend"], stage["algorithm"]) in accepted
        assert stage["reason"]
        assert stage["macs"] > 0
        assert (
            f"{stage['backend']}/{stage['algorithm']}"
            in numconv("explain", name, "--shape", "1x6x12x12").out
        )


def test_explain_takes_a_backend_by_name(numconv: Run) -> None:
    facts = numconv("explain", "direct", "--backend", "reference", "--json").json
    assert facts["stages"][0]["algorithm"] == "naive"


def test_filters_are_listed_and_printed(numconv: Run) -> None:
    listed = numconv("filters", "--json").json["filters"]
    assert "sobel-x" in {each["name"] for each in listed}
    printed = numconv("filters", "box", "--size", "2").out.splitlines()
    assert [line.split() for line in printed[1:]] == [["0.25", "0.25"]] * 2
    assert "expected one of" in numconv("filters", "nope").complaint
    assert "--size" in numconv("filters", "--size", "3").complaint


def test_windows_are_listed_and_printed(numconv: Run) -> None:
    listed = numconv("filters", "--json").json["windows"]
    assert "hann" in {each["name"] for each in listed}
    assert {"kernel", "window"} <= {line.split()[0] for line in numconv("filters").out.splitlines()}
    printed = numconv("filters", "boxcar", "--size", "4").out.splitlines()
    assert [line.split() for line in printed[1:]] == [["0.25"] * 4]
    both = numconv("filters", "gaussian", "--size", "3").out.splitlines()
    assert both[1] == "for pictures"
    assert both[5] == "for signals"
    assert len(both) == 7
    assert len(numconv("filters", "gaussian", "--json").json["window"]) > 3


class Greeter:
    """A plugin that brings a command."""

    @hookimpl
    def numconv_commands(self, cli: click.Group) -> None:
        @cli.command("greet", help="Say hello.")
        def greet() -> None:
            click.echo("hello")


class Clumsy:
    """A plugin whose hook fails."""

    @hookimpl
    def numconv_commands(self, cli: click.Group) -> None:
        raise LookupError("lost")


@pytest.fixture
def plugin(request: pytest.FixtureRequest) -> Iterator[None]:
    manager = plugins.registry().manager
    brought = request.param()
    manager.register(brought, name="guest")
    yield
    manager.unregister(brought)


@pytest.mark.parametrize("plugin", [Greeter], indirect=True)
@pytest.mark.usefixtures("plugin")
def test_plugin_brings_a_command(numconv: Run) -> None:
    assert numconv("greet").out == "hello\n"
    assert "Say hello." in numconv("--help").out


@pytest.mark.parametrize("plugin", [Clumsy], indirect=True)
@pytest.mark.usefixtures("plugin")
def test_failing_plugin_is_reported_and_the_rest_goes_on(numconv: Run) -> None:
    ended = numconv("--help")
    assert ended.status == 0
    assert "guest: its commands: LookupError: lost" in ended.err
    assert numconv("ops").status == 0


class Thief:
    """A plugin whose commands are called as others' are."""

    def __init__(self, *names: str) -> None:
        self.names = names

    @hookimpl
    def numconv_commands(self, cli: click.Group) -> None:
        for name in self.names:
            cli.add_command(click.Command(name, callback=lambda: click.echo("stolen")))


@pytest.fixture
def thieves() -> Iterator[None]:
    manager = plugins.registry().manager
    both = {"first": Thief("info", "twin", "alone"), "second": Thief("twin")}
    for name, each in both.items():
        manager.register(each, name=name)
    yield
    for each in both.values():
        manager.unregister(each)


CLASHES = {
    ("first", "command 'info' is numconv's own"),
    ("first", "command 'twin' is also brought by second"),
    ("second", "command 'twin' is also brought by first"),
}


@pytest.mark.usefixtures("thieves")
def test_names_of_commands_that_clash_are_faults_and_ours_wins(numconv: Run) -> None:
    faults = numconv("backends", "--json").json["faults"]
    assert {(each["plugin"], each["error"]) for each in faults} == CLASHES
    listed = numconv("backends").out
    assert all(f"set aside: plugin {plugin}: {error}" in listed for plugin, error in CLASHES)
    assert "stolen" not in numconv("info").out
    assert numconv("alone").out == "stolen\n"
    assert "No such command 'twin'" in numconv("twin").err
    shown = numconv("--help")
    assert "alone" in shown.out
    assert "twin" not in shown.out
    assert all(shown.err.count(error) == 1 for _, error in CLASHES)


def test_the_example_of_contributing_is_a_command(numconv: Run) -> None:
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("## How to bring a command") :]
    code = section.partition("```python\n")[2].partition("```")[0]
    module = ModuleType("terms_of_a_stranger")
    exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)
    manager = plugins.registry().manager
    manager.register(module, name="stranger")
    try:
        assert numconv("terms", "16", "--kernel", "5").out == "400\n"
        assert "numconv terms [OPTIONS] CHANNELS" in numconv("terms", "--help").out
        assert "--kernel" in numconv("terms", "3", "--kernel", "0").complaint
        assert "how many products" in numconv("--help").out
    finally:
        manager.unregister(module)
