"""The library as a guest in a process: what it imports, sub-interpreters, results that travel, and how it leaves."""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

import patron
from made_logs import build, events


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
import pickle
import sys
import numpy as np
import patron

def old_style():
    return interpreters.create("legacy") if sys.version_info >= (3, 13) else interpreters.create(isolated=False)

n = 300_000
patron.set_threads(3)
log = patron.EventLog({"u": np.arange(n) % 99, "t": np.arange(n).astype("datetime64[m]")}, user="u", time="t")
before = log.to_bytes(), pickle.dumps(patron.profile.Profiler(windows=("30D",)).fit_transform(log))
for other in (interpreters.create(), old_style()):  # Python refuses by itself in the first since 3.12
    problem = None
    try:
        problem = interpreters.run_string(other, "import patron")
    except Exception as error:
        problem = error
    assert problem is not None
    assert "main interpreter only" in str(problem) or "does not support loading in subinterpreters" in str(problem), problem
    assert interpreters.run_string(other, "print(1 + 1)") is None  # the other one is as it was
    interpreters.destroy(other)
import gc
gc.collect()
log = patron.EventLog({"u": np.arange(n) % 99, "t": np.arange(n).astype("datetime64[m]")}, user="u", time="t")
profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
assert (log.to_bytes(), pickle.dumps(profiles)) == before
assert patron._core.sort_order(np.array([3, 1, 2])).tolist() == [1, 2, 0]
try:
    patron.load("/")
except OSError:
    pass
"""
    assert run(code) == "2\n2\n"


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
