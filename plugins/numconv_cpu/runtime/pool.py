"""A pool of threads that help a caller, and that nobody ever waits for in vain.

The caller of a parallel kernel opens a *job* in one of the pool's slots, works on it as worker 0,
and closes it when no task is left. Threads that come meanwhile join as further workers; a thread
that the system gives no time never joined, and then the caller does its part as well. Only workers
that did join are waited for. So a call costs no more on a busy machine than the machine is busy,
several callers share the threads, and after a fork the child begins with a pool of its own.

The threads are the system's (POSIX), not Python's: they never hold the interpreter's lock, take
no signals, and belong to no library that others configure. All that they share lies in one array
of integers. Whatever changes it is compiled: no exception or signal handler of Python's comes
between two steps.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import sys
import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from .address import address, word
from .atomic import add, compare_exchange, load, pause, store
from .compile import Prepared, kernel, routine, stay_whole

POSIX = os.name == "posix"
"""Elsewhere there are no threads: callers do everything by themselves."""

STEERS = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "pthread_setaffinity_np")
"""Whether threads can be told on which processors to run."""

POINTERS = 10
"""How many addresses a worker is called with, besides its stage and its number."""

SLOTS = 32
"""Jobs at once; further callers work alone."""

MOST_THREADS = 1024

MOST_STEERED = 8
"""So many threads at most are kept off the caller's processor as they wake, for some 2 µs each."""

# Idle threads watch out for the next job for so long before they sleep, and callers for workers to
# finish. Waking a thread takes some 50 µs, and networks call every 10 to 50.
IDLE_NANOSECONDS = 100_000
WAIT_NANOSECONDS = 50_000

# The array, in words of 64 bits; what different threads write stands in cache lines of its own.
_EPOCH = 0  # counts jobs and stages: who saw a number waits for the next one
_SLEEPERS = 8
_STOP = 16
_TOP = 24  # no slot from here on was ever used
_THREADS = 32  # how many were started
_GROWING = 40  # 1 while somebody starts threads
_MUTEX, _WAKE, _DONE = 48, 64, 80  # a mutex and two condition variables, 128 bytes each
_SIGNALS = 96  # two sets of signals, likewise
_FIRST_SLOT = 128
# Of a slot
_STATE, _CLAIMED, _FUNCTION, _STAGE, _LIMIT, _POINTERS = 0, 8, 16, 17, 18, 24
_SLOT_WORDS = 40
_FIRST_RECORD = _FIRST_SLOT + SLOTS * _SLOT_WORDS
# Of a thread's record: among others the processors it may run on, and behind these the last job
# of each slot that it has worked on
_POOL, _NUMBER, _HANDLE, _SLEEPS, _STEERED = 0, 1, 2, 3, 4
_PROCESSORS, _PROCESSOR_WORDS = 8, 16
_SEEN = _PROCESSORS + _PROCESSOR_WORDS
_RECORD_WORDS = _SEEN + SLOTS
_WORDS = _FIRST_RECORD + MOST_THREADS * _RECORD_WORDS

# The state of a slot: how many workers there are besides the caller, whether more may come, whether
# the caller sleeps, and which job it is.
_WORKING, _OPEN, _ASLEEP, _JOB = 0xFFFF, 1 << 16, 1 << 17, 1 << 18

