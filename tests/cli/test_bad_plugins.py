"""Plugins that break the protocol, each in its own way: named, and no harm to anybody else."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv as library
from numconv.core import plugins

from .strangers import BACKEND, installed, written

X, W = np.ones((1, 1, 5, 5), np.float32), np.ones((1, 1, 3, 3), np.float32)
RIGHT = np.full((1, 1, 3, 3), 9.0)


def _with(old: str, new: str) -> str:
    assert old in BACKEND
    return BACKEND.replace(old, new)


def _refusal(line: str) -> str:
    return _with("        return None\n", f"        {line}\n")


def _cost(line: str) -> str:
    return _with("        return 1e-9\n", f"        {line}\n")


def _plan(line: str) -> str:
    return _with("        return Plan()\n", f"        {line}\n")


def _status(line: str) -> str:
    return _with('        return Status("ready")\n', f"        {line}\n")


def _algorithms(line: str) -> str:
    return _with("        return (Answer(),)\n", f"        {line}\n")


SET_ASIDE = {
    "import_raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "import_quits": ("raise SystemExit(3)", "SystemExit: 3"),
    "hook_misspelt": (
        _with("def numconv_backends", "def numconv_backend"),
        "hook 'numconv_backend' is none of numconv's; did you mean 'numconv_backends'?",
    ),
    "hook_unmarked": (_with("@hookimpl", ""), "numconv_backends is not marked with @numconv"),
    "no_hook": ("x = 1", "it has none of the hooks numconv_backends, numconv_commands"),
    "hook_with_arguments": (_with("numconv_backends()", "numconv_backends(gpu)"), "gpu"),
    "hook_raises": (_with("return [Backend()]", "1 / 0"), "ZeroDivisionError"),
    "hook_gives_none": (_with("return [Backend()]", "pass"), "gave None: expected a list"),
    "hook_gives_a_number": (_with("return [Backend()]", "return 3"), "gave 3: expected a list"),
    "hook_gives_up": (
        _with("return [Backend()]", "yield from ()\n    raise OSError('gone')"),
        "OSError: gone",
    ),
    "priority_is_text": (_with("= 1000", "= 'high'"), "its priority is 'high': expected an int"),
    "priority_is_true": (_with("= 1000", "= True"), "its priority is True: expected an int"),
    "name_is_none": (_with('name = "bad"', "name = None"), "its name is None: expected a name"),
    "name_is_a_list": (_with('name = "bad"', "name = ['bad']"), "its name is ['bad']"),
    "name_is_auto": (_with('name = "bad"', 'name = "auto"'), "and not 'auto'"),
    "name_has_spaces": (_with('name = "bad"', 'name = "my gpu"'), "its name is 'my gpu'"),
    "name_raises": (
        _with('name = "bad"', "name = property(lambda self: 1 / 0)"),
        "its name raises ZeroDivisionError",
    ),
    "device_is_none": (_with('device = "cpu"', "device = None"), "its device is None"),
    "no_algorithms": (_with("def algorithms", "def algorithm"), "it lacks algorithms"),
    "status_is_text": (
        _with("    def status(self):\n        return Status", "    status = str"),
        "its status is 'ready': expected callable",
    ),
    "protocol_is_newer": (
        _with("    device", "    protocol = 2\n    device"),
        "written for protocol 2: this numconv has 1",
    ),
    "protocol_is_text": (
        _with("    device", "    protocol = 'new'\n    device"),
        "its protocol is 'new': expected an integer from 1 to 1",
    ),
}
"""Never a backend: the source, and what is said of it."""

UNAVAILABLE = {
    "status_raises": (_status("raise OSError('gone')"), "OSError: gone"),
    "status_gives_text": (_status("return 'ready'"), "status() gave 'ready': expected a numconv."),
    "status_gives_none": (_status("return None"), "status() gave None"),
    "status_is_unknown": (_status("return Status('fine')"), "expected a numconv.plugin.Status"),
}

BREAKING = {
    "algorithms_raise": (_algorithms("1 / 0"), "algorithms(problem) raised ZeroDivisionError"),
    "algorithms_quit": (_algorithms("raise SystemExit"), "algorithms(problem) raised SystemExit"),
    "algorithms_give_none": (_algorithms("return None"), "gave None: expected a sequence"),
    "algorithms_give_text": (_algorithms("return 'answer'"), "gave 'answer': expected a sequence"),
    "algorithm_lacks_cost": (_with("def cost", "def price"), "algorithm 'answer': it lacks cost"),
    "algorithm_has_no_name": (_with('name = "answer"', "name = 7"), "its name is 7"),
    "refusal_raises": (_refusal("1 / 0"), "refusal(problem) of algorithm 'answer' raised Zero"),
    "refusal_gives_true": (_refusal("return True"), "refusal(problem) gave True: expected a rea"),
    "refusal_gives_nothing": (_refusal("return ''"), "refusal(problem) gave '': expected a rea"),
    "cost_raises": (_cost("1 / 0"), "cost(problem) of algorithm 'answer' raised ZeroDivision"),
    "cost_is_nan": (_cost("return float('nan')"), "cost(problem) gave nan: expected seconds"),
    "cost_is_none": (_cost("return None"), "cost(problem) gave None: expected seconds"),
    "cost_is_text": (_cost("return 'fast'"), "cost(problem) gave 'fast': expected seconds"),
    "cost_is_negative": (_cost("return -1.0"), "cost(problem) gave -1.0: expected seconds"),
    "plan_raises": (_plan("1 / 0"), "plan(problem) of algorithm 'answer' raised ZeroDivision"),
    "plan_is_none": (_plan("return None"), "it is None, which cannot be called"),
    "plan_says_nothing": (_with("def describe", "def explain"), "plan(problem): it lacks describe"),
    "workspace_is_text": (_with("_bytes = 0", "_bytes = '0'"), "its workspace_bytes is '0'"),
}
"""Found out when it is asked: the source, and what is said where it was asked by name."""


@pytest.fixture
def warned() -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def _said(caught: Any) -> list[str]:
    return [str(each.message) for each in caught if each.category is library.PluginWarning]


def _backends(numconv: Callable[..., Any]) -> Any:
    ended = numconv("backends", "--json")
    assert ended.status == 0
    return json.loads(ended.out)


@pytest.mark.parametrize("kind", SET_ASIDE)
def test_what_is_no_backend_is_set_aside(
    monkeypatch: pytest.MonkeyPatch, numconv: Any, warned: Any, kind: str
) -> None:
    source, words = SET_ASIDE[kind]
    with installed(monkeypatch, stranger=source):
        (fault,) = plugins.faults()
        assert fault.plugin == "stranger (plugin_stranger)"
        assert words in fault.error
        np.testing.assert_array_equal(library.conv2d(X, W), RIGHT)
        np.testing.assert_array_equal(library.conv2d(X, W, backend="cpu"), RIGHT)
        with pytest.raises(library.ArgumentError, match=r"backend=.bad.*set aside: stranger"):
            library.conv2d(X, W, backend="bad")
        assert "cpu/" in str(library.explain("conv2d", X, W))
        assert _backends(numconv)["faults"] == [{"plugin": fault.plugin, "error": fault.error}]
        assert numconv("verify", "--backend", "bad").complaint.count("\n") == 1
    assert not _said(warned)


@pytest.mark.parametrize("kind", UNAVAILABLE)
def test_a_status_that_is_none_is_that_of_a_backend_out_of_order(
    monkeypatch: pytest.MonkeyPatch, numconv: Any, warned: Any, kind: str
) -> None:
    source, words = UNAVAILABLE[kind]
    with installed(monkeypatch, stranger=source):
        assert not plugins.faults()
        np.testing.assert_array_equal(library.conv2d(X, W), RIGHT)
        with pytest.raises(library.BackendError) as raised:
            library.conv2d(X, W, backend="bad")
        assert words in str(raised.value)
        assert words in str(library.explain("conv2d", X, W))
        (row,) = (e for e in _backends(numconv)["backends"] if e["name"] == "bad")
        assert row["status"] == "unavailable"
        assert words in row["reason"]
        assert words in numconv("verify", "--backend", "bad").complaint
    assert not _said(warned)


@pytest.mark.parametrize("kind", BREAKING)
def test_a_backend_that_breaks_the_protocol_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, numconv: Any, warned: Any, kind: str
) -> None:
    source, words = BREAKING[kind]
    written(monkeypatch, tmp_path / "site", stranger=source)  # for the processes that check
    with installed(monkeypatch, stranger=source):
        assert not plugins.faults()
        for _ in range(3):
            np.testing.assert_array_equal(library.conv2d(X, W), RIGHT)
        np.testing.assert_array_equal(library.conv2d(X + 0, W, padding=1)[..., 1:-1, 1:-1], RIGHT)
        (said,) = _said(warned)
        assert words in said
        assert "backend 'bad' breaks the protocol" in said
        with pytest.raises(library.BackendError) as raised:
            library.conv2d(X, W, backend="bad")
        assert words in str(raised.value)
        assert "\n" not in str(raised.value)
        explained = str(library.explain("conv2d", X, W))
        assert "cpu/" in explained
        if not kind.startswith(("plan", "workspace")):
            assert words in explained
            faults = _backends(numconv)["faults"]
            assert any(each["plugin"] == "bad" and words in each["error"] for each in faults)
        ended = numconv("verify", "--backend", "bad", "--level", "quick")
        assert ended.status in (1, 2)
        assert words in ended.out + ended.err


def test_a_plan_that_does_not_describe_itself_computes(
    monkeypatch: pytest.MonkeyPatch, warned: Any
) -> None:
    with installed(monkeypatch, stranger=_with('return "the answer"', "1 / 0")):
        assert (library.conv2d(X, W, backend="bad") == 42).all()
        assert "describe() raised ZeroDivisionError" in str(
            library.explain("conv2d", X, W, backend="bad")
        )


def test_what_a_plugin_prints_is_no_part_of_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, numconv: Any
) -> None:
    with installed(monkeypatch, stranger="print('hello')\n" + BACKEND):
        ended = numconv("backends", "--json")
        assert "bad" in [each["name"] for each in json.loads(ended.out)["backends"]]
        assert ended.err == "hello\n"


def test_plugins_can_be_left_out(monkeypatch: pytest.MonkeyPatch, numconv: Any) -> None:
    monkeypatch.setenv(plugins.BLOCK, "stranger, torhc")
    with installed(monkeypatch, stranger="1 / 0"):
        assert plugins.registry().blocked == ["stranger (plugin_stranger)"]
        (fault,) = plugins.faults()
        assert fault.error == "no plugin is called 'torhc'; did you mean 'torch'?"
    monkeypatch.delenv(plugins.BLOCK)
    with installed(monkeypatch, stranger=BACKEND):
        listed = json.loads(numconv("-p", "no:stranger", "backends", "--json").out)
        assert "bad" not in [each["name"] for each in listed["backends"]]
        assert "no:NAME" in numconv("-p", "stranger", "backends").complaint


WRAPPER = """
from numconv.plugin import hookimpl
seen = []
@hookimpl(wrapper=True)
def numconv_backends():
    made = yield
    return [[each for each in some if each.name != "bad"] for some in made]
