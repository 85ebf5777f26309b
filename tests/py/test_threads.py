"""Many Python threads on one log and one model: each gets what one thread gets, whoever lets go of an object last."""

from __future__ import annotations

import gc
import hashlib
import pickle
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import patron
from made_logs import build, events
from patron import _core


def digest(log: patron.EventLog) -> str:
    profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    return hashlib.sha256(log.to_bytes() + pickle.dumps(profiles)).hexdigest()


def test_python_threads_get_the_results_of_one(threads: int) -> None:
    data = [events(40_000, seed) for seed in range(6)]
    expected = [digest(build(one)) for one in data]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda one: digest(build(one)), data)) == expected


def test_a_log_is_shared_by_threads() -> None:
    log = build(events(60_000))
    expected = digest(log)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: digest(log), range(12))) == {expected}


def test_the_gil_is_free_during_a_call() -> None:
    data = patron.Table(events(1_000_000))
    counted = 0
    over = threading.Event()

    def count() -> None:
        nonlocal counted
        while not over.is_set():
            counted += 1
            time.sleep(0)

    other = threading.Thread(target=count)
    other.start()
    before = counted
    build(data)
    during = counted - before
    over.set()
    other.join()
    assert during > 10


def test_progress_is_told_to_the_thread_that_asked() -> None:
    said: dict[str, set[int]] = {"a": set(), "b": set()}
    data = patron.Table(events(400_000))

    def work(name: str) -> None:
        for _ in range(3):
            patron.EventLog(data, user="user", time="time", progress=lambda *_: said[name].add(threading.get_ident()))

    others = [threading.Thread(target=work, args=(name,)) for name in said]
    for other in others:
        other.start()
    idents = {other.ident for other in others}
    build(data)
    for other in others:
        other.join()
    assert said["a"] | said["b"] <= idents
    assert not said["a"] & said["b"]


def test_the_number_of_threads_is_what_was_set() -> None:
    before = patron.get_threads()
    patron.set_threads(5)
    assert patron.get_threads() == 5
    patron.set_threads(0)
    assert patron.get_threads() == before >= 1


def reads(log: patron.EventLog, rfm: patron.segment.RFM, data: Any, profiles: patron.Table) -> dict[str, Callable[[], bytes]]:
    """Every method that reads a log, a model or a table, with what it found as bytes."""

    def of(table: patron.Table) -> bytes:
        return pickle.dumps(table)

    return {
        "events": lambda: of(log.events()),
        "audit": lambda: of(log.audit),
        "quality": lambda: of(log.quality(log)),
        "users": lambda: of(log.users()),
        "items": lambda: of(log.items("2023-09-01")),
        "attributes": lambda: repr((log.n_events, log.start, log.end, log.kinds, log.tz, log.currency, len(log))).encode(),
        "repr": lambda: (repr(log) + repr(profiles) + profiles._repr_html_()).encode(),
        "to_bytes": log.to_bytes,
        "pickle": lambda: pickle.loads(pickle.dumps(log)).to_bytes(),
        "append": lambda: log.append(data).to_bytes(),
        "merge": lambda: log.merge(log).to_bytes(),
        "between": lambda: log.between("2023-06-01", None).to_bytes(),
        "split": lambda: b"".join(part.to_bytes() for part in log.split("2023-06-01")),
        "with_users": lambda: log.with_users({"user": [1, 2], "city": ["x", None]}).to_bytes(),
        "profile": lambda: of(patron.profile.Profiler(windows=("30D",)).fit_transform(log)),
        "fit": lambda: patron.segment.RFM(bins=4).fit(profiles).to_bytes(),
        "predict": lambda: of(rfm.predict(profiles)),
        "thresholds": lambda: repr(rfm.thresholds_).encode(),
        "model": lambda: patron.segment.RFM.from_bytes(rfm.to_bytes()).to_bytes(),
        "columns": lambda: b"".join(np.asarray(profiles[name]).astype("U").tobytes() for name in profiles),
        "arrow": lambda: of(patron.Table(pa.table(profiles))),
        "pandas": lambda: repr(profiles.to_pandas().describe()).encode(),
        "sort": lambda: _core.sort_order(np.arange(50_000)[::-1].copy()).tobytes(),
    }


def test_everything_is_read_by_many_threads_at_once(tmp_path: Path) -> None:
    patron.set_threads(3)
    data = events(8000)
    log = build(data).with_users({"user": np.arange(50), "shade": ["x", "y"] * 25})
    profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    rfm = patron.segment.RFM(bins=4).fit(profiles)
    calls = reads(log, rfm, data, profiles)
    expected = {name: call() for name, call in calls.items()}
    start = threading.Barrier(8)
    wrong: list[str] = []

    def work(number: int) -> None:
        order = [name for name in calls for _ in range(2)]
        random.Random(number).shuffle(order)
        start.wait()
        log.save(tmp_path / "log")  # all to one path
        wrong.extend(name for name in order if calls[name]() != expected[name])
        if patron.load(tmp_path / "log").to_bytes() != expected["to_bytes"]:
            wrong.append("load")

    others = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    patron.set_threads(0)
    assert wrong == []


def test_the_last_reference_may_go_on_any_thread() -> None:
    """Each thread holds the same objects, and what was made from them, and lets go of them at the same moment."""
    gc.collect()
    before = _core.memory()
    for _ in range(15):
        log = build(events(2000))
        table = log.events()
        shared = [log, table, table["amount"], pa.table(table), table.__arrow_c_stream__(), log.between(None, "2023-09-01")]
        holders = [list(shared) for _ in range(8)]
        start = threading.Barrier(8)

        def let_go(held: list[Any], start: threading.Barrier = start) -> None:
            start.wait()
            while held:
                held.pop()

        others = [threading.Thread(target=let_go, args=(held,)) for held in holders]
        for other in others:
            other.start()
        del log, table, shared
        for other in others:
            other.join()
        del others, holders
    gc.collect()
    assert _core.memory() - before < 10_000