_WORD = ir.IntType(64)
_INT = ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()
_CLOCK = getattr(time, "CLOCK_MONOTONIC", 0)
_SET_MASK = int(getattr(signal, "SIG_SETMASK", 0))
# These come of what a thread itself does wrong, and must reach it.
_FAULTS = tuple(int(getattr(signal, name, 0)) for name in ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"))


def _external(name: str, arguments: int) -> Any:
    """Return a function of the C library that takes words and returns an int."""
    return types.ExternalFunction(name, types.int32(*(types.int64,) * arguments))


_create_thread = _external("pthread_create", 4)
_join_thread = _external("pthread_join", 2)
_fill_signals = _external("sigfillset", 1)
_except_signal = _external("sigdelset", 2)
_mask_signals = _external("pthread_sigmask", 3)
_init_mutex = _external("pthread_mutex_init", 2)
_init_condition = _external("pthread_cond_init", 2)
_lock = _external("pthread_mutex_lock", 1)
_unlock = _external("pthread_mutex_unlock", 1)
_wait = _external("pthread_cond_wait", 2)
_broadcast = _external("pthread_cond_broadcast", 1)
_processor = _external("sched_getcpu", 0)
_get_processors = _external("sched_getaffinity", 3)
_set_processors = _external("sched_setaffinity", 3)
_set_processors_of = _external("pthread_setaffinity_np", 3)


@intrinsic
def _place(typingctx, start, offset):  # type: ignore[no-untyped-def]
    """Return the pointer to the word `offset` words after address `start`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(builder.inttoptr(args[0], _WORD.as_pointer()), [args[1]])

    return types.CPointer(types.int64)(types.int64, types.int64), generate


@intrinsic
def _nanoseconds(typingctx):  # type: ignore[no-untyped-def]
    """Return the time of a clock that never goes back."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not POSIX:
            return _WORD(0)
        room = cgutils.alloca_once(builder, _WORD, size=2)
        kind = ir.FunctionType(_INT, [_INT, _WORD.as_pointer()])
        clock = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(clock, [_INT(_CLOCK), room])
        seconds, rest = (builder.load(builder.gep(room, [_WORD(i)])) for i in range(2))
        return builder.add(builder.mul(seconds, _WORD(10**9)), rest)

    return types.int64(), generate


@intrinsic
def _call(typingctx, function, stage, worker, pointers):  # type: ignore[no-untyped-def]
    """Call the worker at address `function` with the addresses that stand in `pointers`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_WORD, _WORD, *[_BYTES] * POINTERS])
        target = builder.inttoptr(args[0], kind.as_pointer())
        addresses = [
            builder.inttoptr(builder.load(builder.gep(args[3], [_WORD(i)])), _BYTES)
            for i in range(POINTERS)
        ]
        builder.call(target, [args[1], args[2], *addresses])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, pointers), generate


@kernel
def run_job(pool, function, stages, limit, pointers):  # type: ignore[no-untyped-def]
    """Call a worker for every stage, with whichever threads of the pool come to help.

    Parameters
    ----------
    pool : int
        Address of the pool.
    function : int
        Address of the worker. Whatever numbers of workers are there must do all tasks together;
        number 0 always is, and all are done before the next stage begins.
    stages : int
    limit : int
        One more than the highest number of a worker.
    pointers : pointer to int64
        The `POINTERS` addresses that it is called with.
    """
    stay_whole()
    slot = _claim_slot(pool) if POSIX and limit > 1 else np.int64(0)
    if slot == 0:
        for stage in range(stages):
            _call(function, stage, 0, pointers)
        return
    state = _place(slot, _STATE)
    job = load(state) // _JOB
    _place(slot, _FUNCTION)[0] = function
    _place(slot, _LIMIT)[0] = limit
    for i in range(POINTERS):
        _place(slot, _POINTERS)[i] = pointers[i]
    for stage in range(stages):
        job += 1
        _place(slot, _STAGE)[0] = stage
        store(state, job * _JOB + _OPEN)
        add(_place(pool, _EPOCH), 1)
        if load(_place(pool, _SLEEPERS)) > 0:
            if STEERS:
                _steer(pool, limit)
            _wake(pool, _WAKE)
        _call(function, stage, 0, pointers)
        if add(state, -_OPEN) & _WORKING:
            _await_workers(pool, state)
    store(_place(slot, _CLAIMED), 0)


@kernel
def _claim_slot(pool):  # type: ignore[no-untyped-def]
    """Return the address of a slot that was free, or 0."""
    for i in range(SLOTS):
        place = _FIRST_SLOT + i * _SLOT_WORDS
        claimed = _place(pool, place + _CLAIMED)
        if load(claimed) == 0 and compare_exchange(claimed, 0, 1):
            top = load(_place(pool, _TOP))
            while top <= i and not compare_exchange(_place(pool, _TOP), top, i + 1):
                top = load(_place(pool, _TOP))
            return pool + 8 * place
    return np.int64(0)


@kernel
def _await_workers(pool, state):  # type: ignore[no-untyped-def]
    """Return once nobody works on a closed job any longer."""
    deadline = _nanoseconds() + WAIT_NANOSECONDS
    while _nanoseconds() < deadline:
        for _ in range(32):
            if load(state) & _WORKING == 0:
                return
            pause()
    add(state, _ASLEEP)
    mutex = pool + 8 * _MUTEX
    _lock(mutex)
    while load(state) & _WORKING:
        _wait(pool + 8 * _DONE, mutex)
    _unlock(mutex)


@kernel
def _wake(pool, condition):  # type: ignore[no-untyped-def]
    """Wake all who sleep on a condition."""
    mutex = pool + 8 * _MUTEX
    # Who saw nothing to do while he held the mutex sleeps by now. Those who wake find it free.
    _lock(mutex)
    _unlock(mutex)
    _broadcast(pool + 8 * condition)


@intrinsic
def _room_for_processors(typingctx):  # type: ignore[no-untyped-def]
    """Return the address of room on the stack for a set of processors."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        room = cgutils.alloca_once(builder, _WORD, size=_PROCESSOR_WORDS)
        return builder.ptrtoint(room, _WORD)

    return types.int64(), generate


@kernel
def _steer(pool, limit):  # type: ignore[no-untyped-def]
    """Keep the threads that are about to wake off the processor that their caller runs on.

    Linux may put a thread that wakes behind the one that woke it, above all where the other
    processors of a virtual machine look busy because they sleep, and leave it there for as long as
    the caller works. As it wakes it may run wherever its caller may again.
    """
    stay_whole()
    here, others = np.int64(_processor()), _room_for_processors()
    if here < 0 or here >= 64 * _PROCESSOR_WORDS:
        return
    size = np.int64(8 * _PROCESSOR_WORDS)
    if _get_processors(np.int64(0), size, others) != 0:
        return
    own, bit, rest = _place(others, here // 64), np.int64(1) << (here % 64), np.int64(0)
    for i in range(_PROCESSOR_WORDS):
        rest |= _place(others, i)[0]
    if own[0] & bit == 0 or (rest == bit and own[0] == bit):
        return
    for i in range(min(load(_place(pool, _THREADS)), limit - 1, MOST_STEERED)):
        record = pool + 8 * (_FIRST_RECORD + i * _RECORD_WORDS)
        steered = _place(record, _STEERED)
        if load(_place(record, _SLEEPS)) == 0 or not compare_exchange(steered, 0, 1):
            continue
        for k in range(_PROCESSOR_WORDS):
            _place(record, _PROCESSORS + k)[0] = _place(others, k)[0]
        own[0] &= ~bit
        _set_processors_of(_place(record, _HANDLE)[0], size, others)
        own[0] |= bit
        store(steered, 2)


@kernel
def _help(pool, record):  # type: ignore[no-untyped-def]
    """Work on a job that is open and that this thread has not worked on; say if there was one.

    The thread is always the same worker: what it wrote in an earlier call is in its core's cache.
    """
    number = _place(record, _NUMBER)[0]
    for i in range(load(_place(pool, _TOP))):
        slot = pool + 8 * (_FIRST_SLOT + i * _SLOT_WORDS)
        state, seen = _place(slot, _STATE), _place(record, _SEEN + i)
        found = load(state)
        while found & _OPEN and found // _JOB != seen[0] and number < _place(slot, _LIMIT)[0]:
            if compare_exchange(state, found, found + 1):
                seen[0] = found // _JOB
                stage = _place(slot, _STAGE)[0]
                _call(_place(slot, _FUNCTION)[0], stage, number, _place(slot, _POINTERS))
                left = add(state, -1)
                if left & _ASLEEP and left & _WORKING == 1:
                    _wake(pool, _DONE)
                return True
            found = load(state)
    return False


def _serve(record):  # type: ignore[no-untyped-def]
    """Work on jobs until the pool stops: what a thread of the pool does."""
    pool = _place(record, _POOL)[0]
    epoch, stop = _place(pool, _EPOCH), _place(pool, _STOP)
    while load(stop) == 0:
        if STEERS:
            _run_anywhere(record)
        seen = load(epoch)
        if _help(pool, record):
            continue
        deadline = _nanoseconds() + IDLE_NANOSECONDS
        while load(epoch) == seen and _nanoseconds() < deadline:
            for _ in range(32):
                if load(epoch) != seen:
                    break
                pause()
        if load(epoch) == seen:
            store(_place(record, _SLEEPS), 1)
            _sleep(pool, seen)
            store(_place(record, _SLEEPS), 0)


@kernel
def _run_anywhere(record):  # type: ignore[no-untyped-def]
    """Take back what `_steer` did to this thread."""
    steered = _place(record, _STEERED)
    while load(steered):
        if compare_exchange(steered, 2, 3):
            size = np.int64(8 * _PROCESSOR_WORDS)
            _set_processors(np.int64(0), size, record + 8 * _PROCESSORS)
            store(steered, 0)
        pause()


@kernel
def _sleep(pool, seen):  # type: ignore[no-untyped-def]
    """Sleep until there is a new job, or the pool stops."""
    mutex = pool + 8 * _MUTEX
    # Who opens a job after this knows that somebody sleeps; who did before has changed the epoch.
    add(_place(pool, _SLEEPERS), 1)
    _lock(mutex)
    while load(_place(pool, _EPOCH)) == seen and load(_place(pool, _STOP)) == 0:
        _wait(pool + 8 * _WAKE, mutex)
    _unlock(mutex)
    add(_place(pool, _SLEEPERS), -1)


@kernel
def _manage(memory, wanted, serve):  # type: ignore[no-untyped-def]
    """Start threads until there are `wanted`, or end all if that is 0; return how many there are.

    Parameters
    ----------
    memory : address
        Of the pool.
    wanted : int
    serve : int
        Address of `_serve`, compiled.
    """
    pool = word(memory)
    growing = _place(pool, _GROWING)
    if wanted == 0:
        store(_place(pool, _STOP), 1)
        while not compare_exchange(growing, 0, 1):  # somebody is starting threads just now
            pause()
        _end_threads(pool)
    elif compare_exchange(growing, 0, 1):
        _start_threads(pool, wanted, serve)
    else:
        return load(_place(pool, _THREADS))
    store(growing, 0)
    return load(_place(pool, _THREADS))


@kernel
def _start_threads(pool, wanted, serve):  # type: ignore[no-untyped-def]
    """Start threads, which take no signals: those are for Python's."""
    threads = _place(pool, _THREADS)
    blocked, before = pool + 8 * _SIGNALS, pool + 8 * (_SIGNALS + 16)
    if load(threads) == 0:
        _init_mutex(pool + 8 * _MUTEX, 0)
        _init_condition(pool + 8 * _WAKE, 0)
        _init_condition(pool + 8 * _DONE, 0)
    _fill_signals(blocked)
    for fault in _FAULTS:
        _except_signal(blocked, np.int64(fault))
    _mask_signals(np.int64(_SET_MASK), blocked, before)
    while load(threads) < wanted and load(_place(pool, _STOP)) == 0:
        number = load(threads)
        record = pool + 8 * (_FIRST_RECORD + number * _RECORD_WORDS)
        _place(record, _POOL)[0] = pool
        _place(record, _NUMBER)[0] = number + 1
        if _create_thread(record + 8 * _HANDLE, 0, serve, record) != 0:
            break
        store(threads, number + 1)
    _mask_signals(np.int64(_SET_MASK), before, 0)


@kernel
def _end_threads(pool):  # type: ignore[no-untyped-def]
    """Wake all threads and wait until they have ended."""
    threads = load(_place(pool, _THREADS))
    if threads:
        add(_place(pool, _EPOCH), 1)
        _wake(pool, _WAKE)
    for i in range(threads):
        record = pool + 8 * (_FIRST_RECORD + i * _RECORD_WORDS)
        _join_thread(_place(record, _HANDLE)[0], 0)
    store(_place(pool, _THREADS), 0)


_managing = Prepared(_manage, (address, types.int64, types.int64))


class Pool:
    """The threads that help the callers of this process.

    Attributes
    ----------
    memory : ndarray of int64
        What callers and threads share. It is kept for as long as the process lives.
    threads : int
        How many threads there are, or could not be had.
    """

    def __init__(self) -> None:
        words = np.zeros(_WORDS + 8, np.int64)
        start = -words.ctypes.data % 64 // 8
        self.memory: NDArray[np.int64] = words[start : start + _WORDS]
        self.threads = 0

    def grow(self, threads: int) -> None:
        """See to it that there are so many threads, if the system grants them."""
        wanted = min(threads, MOST_THREADS)
        if POSIX:
            serve = routine(_serve, (types.int64,))
            (_managing.entry or _managing.compile())(self.memory, wanted, serve)
        self.threads = max(self.threads, threads)

    @property
    def running(self) -> int:
        """How many threads there are."""
        return int(self.memory[_THREADS])

    def stop(self) -> None:
        """Let the threads end. Callers then do everything by themselves."""
        if self.running and _managing.entry is not None:
            _managing.entry(self.memory, 0, 0)


_pool = Pool()


def pool() -> Pool:
    """Return the pool of this process."""
    return _pool


def _renew() -> None:
    """Begin anew in a forked child, to which the threads did not come along."""
    global _pool
    _pool = Pool()


def _close() -> None:
    # Code that the threads run is freed as the interpreter ends.
    _pool.stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
atexit.register(_close)
