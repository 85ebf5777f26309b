"""The library as a guest in a process: Ctrl-C, threads, fork, spawn, sub-interpreters, leaving, and memory given back."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import patron
from patron import _core


def events(n: int, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "user": rng.integers(0, n // 20 + 1, n),
        "time": np.datetime64("2023-01-01", "us") + rng.integers(0, 5 * 10**13, n),
        "item": rng.integers(0, 5000, n),
        "amount": rng.integers(-100, 10_000, n) / 100,
    }


def build(data: Any) -> patron.EventLog:
    return patron.EventLog(data, user="user", time="time", item="item", amount="amount")


def digest(log: patron.EventLog) -> str:
    profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    return hashlib.sha256(log.to_bytes() + pickle.dumps(profiles)).hexdigest()


# ---- Ctrl-C ------------------------------------------------------------------------------------------------------------

LARGE = 4_000_000


@pytest.fixture(scope="module")
def large() -> tuple[patron.Table, patron.EventLog]:
    table = patron.Table(events(LARGE))
    return table, build(table)


def interrupted(call: Callable[[], Any], delay: float) -> float | None:
    """Seconds from the signal to the exception; None when the call was over before the signal."""
    sent: list[float] = []
    main = threading.main_thread().ident
    assert main is not None

    def send() -> None:
        sent.append(time.perf_counter())
        signal.pthread_kill(main, signal.SIGINT)

    timer = threading.Timer(delay, send)
    done = False
    try:
        timer.start()
        call()
        done = True
        timer.join()
        time.sleep(0.001)  # a late signal arrives here
    except KeyboardInterrupt:
        after = time.perf_counter()
        timer.join()
        return None if done else after - sent[0]
    return None


def timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


CALLS: dict[str, Callable[[patron.Table, patron.EventLog, Path], Any]] = {
    "build": lambda table, log, path: build(table),
    "merge": lambda table, log, path: log.merge(log),
    "append": lambda table, log, path: log.append(table),
    "between": lambda table, log, path: log.between("2023-02-01", "2024-02-01"),
    "events": lambda table, log, path: log.events(),
    "quality": lambda table, log, path: log.quality(),
    "profile": lambda table, log, path: patron.profile.Profiler().fit(log).transform(),
    "bytes": lambda table, log, path: log.to_bytes(),
    "save": lambda table, log, path: log.save(path / "log"),
    "load": lambda table, log, path: patron.EventLog.from_bytes(SAVED[0]),
    "import": lambda table, log, path: patron.Table(ARROW[0]),
    "sort": lambda table, log, path: _core.sort_order(KEYS[0]),
}
SAVED: list[bytes] = []
ARROW: list[pa.Table] = []
KEYS: list[Any] = []


@pytest.mark.timing
@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_stops_a_long_call_within_200_ms(name: str, large: tuple[patron.Table, patron.EventLog], tmp_path: Path) -> None:
    table, log = large
    if not SAVED:
        SAVED.append(log.to_bytes())
        ARROW.append(pa.table({"t": pa.array([f"text number {i}" for i in range(20_000)] * 100)}))
        KEYS.append(np.random.default_rng(1).integers(0, 2**62, 4 * LARGE))
    patron.set_threads(1)  # calls take longer
    took = min(timed(lambda: CALLS[name](table, log, tmp_path)) for _ in range(3))
    for entry in tmp_path.iterdir():
        entry.unlink()
    gc.collect()
    held = _core.memory()
    early = []
    for share in (0.05, 0.05, 0.05, 0.4, 0.7):
        delay = max(0.001, took * share)
        wait = interrupted(lambda: CALLS[name](table, log, tmp_path), delay)
        if wait is not None:
            assert wait < 0.2
            for entry in tmp_path.iterdir():  # nothing half-written: the signal came after the file was whole
                assert entry.name == "log"
                _core.verify(entry)
        gc.collect()
        assert _core.memory() == held
        for entry in tmp_path.iterdir():
            entry.unlink()
        if share == 0.05 and wait is not None:
            early.append(wait)
    patron.set_threads(0)
    if took > 0.15:  # it stopped, and did not just come to its end
        assert min(early) < took / 2


def test_a_signal_handler_that_does_not_raise_does_not_stop_the_call(large: tuple[patron.Table, patron.EventLog]) -> None:
    calls: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    try:
        assert interrupted(lambda: build(large[0]), 0.02) is None
        assert build(large[0]).n_events == LARGE
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [signal.SIGINT]


# ---- threads -----------------------------------------------------------------------------------------------------------


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


# ---- processes ---------------------------------------------------------------------------------------------------------


def forked(call: Callable[[], Any]) -> Any:
    """What a call gives in a forked child."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read)
            with os.fdopen(write, "wb") as out:
                pickle.dump(call(), out)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as source:
        data = source.read()
    assert os.waitpid(child, 0)[1] == 0
    return pickle.loads(data)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_goes_on(threads: int) -> None:
    data = events(100_000)
    log = build(data)
    expected = digest(log)
    for _ in range(20):
        assert forked(lambda: (digest(build(data)), digest(log))) == (expected, expected)
    assert digest(build(data)) == expected
    assert forked(lambda: forked(lambda: digest(log))) == expected


