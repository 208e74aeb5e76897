"""`numconv run` on folders: every file by itself, and what is broken named at the end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv.cli import memory, pool, results, sources
from numconv.cli.sources import Job

Run = Callable[..., Any]
SMALL = ("--weight", "box", "--backend", "reference")
SUFFIXES = ("jpg", "png", "tif", "webp", "bmp")


def _picture(path: Path | str, seed: int = 0, size: tuple[int, int] = (17, 13)) -> None:
    samples = np.random.default_rng(seed).integers(0, 255, (*size, 3), dtype=np.uint8)
    Image.fromarray(samples).save(path)


def _sound(path: Path | str) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(400))


@pytest.fixture
def photos(numconv: Run) -> Path:
    """Ten pictures of several formats, in the folder in which commands run."""
    folder = Path("photos")
    folder.mkdir()
    for number in range(10):
        _picture(folder / f"p{number}.{SUFFIXES[number % 5]}", number)
    return folder


def _names(folder: str) -> list[str]:
    return sorted(
        str(each.relative_to(folder)) for each in Path(folder).rglob("*") if each.is_file()
    )


def test_broken_files_are_named_and_spoil_no_other(numconv: Run) -> None:
    """50 files, two of them broken: 48 results, two errors, status 1."""
    Path("photos").mkdir()
    for number in range(48):
        _picture(f"photos/p{number:02d}.{SUFFIXES[number % 5]}", number)
    whole = Path("photos/p00.jpg").read_bytes()
    Path("photos/half.jpg").write_bytes(whole[: len(whole) // 2])
    Path("photos/text.png").write_text("this is no picture")
    ended = numconv("run", "--input", "photos", *SMALL, "--output", "results/")
    assert ended.status == 1
    assert "48 of 50 files" in ended.out
    expected = {f"p{number:02d}.{SUFFIXES[number % 5]}" for number in range(48)}
    assert set(_names("results")) == expected
    complaints = [line for line in ended.err.splitlines() if line.startswith("numconv: ")]
    assert len(complaints) == 2
    assert complaints[0].startswith("numconv: photos/half.jpg: expected a readable image")
    assert complaints[1].startswith("numconv: photos/text.png: expected a readable image")
    for name in expected:
        with Image.open(f"results/{name}") as after, Image.open(f"photos/{name}") as before:
            after.load()
            assert (after.size, after.format) == (before.size, before.format)


def test_results_are_those_of_each_file_alone(numconv: Run, photos: Path) -> None:
    numconv("run", "--input", photos, *SMALL, "--output", "many/", "--jobs", "3")
    for path in photos.iterdir():
        numconv("run", "--input", path, *SMALL, "--output", f"one{path.suffix}")
        assert Path(f"one{path.suffix}").read_bytes() == Path("many", path.name).read_bytes()


def test_empty_file_and_a_folder_of_its_name(numconv: Run, photos: Path) -> None:
    (photos / "empty.png").touch()
    (photos / "folder.png").mkdir()
    ended = numconv("run", "--input", photos, *SMALL, "--output", "results")
    assert ended.status == 1
    assert "photos/empty.png: " in ended.err
    assert "this one is empty" in ended.err
    assert len(_names("results")) == 10


def test_facts_of_each_file_are_printed(numconv: Run, photos: Path) -> None:
    (photos / "bad.jpg").write_text("no")
    ended = numconv("run", "--input", photos, *SMALL, "--output", "results", "--json")
    facts = ended.json
    assert (facts["done"], facts["failed"], facts["left"]) == (10, 1, 0)
    assert {each["output"] for each in facts["files"]} == {
        None,
        *(f"results/{path.name}" for path in photos.iterdir() if path.stem != "bad"),
    }
    bad = [each for each in facts["files"] if each["error"]]
    assert [each["input"] for each in bad] == ["photos/bad.jpg"]
    assert "photos/bad.jpg" in ended.err


def test_sounds_and_pictures_may_lie_together(numconv: Run, photos: Path) -> None:
    _sound(photos / "s.wav")
    (photos / "notes.txt").write_text("left alone")
    arguments = ("--weight", "gaussian", "--backend", "reference", "--output", "results")
    assert numconv("run", "--input", photos, *arguments).status == 0
    assert "s.wav" in _names("results")
    assert len(_names("results")) == 11


@pytest.mark.parametrize("existing", ["refuse", "replace", "skip"])
def test_existing_results(numconv: Run, photos: Path, existing: str) -> None:
    Path("results").mkdir()
    Path("results/p3.webp").write_text("mine")
    arguments = ("run", "--input", photos, *SMALL, "--output", "results", "--existing", existing)
    ended = numconv(*arguments)
    if existing == "refuse":
        assert "without p3.webp; or --existing overwrite" in ended.complaint
        assert _names("results") == ["p3.webp"]
    else:
        assert ended.status == 0
        assert len(_names("results")) == 10
        assert (Path("results/p3.webp").read_bytes() == b"mine") == (existing == "skip")
        assert ("1, of which there are results" in ended.out) == (existing == "skip")


def test_results_within_the_input_are_not_filtered_again(numconv: Run, photos: Path) -> None:
    (photos / "inner").mkdir()
    _picture(photos / "inner" / "p0.jpg")
    arguments = ("run", "--input", photos, *SMALL, "--output", photos / "results")
    assert numconv(*arguments).status == 0
    assert len(_names("photos/results")) == 10
    assert numconv(*arguments, "--recursive", "--existing", "replace").status == 0
    assert "inner/p0.jpg" in _names("photos/results")
    assert len(_names("photos/results")) == 11


def test_pattern_and_several_inputs(numconv: Run, photos: Path) -> None:
    numconv("run", "--input", "photos/*.jpg", *SMALL, "--output", "a")
    assert _names("a") == ["p0.jpg", "p5.jpg"]
    numconv(
        *("run", "--input", "photos/p1.png", "--input", "photos/p2.tif", *SMALL, "--output", "b")
    )
    assert _names("b") == ["p1.png", "p2.tif"]
    numconv("run", "--input", "photos/p1.png", *SMALL, "--output", "c/")
    assert _names("c") == ["p1.png"]


def test_format_that_cannot_be_written_becomes_png() -> None:
    job = sources.jobs(["a/p.psd", "a/p.png"], "out", recursive=False)
    assert [each.target for each in job] == [Path("out/p.psd.png"), Path("out/p.png")]


def test_sheets_are_pictures(numconv: Run, photos: Path) -> None:
    _sound(photos / "s.wav")
    arguments = ("--weight", "gaussian", "--backend", "reference", "--sheet", "--output", "sheets")
    assert numconv("run", "--input", photos, *arguments).status == 0
    assert "s.wav.png" in _names("sheets")
    with Image.open("sheets/p0.jpg") as drawn:
        assert drawn.width > 34


BAD = {
    "no_output": (("--input", "photos"), "--output must name a folder"),
    "no_weight": (("--input", "photos", "--output", "r"), "need a --weight"),
    "own_folder": (("--input", "photos", *SMALL, "--output", "photos"), "replaces an input"),
    "a_file": (("--input", "photos", *SMALL, "--output", "r.png"), "a folder, for the results"),
    "nothing": (("--input", "none*.jpg", *SMALL, "--output", "r"), "pictures and sounds"),
    "same_names": (
        ("--input", "photos", "--input", "other/p0.jpg", *SMALL, "--output", "r"),
        "files of different names",
    ),
    "unknown_kernel": (("--input", "photos", "--weight", "bx", "--output", "r"), "one of box"),
    "for_one_file": (("--input", "photos", *SMALL, "--output", "r", "--check"), "a single file"),
    "shape": (("--input", "photos", "--shape", "1x1x9x9"), "exclude each other"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.usefixtures("photos")
def test_bad_call_gives_one_line_and_writes_nothing(numconv: Run, case: str) -> None:
    Path("other").mkdir()
    _picture("other/p0.jpg")
    arguments, expected = BAD[case]
    assert expected in numconv("run", *arguments).complaint
    assert not Path("r").exists()


def test_failure_of_any_kind_is_one_of_that_file_alone(
    numconv: Run, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = results.write

    def failing(name: str, chosen: Any, *rest: Any) -> Any:
        if chosen.source.endswith("p4.bmp"):
            raise RuntimeError("lost")
        return write(name, chosen, *rest)

    monkeypatch.setattr(results, "write", failing)
    ended = numconv("run", "--input", photos, *SMALL, "--output", "results")
    assert ended.status == 1
    assert "photos/p4.bmp: RuntimeError: lost" in ended.err
    assert len(_names("results")) == 9


def test_work_stops_between_its_steps() -> None:
    jobs = [Job(Path(str(number)), Path(str(number))) for number in range(5)]
    begun = []

    def do(job: Job, stop: pool.Stop) -> tuple[str, ...]:
        begun.append(job)
        if len(begun) == 2:
            stop.set()
        stop.check()
        return ("a note",)

    ended, interrupted = pool.work(do, jobs, 1)
    assert [each.job for each in ended] == jobs[:1]
    assert ended[0].notes == ("a note",)
    assert not interrupted


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interruption_leaves_whole_results_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(200):
        _picture(tmp_path / f"photos/p{number:03d}.png", number, (200, 300))
    command = [sys.executable, "-c", "from numconv.cli.main import main; main()", "run"]
    arguments = ("--input", "photos", *SMALL, "--output", "results", "--jobs", "2")
    running = subprocess.Popen(
        [*command, *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("results/p*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    there = list((tmp_path / "results").iterdir())
    assert 0 < len(there) < 200
    assert f"interrupted, with {len(there)} results written" in err
    assert f"{200 - len(there)} left" in out
    for path in there:
        with Image.open(path) as opened:
            opened.load()


def test_memory_is_lent_as_far_as_it_goes() -> None:
    budget, together, most = memory.Budget(100), [], []
    lock = threading.Lock()

    def take(nbytes: int) -> None:
        with budget.lent(nbytes):
            with lock:
                together.append(nbytes)
                most.append(sum(together))
            time.sleep(0.005)
            with lock:
                together.remove(nbytes)

    threads = [threading.Thread(target=take, args=(nbytes,)) for nbytes in (40, 60, 70, 30, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 5
    assert all(total <= 100 or total == 500 for total in most)


def test_machine_has_memory() -> None:
    assert memory.physical() > 2**28


def test_notes_of_a_kind_are_printed_once(numconv: Run, photos: Path) -> None:
    arguments = ("--weight", "sobel-x", "--backend", "reference", "--output", "results")
    notes = numconv("run", "--input", photos, *arguments).err.splitlines()
    assert len(notes) == 1
    assert notes[0].startswith("note: mid-grey is 0, white ")
    assert notes[0].endswith(", or the like (10 of 10 files)")
