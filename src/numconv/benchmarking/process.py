"""A worker process as seen from outside: started when needed, asked, and buried."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from typing import Any

from ..core.errors import BackendError
from ..core.machine import archive, interpreter

USER, KERNEL = "user", "kernel"

# Fresh memory costs a page fault every 4 KiB, which is more than many a convolution takes. With
# these, glibc keeps what was freed, and what is measured is the kernels alone.
_WITHOUT_FAULTS = {
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "200000000",
}
COLUMNS = {USER: {}, KERNEL: _WITHOUT_FAULTS}
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMCONV_NUM_THREADS")
_CLOSING_SECONDS = 2.0


class DiedError(Exception):
    """A worker ended without an answer; the message is the last that it said."""


class Worker:
    """A contestant's process in one column, started at the first question, and again if it died.

    Parameters
    ----------
    contestant : str
        As it is written on the command line.
    column : str
        One of `COLUMNS`, which decides the environment.
    threads : int
    """

    def __init__(self, contestant: str, column: str, threads: int) -> None:
        self.contestant, self.column, self.threads = contestant, column, threads
        self.versions: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        self._stderr: Any = None
        self._greeted = False

    def ask(self, do: str, **command: Any) -> dict[str, Any]:
        """Return the worker's answer.

        Raises
        ------
        DiedError
            If the process ended instead.
        BackendError
            If the contestant cannot be measured here at all.
        """
        self.open()
        self._say({"do": do, **command})
        return self._hear()

    def launch(self) -> None:
        """Start the process, without waiting for it."""
        if self._process is not None:
            return
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115
        environment = {
            **os.environ,
            **archive(),
            **COLUMNS[self.column],
            **dict.fromkeys(_THREADS, str(self.threads)),
        }
        # A session of its own: an interruption of this process is not one of its workers'.
        self._process = subprocess.Popen(
            [*interpreter(), "-P", "-m", "numconv.benchmarking.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
            env=environment,
            start_new_session=True,
        )
        self._greeted = False

    def open(self) -> None:
        """Start the process, and wait until it is ready.

        Raises
        ------
        BackendError
            If the contestant cannot be measured here at all.
        """
        self.launch()
        if self._greeted:
            return
        try:
            self._say({"do": "open", "contestant": self.contestant, "threads": self.threads})
            answer = self._hear()
        except DiedError as error:
            raise BackendError(f"{self.contestant}: its process died: {error}") from None
        if "refused" in answer:
            self.close()
            raise BackendError(answer["refused"])
        self.versions, self._greeted = answer["versions"], True

    def close(self) -> None:
        """End the process, if there is one."""
        process: Any = self._process
        self._process = None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, self._stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _say(self, command: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        # Who cannot be talked to has left his last words, which `_hear` collects.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise DiedError(self._bury())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _bury(self) -> str:
        """Clear a dead process away, and return its last words."""
        assert self._process is not None
        try:
            status = self._process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        self.close()
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return f"{lines[-1].strip()} ({how})" if lines else how