def test_results_travel_to_other_processes() -> None:
    log = build(events(5000))
    profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    rfm = patron.segment.RFM(bins=3).fit(profiles)
    code = """
import pickle, sys
log, rfm, profiles = pickle.load(sys.stdin.buffer)
import patron
again = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
sys.stdout.buffer.write(pickle.dumps((log.to_bytes(), again, rfm.predict(profiles))))
"""
    sent = pickle.dumps((log, rfm, profiles))
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)
    expected = (log.to_bytes(), profiles, rfm.predict(profiles))
    assert done.stdout == pickle.dumps(expected)


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_subinterpreters_are_refused() -> None:
    code = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import patron
other = interpreters.create()
problem = None
try:
    problem = interpreters.run_string(other, "import patron")
except Exception as error:
    problem = error
assert problem is not None
assert "main interpreter only" in str(problem), problem
interpreters.destroy(other)
assert patron.EventLog({"u": [1], "t": ["2024-01-01"]}, user="u", time="t").n_users == 1
"""
    run(code)


def test_the_module_can_be_imported_afresh() -> None:
    table = patron.Table({"x": [1, 2]})
    kept = sys.modules.pop("patron._core")
    try:
        fresh = importlib.import_module("patron._core")
        assert fresh is not kept
        assert fresh.Table is not kept.Table
        with pytest.raises(TypeError, match="expected a core table"):
            fresh.log_build(table._patron_core, user="x", time="x")
        held = fresh.table_from_parts(1, [("x", ("l", 1, [None, np.arange(1)], None))])
    finally:
        sys.modules["patron._core"] = patron._core = kept
    ended = weakref.ref(fresh)
    del fresh
    gc.collect()
    assert held.column("x").tolist() == [0]  # an object keeps its module
    assert table["x"].tolist() == [1, 2]
    del held
    gc.collect()
    assert ended() is None


@pytest.mark.parametrize(
    "left",
    [
        "log",
        "log.events().to_arrow()",
        "log.events()['amount']",
        "log.events().__arrow_c_stream__()",
        "table",
        "patron.Profiler",
    ],
)
def test_a_process_ends_quietly_with_objects_alive(left: str) -> None:
    code = f"""
import numpy as np, pyarrow, patron
patron.Profiler = patron.profile.Profiler
patron.set_threads(3)
data = {{"u": np.arange(200_000), "t": np.zeros(200_000, "datetime64[s]"), "a": np.ones(200_000)}}
log = patron.EventLog(data, user="u", time="t", amount="a")
table = pyarrow.table(patron.Table(data))
import builtins
builtins.kept = {left}
del log
"""
    assert run(code) == ""


def test_import_patron_imports_little() -> None:
    code = """