"""


def test_wrappers_of_hooks_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, stranger=BACKEND, wrapper=WRAPPER):
        assert not plugins.faults()
        assert "bad" not in plugins.backends()
        assert "cpu" in plugins.backends()


def test_a_wrapper_that_raises_takes_nobody_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    raising = WRAPPER.replace("return [[", "1 / 0; return [[")
    with installed(monkeypatch, stranger=BACKEND, wrapper=raising):
        assert {"bad", "cpu"} <= set(plugins.backends())
        assert {each.plugin for each in plugins.faults()} == {"wrapper (plugin_wrapper)"}


def test_what_came_after_a_backends_protocol_is_refused_for_it(
    monkeypatch: pytest.MonkeyPatch, warned: Any
) -> None:
    from numconv.core import protocol

    monkeypatch.setitem(protocol.SINCE, "padding_mode=reflect", 2)
    with installed(monkeypatch, stranger=BACKEND):
        assert (library.conv2d(X, W, backend="bad") == 42).all()
        with pytest.raises(library.RefusedError, match="protocol 1, which does not know padding"):
            library.conv2d(X, W, padding=1, padding_mode="reflect", backend="bad")
        middle = library.conv2d(X, W, padding=1, padding_mode="reflect")
        np.testing.assert_array_equal(middle, np.full((1, 1, 5, 5), 9.0))
    assert not _said(warned)
