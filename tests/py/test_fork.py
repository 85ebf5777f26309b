"""Use, fork, use again: a child goes on with threads of its own, however it came about, and nobody waits for ever.

A child that hangs is ended by its alarm and fails the test.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import patron
from conftest import LONG_ONCE
from made_logs import build, events
from patron import _core

FORKS = 1000 if LONG_ONCE else 100
PATIENCE = 60  # seconds that a child may take, on however busy a machine

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


DATA = events(30_000)
KEYS = np.random.default_rng(2).integers(0, 2**62, 300_000)


def everything(log: patron.EventLog) -> str:
    """Builds, profiles, sorts: each on more than one thread."""
    profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    parts = (build(DATA).to_bytes(), log.to_bytes(), pickle.dumps(profiles), _core.sort_order(KEYS).tobytes())
    return hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.fixture
def log() -> Iterator[patron.EventLog]:
    patron.set_threads(3)
    yield build(DATA)
    patron.set_threads(0)


def forked(call: Callable[[], Any]) -> Any:
    """What a call gives in a forked child."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(PATIENCE)
            os.close(read)
            with os.fdopen(write, "wb") as out:
                pickle.dump(call(), out)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as source:
        data = source.read()
    status = os.waitpid(child, 0)[1]
    assert status == 0, "the child hung" if status == signal.SIGALRM else f"the child ended with {status}"
    return pickle.loads(data)


@contextmanager
def busy(call: Callable[[], Any], n: int = 1) -> Iterator[None]:
    """Other threads that make this call again and again."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            call()

    others = [threading.Thread(target=work) for _ in range(n)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        over.set()
        for other in others:
            other.join()


def test_a_child_goes_on(log: patron.EventLog) -> None:
    expected = everything(log)
    for _ in range(FORKS * 2 // 5):
        assert forked(lambda: everything(log)) == expected
    assert everything(log) == expected


def test_a_child_of_another_thread_goes_on(log: patron.EventLog) -> None:
    expected = everything(log)
    with ThreadPoolExecutor(1) as pool:
        for _ in range(FORKS // 5):
            assert pool.submit(lambda: forked(lambda: everything(log))).result() == expected
    assert everything(log) == expected


def test_a_child_goes_on_when_others_were_in_the_middle_of_a_call(log: patron.EventLog) -> None:
    expected = everything(log)
    with busy(lambda: everything(log)), busy(lambda: _core.sort_order(KEYS)):
        for _ in range(FORKS // 5):
            assert forked(lambda: everything(log)) == expected
    assert everything(log) == expected


def test_a_grandchild_goes_on(log: patron.EventLog) -> None:
    expected = everything(log)
    for _ in range(FORKS // 10):
        three = forked(lambda: (everything(log), forked(lambda: everything(log)), everything(log)))
        assert three == (expected, expected, expected)


def test_threads_of_a_child_go_on(log: patron.EventLog) -> None:
    expected = everything(log)

    def on_threads() -> list[str]:
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda _: everything(log), range(3)))

    for _ in range(FORKS // 20):
        assert forked(on_threads) == [expected] * 3


def test_a_child_may_end_what_the_parent_made(log: patron.EventLog) -> None:
    """Its copy of an object is its own; the pool of the parent is not waited for."""

    kept = [build(DATA)]

    def end() -> int:
        before = _core.memory()
        kept.pop()
        return before - _core.memory()

    expected = everything(log)
    for _ in range(FORKS // 20):
        assert forked(end) > 100_000
    assert kept[0].to_bytes() == log.to_bytes()
    assert everything(log) == expected


@pytest.mark.parametrize("threads", [1, 4])
def test_a_child_forked_by_a_callback_does_not_hang(threads: int) -> None:
    """Alone it finishes the call; what others had begun it cannot finish, and says so. After that it goes on."""
    patron.set_threads(threads)
    data = patron.Table(events(400_000))
    parent = os.getpid()
    children: list[int] = []

    def fork(*_: Any) -> None:
        if os.getpid() == parent and len(children) < max(2, FORKS // 50):
            child = os.fork()
            if child != 0:
                children.append(child)
            else:
                signal.alarm(PATIENCE)

    for _ in range(2):
        try:
            n = patron.EventLog(data, user="user", time="time", progress=fork).n_events
        except KeyboardInterrupt as stopped:
            assert os.getpid() != parent
            n = 400_000 if threads > 1 and "forked" in str(stopped) else 0
        if os.getpid() != parent:
            os._exit(0 if n == 400_000 and build(DATA).n_events == len(DATA["user"]) else 1)
        assert n == 400_000
    patron.set_threads(0)
    assert children
    assert {os.waitpid(child, 0)[1] for child in children} == {0}


def in_a_process(saved: bytes) -> str:
    patron.set_threads(2)
    return everything(pickle.loads(saved))


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_processes_of_every_kind_work(method: str, log: patron.EventLog) -> None:
    expected = everything(log)
    saved = pickle.dumps(log)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert set(pool.map(in_a_process, [saved] * 6)) == {expected}
    assert everything(log) == expected