import sys, numpy
before = set(sys.modules)
import patron
new = set(sys.modules) - before
assert new - {"__future__"} == {"patron", "patron._core"}, new
assert "EventLog" in dir(patron)
patron.EventLog, patron.Table, patron.load, patron.profile, patron.segment
assert not {"pandas", "polars", "pyarrow", "matplotlib", "zoneinfo", "tqdm"} & set(sys.modules)
for name in patron.__all__:
    if name != "report" and name != "plot":
        getattr(patron, name)
try:
    patron.nothing
except AttributeError as error:
    assert "nothing" in str(error)
"""
    run(code)


@pytest.mark.timing
def test_import_patron_takes_under_20_ms() -> None:
    code = "import time, numpy; t = time.perf_counter(); import patron; print(time.perf_counter() - t)"
    best = min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5))
    assert best < 0.020


def test_the_bytes_of_a_large_log_are_those_of_its_file(tmp_path: Path) -> None:
    log = build(events(1_000_000))
    log.save(tmp_path / "log")
    data = log.to_bytes()
    assert len(data) > 2**24  # more than one piece
    assert data == (tmp_path / "log").read_bytes()
    assert patron.EventLog.from_bytes(data).to_bytes() == data


# ---- memory ------------------------------------------------------------------------------------------------------------


def everything(data: dict[str, Any], folder: Path) -> None:
    log = build(data)
    log.events()["amount"].sum()
    pa.table(log.events())
    repr(log.audit)
    log.quality()
    before, after = log.split("2023-10-01")
    before.merge(after)
    log.with_users({"user": [1, 2], "city": ["x", None]}).users()["city"]
    log.save(folder / "log")
    patron.load(folder / "log")
    pickle.loads(pickle.dumps(log))
    profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    rfm = patron.segment.RFM().fit(profiles)
    pickle.loads(pickle.dumps(rfm.predict(profiles)))
    patron.segment.RFM.from_bytes(rfm.to_bytes())
    patron.Table({"t": ["a", None], "d": pa.array(["x", "y"]).dictionary_encode()})["d"]
    _core.inspect(folder / "log")
    for wrong in ({"user": [1.5]}, {"user": ["a", 1]}, {"user": [None]}):
        try:
            build(data | wrong)
        except (ValueError, TypeError):
            pass
        else:
            raise AssertionError("expected an error")
    with contextlib.suppress(FileNotFoundError):
        patron.load(folder / "missing")


def watch_for_leaks(folder: str) -> None:
    data = events(300)
    everything(data, Path(folder))
    references = [sys.getrefcount(value) for value in data.values()]
    grown = []
    held = 0
    for _ in range(6):
        gc.collect()
        held = held or _core.memory()
        blocks = sys.getallocatedblocks()
        for _ in range(60):
            everything(data, Path(folder))
        gc.collect()
        grown.append(sys.getallocatedblocks() - blocks)
    # Caches of Python and numpy fill up for a while; one object lost a round would show in every stretch of sixty.
    assert min(grown) < 50, grown
    assert _core.memory() <= held
    assert [sys.getrefcount(value) for value in data.values()] == references


def test_nothing_leaks(tmp_path: Path) -> None:
    # In a process of its own, where nobody else's caches grow.
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['watch_for_leaks'](sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, __file__, str(tmp_path)], check=True)


def test_memory_goes_back_with_the_last_object() -> None:
    gc.collect()
    before = _core.memory()
    _core.memory_peak_reset()
    log = build(events(200_000))
    assert _core.memory() - before > 200_000 * 20
    peak = _core.memory_peak()
    assert peak >= _core.memory()
    part = log.between("2023-06-01", None)
    del log, part
    gc.collect()
    assert _core.memory() - before < 100_000
    _core.memory_peak_reset()
    assert _core.memory_peak() == _core.memory()
