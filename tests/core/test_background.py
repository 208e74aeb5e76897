"""Imports and compilation run where no interrupt arrives, and nobody waits for himself."""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from numconv.core import background
from numconv.core.background import undisturbed


def here() -> int:
    return threading.get_ident()


def test_work_is_done_in_another_thread() -> None:
    assert undisturbed(here) != here()
    assert undisturbed(divmod, 7, 2) == (3, 1)
    assert not background._running


def test_an_error_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        undisturbed(divmod, 1, 0)


def test_context_variables_are_seen() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    variable.set("the caller's")
    assert undisturbed(variable.get) == "the caller's"


def test_work_within_work_stays_there() -> None:
    def both() -> tuple[int, int]:
        return here(), undisturbed(here)

    outer, inner = undisturbed(both)
    assert outer == inner


def test_who_holds_a_lock_that_work_may_need_does_it_himself() -> None:
    lock = threading.RLock()
    background.hold_at_fork(lock)
    try:
        with lock:
            assert undisturbed(here) == here()
        assert undisturbed(here) != here()
    finally:
        background._locks.remove(lock)


def test_a_module_under_import_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it calls as it is imported may import the module itself."""
    (tmp_path / "imports_itself.py").write_text(
        "from numconv.core.background import undisturbed\n"
        "from importlib import import_module\n"
        "undisturbed(import_module, 'imports_itself')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    done: list[Any] = []

    def work() -> None:
        done.append(__import__("imports_itself"))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(30)
    assert done
    sys.modules.pop("imports_itself")


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_waits_for_work() -> None:
    begun, ended = threading.Event(), []

    def work() -> None:
        begun.set()
        time.sleep(0.3)
        ended.append(True)

    calling = threading.Thread(target=undisturbed, args=(work,))
    calling.start()
    begun.wait(10)
    child = os.fork()
    if child == 0:
        os._exit(0 if ended and not background._running else 1)
    calling.join(10)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_no_thread_is_left_on_the_list_of_pythons() -> None:
    before = threading.active_count()
    undisturbed(threading.current_thread)
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_an_interrupt_while_a_fork_waits_arrives_after_it() -> None:
    children: list[int] = []

    def fork() -> None:
        children.append(os.fork())
        if children[0] == 0:
            os._exit(0)
        time.sleep(10)

    background._interrupted.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fork()
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0
