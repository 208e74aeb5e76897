"""Whatever a file or an option holds that cannot be used: one line that says so, and status 2."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]
SMALL = ("--repeat", "1", "--backend", "reference")
ARRAYS: dict[str, tuple[Any, str]] = {
    "bool": (np.ones((3, 9, 9), bool), "holds bool"),
    "longdouble": (np.ones((3, 9, 9), np.longdouble), "holds"),
    "records": (np.zeros((3, 9), [("a", "f4")]), "holds void"),
    "dates": (np.zeros((3, 9, 9), "M8[s]"), "holds datetime64"),
    "text": (np.full((3, 9, 9), "a"), "holds str"),
    "objects": (np.full((3, 9, 9), None), "objects"),
    "number": (np.array(3.0), "an array with axes"),
}


@pytest.mark.parametrize("option", ["--input", "--weight"])
@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize("held", ARRAYS)
def test_what_is_no_array_of_numbers(numconv: Run, held: str, ending: str, option: str) -> None:
    array, reason = ARRAYS[held]
    save: Any = np.save if ending == "npy" else np.savez
    save(f"file.{ending}", array)
    np.save("x.npy", np.ones((3, 20, 20), np.float32))
    files = {"--input": "x.npy", "--weight": "gaussian", option: f"file.{ending}"}
    arguments = (each for pair in files.items() for each in pair)
    complaint = numconv("run", *arguments, "--output", "o.npy", *SMALL).complaint
    assert f"{option[2:]}='file.{ending}'" in complaint
    assert reason in complaint


def damaged(name: str) -> None:
    np.save("whole.npy", np.ones((3, 9, 9)))
    np.savez_compressed("whole.npz", np.ones((3, 9, 9)))
    whole = Path(f"whole{Path(name).suffix}").read_bytes()
    content = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "junk": b"junk" * 30,
        "header": whole[:8] + b"\xff" * 40 + whole[48:],
        "flipped": whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 255]) * 9,
    }[Path(name).stem]
    Path(name).write_bytes(content)


@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize("how", ["cut", "empty", "junk", "header", "flipped"])
def test_what_is_damaged(numconv: Run, how: str, ending: str) -> None:
    damaged(f"{how}.{ending}")
    complaint = numconv("run", "--input", f"{how}.{ending}", "--weight", "box", *SMALL).complaint
    assert f"input='{how}.{ending}': expected a .npy or .npz file of numbers" in complaint


def test_what_unzips_by_no_known_way(numconv: Run) -> None:
    np.savez("known.npz", np.ones((3, 9, 9)))
    content = bytearray(Path("known.npz").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(mark) + offset
        content[at : at + 2] = (99).to_bytes(2, "little")
    Path("unknown.npz").write_bytes(content)
    assert "of numbers" in numconv("run", "--input", "unknown.npz", *SMALL).complaint


def test_a_zip_of_something_else(numconv: Run) -> None:
    with zipfile.ZipFile("text.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    assert "of numbers" in numconv("run", "--input", "text.npz", *SMALL).complaint


def test_imaginary_parts_are_not_dropped(numconv: Run) -> None:
    np.save("x.npy", np.ones((3, 20, 20), np.float32))
    np.save("kernel.npy", np.ones((3, 3)) + 2j)
    arguments = ("run", "--input", "x.npy", "--weight", "kernel.npy", "--output", "o.npy", *SMALL)
    assert "--dtype complex64" in numconv(*arguments).complaint
    assert numconv(*arguments, "--dtype", "complex64").status == 0
    assert np.load("o.npy").imag.any()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--op", "separable", "--input", "x.npy"), "expected --op depthwise, for an input of 1"),
        (("--op", "flattened", "--input", "x.npy"), "expected --op pointwise, then --op depthwise"),
        (("--set", "weight=1"), "weight is an operand"),
        (("--set", "nonsense=1"), "no parameter nonsense"),
        (("--kernel", "999999999x999999999"), "shape"),
        (("--shape", "999999999x999999999x9x9"), "GiB of this machine"),
        (("--shape", "1x3x9x9", "--stride", "9" * 5000), "a number of 5000 digits"),
        (("--shape", "1x3x9x9", "--padding", "1:" + "9" * 5000), "a number of 5000 digits"),
        (("--input", "a" * 300 + ".png"), "too long"),
    ],
    ids=lambda each: None if isinstance(each, str) else each[0],
)
def test_what_cannot_be_asked(numconv: Run, arguments: tuple[str, ...], reason: str) -> None:
    np.save("x.npy", np.ones((2, 50), np.float32))
    assert reason in numconv("run", *arguments, *SMALL).complaint


@pytest.mark.parametrize("mode", ["symmetric", "reflect"])
def test_a_picture_smaller_than_its_kernel_speaks_of_the_size(numconv: Run, mode: str) -> None:
    Image.new("L", (5, 5), 9).save("small.png")
    arguments = ("run", "small.png", "--weight", "gaussian", "--size", "31", "-o", "o.png", *SMALL)
    complaint = numconv(*arguments, "--padding-mode", mode).complaint
    assert "size='31x31'" in complaint
    assert "a smaller --size" in complaint
    assert numconv(*arguments, "--padding-mode", "replicate").status == 0


def test_the_input_is_replaced_only_if_asked(numconv: Run) -> None:
    Image.new("RGB", (30, 20), "orange").save("cat.png")
    before = Path("cat.png").read_bytes()
    Path("link.png").symlink_to("cat.png")
    arguments = ("run", "--input", "cat.png", "--weight", "sobel-x", *SMALL)
    for output in ("cat.png", "./cat.png", "link.png"):
        assert "--existing overwrite" in numconv(*arguments, "--output", output).complaint
    assert Path("cat.png").read_bytes() == before
    assert numconv(*arguments, "--output", "cat.png", "--existing", "overwrite").status == 0
    assert Path("cat.png").read_bytes() != before


def test_a_replaced_file_keeps_its_mode(numconv: Run) -> None:
    Path("o.npy").touch()
    os.chmod("o.npy", 0o600)
    assert numconv("run", "--shape", "1x1x9x9", "--output", "o.npy", *SMALL).status == 0
    assert stat.S_IMODE(os.stat("o.npy").st_mode) == 0o600


@pytest.fixture
def photos(numconv: Run) -> Path:
    folder = Path("photos")
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("L", (30, 20), 99).save(folder / name)
    return folder


def filtered(numconv: Run, *more: str) -> Any:
    named = ("--input", "photos", "--output", "results", "--weight", "box")
    return numconv("run", *named, "--backend", "reference", *more)


def test_a_link_to_nowhere_is_not_written_through(numconv: Run, photos: Path) -> None:
    Path("results").mkdir()
    Path("results/a.png").symlink_to("../elsewhere.png")
    assert "a.png" in filtered(numconv).complaint
    assert not Path("elsewhere.png").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_a_folder_is_not_waited_for(numconv: Run, photos: Path) -> None:
    os.mkfifo(photos / "c.png")
    ended = filtered(numconv)
    assert ended.status == 1
    assert "c.png" in ended.err
    assert "not a pipe" in ended.err
    assert sorted(path.name for path in Path("results").iterdir()) == ["a.png", "b.png"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_folder_that_cannot_be_read_is_named(numconv: Run, photos: Path) -> None:
    (photos / "secret").mkdir(mode=0)
    assert "secret" in filtered(numconv, "--recursive").complaint


COMMAND = (sys.executable, "-m", "numconv")


def test_a_disk_that_is_full_is_named() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*COMMAND, "ops"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith("numconv: cannot read or write")
    assert ended.stderr.count("\n") == 1


def test_a_reader_who_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m numconv filters --json | head -c 1"
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_closed_outputs_do_not_fail_a_good_run(closed: str, tmp_path: Path) -> None:
    output = tmp_path / "o.npy"
    command = (
        f"{sys.executable} -m numconv run --shape 1x1x9x9 --padding 1 --backend reference --output"
    )
    ended = subprocess.run(["bash", "-c", f"{command} {output} {closed}"], check=False)
    assert ended.returncode == 0
    assert np.load(output).shape == (1, 1, 9, 9)


def test_a_terminated_run_leaves_nothing_behind(tmp_path: Path) -> None:
    script = (
        "import time, sys, numpy\n"
        "from numconv.cli import images, main\n"
        "def slow(stream, array):\n"
        "    stream.write(b'half'); stream.flush(); print('writing', flush=True); time.sleep(60)\n"
        "numpy.save = slow\n"
        "main.main(['run', '--shape', '1x1x9x9', '--backend', 'reference', '--output', 'o.npy'])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("writing"):
                break
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert list(tmp_path.iterdir()) == []
