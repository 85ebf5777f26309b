"""Every allocation and every file operation refused in turn: an error or the same result, unchanged objects, no leak.

Each sweep runs in a process of its own (this file, run by name), into which fault_hooks.c is loaded. Three kinds of request
are refused: memory that the library asks of libc (``memory``), what it and Python's writers ask of the file system
(``files``), and memory that anyone asks of Python during a call (``python``). For every call below, request number
1, 2, 3, ... is refused, alone or with those that follow, until the call asks for fewer. After each refusal it is checked that

- the call raised MemoryError, or OSError with the errno and the file, or did what it always does;
- the file it was to replace is whole, old or new; no other file is there;
- memory of the core, blocks and mappings of the library, descriptors, Python's blocks and references are what they were.

In the end the call does what it always does, and the objects it worked on are the same byte for byte. Of calls of more
requests than MOST a sample is refused, with PATRON_LONG=1 each one.

What the interpreter and numpy themselves do with refused memory is not looked into: CPython 3.11 and numpy 2.4 crash at places.
So Python's memory is refused around calls of the extension, each function and method of it, not of the package.
"""

from __future__ import annotations

import _imp
import ctypes
import errno
import faulthandler
import gc
import hashlib
import importlib.util
import json
import operator
import os
import pickle
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LONG = os.environ.get("PATRON_LONG", "") not in ("", "0")
MEMORY, FILES, PYTHON = 1, 2, 3
ASKED, REFUSED, LIVE, MAPS, RENAMED = range(5)
KINDS = {"memory": MEMORY, "files": FILES, "python": PYTHON}
ONWARDS = 1 << 60
MOST = {MEMORY: 50, FILES: 60, PYTHON: ONWARDS}  # requests of a call that are refused in one turn without PATRON_LONG
REPEATS = 8  # attempts that must not all leave something behind
OLD = b"what stood here before"
SHOWN = 5  # failures of a call that are reported


# ---- in the child: refusing ---------------------------------------------------------------------------------------------


class Hooks:
    """fault_hooks.c, attached to the library and the interpreter."""

    def __init__(self, library: str, package: str) -> None:
        self.c = ctypes.PyDLL(library)
        self.c.fault_call.restype = ctypes.py_object
        self.c.fault_call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_int, *[ctypes.py_object] * 3]
        self.c.fault_read.restype = ctypes.c_int64
        with open("/proc/self/maps") as maps:
            loaded = {line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line}
        self.c.fault_attach((package + os.sep).encode(), 1)
        for program in ["", *(name for name in loaded if os.path.basename(name).startswith("libpython"))]:
            self.c.fault_attach(program.encode(), 0)
        self.c.fault_attach_python()

    def call(self, kind: int, first: int, last: int, code: int, case: Case) -> Any:
        return self.c.fault_call(kind, first, last, code, case.function, case.arguments, case.keywords)

    def read(self, what: int) -> int:
        return int(self.c.fault_read(what))


@dataclass
class Case:
    """A call, and what may be seen of it."""

    name: str
    kinds: frozenset[int]
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    watched: tuple[Any, ...] = ()  # objects whose references are counted
    path: str | None = None  # the file that it reads or writes
    whole: bytes = b""  # the hash of what it writes
    writes: bool = False
    fails: bool = False  # it is to raise an error of its own
    restless: bool = False  # a call that nothing is refused leaves Python's blocks behind: caches of others
    excuse: type[Exception] = MemoryError  # what a library of others makes of an error of memory


@dataclass
class Tally:
    points: int = 0  # at which something was refused
    errors: int = 0  # at which the call failed for it; the others got over it
    total: int = 0  # requests that the call makes
    failures: list[str] = field(default_factory=list)


def digest(result: Any) -> Any:
    """What stands for a result: equal for equal results."""
    import numpy as np

    import patron
    from patron import _core

    if isinstance(result, (patron.EventLog, patron.segment.RFM, _core.Log, _core.RFM)):
        return hashlib.sha256(result.to_bytes()).hexdigest()
    if isinstance(result, patron.Table):
        return digest(result._patron_core)
    if isinstance(result, _core.Table):
        columns = [(name, result.type(name), result.timezone(name), result.parts(name)) for name in result.names]
        return hashlib.sha256(repr((result.n_rows, columns)).encode()).hexdigest()
    if isinstance(result, np.ndarray):
        return str(result.dtype), repr(result.tolist())
    if isinstance(result, patron.profile.Profiler):
        return digest(result.definitions_), repr(result.columns_)
    if isinstance(result, (tuple, list)):
        return tuple(map(digest, result))
    if type(result).__name__ == "PyCapsule":
        return digest(_core.table_from_stream(result)) if "arrow_array_stream" in repr(result) else repr(result)[:30]
    if hasattr(result, "to_pylist"):
        return repr(result.schema), repr(result.to_pylist())
    if hasattr(result, "to_csv"):
        return repr(result.dtypes), result.to_csv()
    return repr(result)


class Sweep:
    def __init__(self, hooks: Hooks, kind: int, folder: Path, most: int) -> None:
        self.hooks, self.kind, self.most = hooks, kind, most
        self.note = os.open(folder / "at", os.O_RDWR | os.O_CREAT)

    def run(self, case: Case) -> Tally:
        tally = Tally()
        for _ in range(4):
            expected = self.attempt(case, 0, 0, 0)
        tally.total = self.hooks.read(ASKED)
        if (expected[0] == "raised") != case.fails:
            tally.failures.append(f"without a refusal it {expected[0]} {str(expected[1:])[:300]}")
            return tally
        gc.collect()
        gc.freeze()
        turns = TURNS[self.kind]
        for turn, (more, code) in enumerate(turns):
            for number in self.numbers(tally.total, turn):
                self.one(case, tally, number, more, code, expected)
                if len(tally.failures) >= SHOWN:
                    return tally
        if self.one(case, tally, tally.total + 50, 0, turns[0][1], expected):
            tally.failures.append(f"there are more than {tally.total} requests")
        return tally

    def numbers(self, total: int, turn: int) -> Iterator[int]:
        """The requests to refuse: each, or a sample that differs from turn to turn, the first in it."""
        step = max(1, -(-total // self.most))
        if step > 1:
            yield 1
        yield from range(1 + turn % step, total + 1, step)

    def one(self, case: Case, tally: Tally, number: int, more: int, code: int, expected: Any) -> bool:
        last = ONWARDS if more < 0 else number + more
        os.pwrite(self.note, f"{case.name}, request {number} to {last}, error {code}".ljust(200).encode(), 0)
        refused, raised, wrong = self.point(case, number, last, code, expected)
        tally.points += refused
        tally.errors += raised
        if wrong:
            tally.failures.append(f"{number} to {'the end' if last == ONWARDS else last}, error {code}: {wrong}")
        return refused

    def attempt(self, case: Case, first: int, last: int, code: int) -> tuple[Any, ...]:
        """("gave", what it gave) or ("raised", type, text, errno, file)."""
        try:
            result = self.hooks.call(self.kind, first, last, code, case)
        except BaseException as error:
            return "raised", type(error), str(error), getattr(error, "errno", None), getattr(error, "filename", None)
        return "gave", digest(result)

    def standing(self, case: Case) -> dict[str, Any]:
        """What a call must leave as it was."""
        from patron import _core

        return {
            "bytes of the core": _core.memory(),
            "blocks of the library": self.hooks.read(LIVE),
            "mappings of the library": self.hooks.read(MAPS),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "references": [sys.getrefcount(argument) for argument in case.watched],
        }

    def point(self, case: Case, first: int, last: int, code: int, expected: Any) -> tuple[bool, bool, str]:
        """Whether something was refused, whether the call failed for it, and what was wrong with that."""
        if case.writes and case.path:
            for other in Path(case.path).parent.iterdir():
                other.unlink()
            Path(case.path).write_bytes(OLD)
        before = self.standing(case)
        blocks = sys.getallocatedblocks()
        outcome = self.attempt(case, first, last, code)
        refused, renamed = self.hooks.read(REFUSED), self.hooks.read(RENAMED)
        grown = sys.getallocatedblocks() - blocks
        after = self.standing(case)
        if after != before:
            gc.collect()
            after = self.standing(case)
        wrong = self.judge(case, outcome, refused, code, expected)
        for what, value in after.items():
            if value != before[what]:
                wrong = wrong or f"{what} were {before[what]}, are {value}"
        if not wrong and case.writes:
            wrong = self.files(case, outcome, renamed, last)
        if not wrong and grown > 0 and not case.restless and self.leaks(case, first, last, code):
            wrong = "each attempt leaves blocks of Python behind"
        return refused > 0, outcome != expected, wrong

    def judge(self, case: Case, outcome: Any, refused: int, code: int, expected: Any) -> str:
        if outcome == expected:
            return ""
        if outcome[0] == "gave":
            return f"the result is {str(outcome)[:300]}, not {str(expected)[:300]}"
        _, kind, text, number, name = outcome
        found = f"{kind.__name__} {number} {name!r}: {text}"
        if refused == 0:
            return f"{found}, though nothing was refused"
        if self.kind == FILES:
            fits = issubclass(kind, OSError) and number == code and name == case.path
            return "" if fits else f"{found}; expected OSError {code} {case.path!r}"
        excused = issubclass(kind, case.excuse) and "No memory" in text
        return "" if issubclass(kind, MemoryError) or excused else f"{found}; expected MemoryError"

    def files(self, case: Case, outcome: Any, renamed: int, last: int) -> str:
        """The file is whole, and alone; where removing a temporary file was refused too, its name is hidden."""
        assert case.path is not None
        path = Path(case.path)
        now = path.read_bytes()
        if not renamed and outcome[0] == "gave":
            return "nothing is saved, and nothing is said"
        if not renamed and now != OLD:
            return "the old file is changed"
        if renamed and hashlib.sha256(now).digest() != case.whole:
            return "the new file is not whole"
        for other in path.parent.iterdir():
            if other == path:
                continue
            hidden = other.name.startswith(".") and other.name.endswith(".tmp")
            if last != ONWARDS or not hidden:
                return f"a stray file {other.name}"
        return ""

    def leaks(self, case: Case, first: int, last: int, code: int) -> bool:
        """Whether attempts leave blocks behind, and calls of which nothing is refused do not."""
        for _ in range(3):
            before = sys.getallocatedblocks()
            self.attempt(case, first, last, code)
            if sys.getallocatedblocks() <= before:
                return False
        for _ in range(4):
            if self.growth(case, first, last, code) < REPEATS:
                return False
            if self.growth(case, 0, 0, 0) >= REPEATS:
                case.restless = True
                return False
        return True

    def growth(self, case: Case, first: int, last: int, code: int) -> int:
        before = self.blocks()
        for _ in range(REPEATS):
            self.attempt(case, first, last, code)
        return self.blocks() - before

    def blocks(self) -> int:
        """Python's blocks in use. What an object that is collected held goes with the next collection."""
        gc.collect()
        gc.collect()
        return sys.getallocatedblocks()


# (how many more, error): alone; with the next, which is the library's second attempt; with all that follow (-1).
TURNS = {
    MEMORY: [(0, 0), (1, 0), (-1, 0)],
    FILES: [(0, errno.EIO), (-1, errno.ENOSPC), (0, errno.EMFILE), (-1, errno.EACCES), (0, errno.EINTR)],
    PYTHON: [(0, 0), (-1, 0)],
}


# ---- in the child: calls ------------------------------------------------------------------------------------------------


def shop(n: int, first: int = 0) -> dict[str, Any]:
    """Events with something in every kind of column."""
    import numpy as np

    rows = range(first, first + n)
    return {
        "who": [f"顾客{row % 7}" for row in rows],
        "when": np.datetime64("2024-01-01T03:00", "us") + np.array(rows) * np.timedelta64(31, "h"),
        "what": np.array([f"sku-{row % 5}" for row in rows], dtype=object),
        "paid": np.array([np.nan if row % 9 == 4 else row * 1.25 - 3 for row in rows]),
        "done": np.array(["buy" if row % 3 else "view" for row in rows], dtype=object),
        "pieces": np.array([row % 4 + 1 for row in rows], dtype=np.int32),
        "basket": [row // 2 for row in rows],
        "note": [None if row % 4 == 0 else f"note {row}" for row in rows],
    }


ROLES: dict[str, Any] = {
    "user": "who",
    "time": "when",
    "item": "what",
    "amount": "paid",
    "event": "done",
    "quantity": "pieces",
    "order": "basket",
    "properties": ["note"],
    "kinds": {"buy": "purchase"},
    "tz": "Asia/Shanghai",
    "winsorize": True,
}


def all_types() -> Any:
    """A table with a column of every type, with nulls and without."""
    import datetime as dt
    from decimal import Decimal

    import pyarrow as pa

    day = dt.datetime(2024, 1, 5, 6, 7, 8)
    columns = {str(kind): pa.array([1, 2, 3], kind) for kind in (pa.int8(), pa.uint16(), pa.int32(), pa.int64(), pa.uint64())}
    columns |= {f"{kind} and null": pa.array([1, None, 3], kind) for kind in (pa.int8(), pa.int64(), pa.uint64())}
    columns |= {str(kind): pa.array([1.5, None, 3], kind) for kind in (pa.float32(), pa.float64())}
    columns |= {
        "float16": pa.array([1.5, 2.5, 3.5], pa.float32()).cast(pa.float16()),
        "large": pa.array([2**63 - 1, None, -5]),
        "larger": pa.array([2**64 - 1, None, 5], pa.uint64()),
        "bool": pa.array([True, False, True]),
        "bool and null": pa.array([True, None, False]),
        "null": pa.nulls(3),
        "text": pa.array(["a", None, "客"]),
        "large text": pa.array(["a", "b", "c"], pa.large_string()),
        "date32": pa.array([day.date(), None, day.date()]),
        "date64": pa.array([day.date(), None, day.date()], pa.date64()),
        "timestamp": pa.array([day, None, day], pa.timestamp("ns")),
        "zoned": pa.array([day, day, day], pa.timestamp("us", "Asia/Shanghai")),
        "duration": pa.array([1, None, 2], pa.duration("ms")),
        "dictionary": pa.array(["x", None, "x"]).dictionary_encode(),
        "decimals": pa.array([Decimal("1.25"), None, Decimal("-3")]),
    }
    return pa.table(columns)


def cases(folder: Path) -> tuple[list[Case], list[Any]]:
    """The calls, and the objects they work on."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    import patron
    from patron import _core

    made: list[Case] = []
    ours = frozenset({MEMORY})

    def add(name: str, call: Callable[[], Any], *watched: Any, excuse: type[Exception] = MemoryError) -> None:
        made.append(Case(name, ours, call, watched=watched, excuse=excuse))

    def file(name: str, call: Callable[[str], Any], path: Path, *watched: Any) -> None:
        made.append(Case(name, frozenset({MEMORY, FILES}), call, (str(path),), {}, watched, str(path)))

    counted = (np.ndarray, list, dict, _core.Log, _core.Table, _core.RFM)  # small numbers and texts are everyone's

    def core(name: str, function: Any, *arguments: Any, **keywords: Any) -> None:
        kinds = frozenset({MEMORY, PYTHON})
        held = tuple(value for value in (*arguments, *keywords.values()) if isinstance(value, counted))
        made.append(Case(name, kinds, function, arguments, keywords, held))

    # What the calls work on.
    data, more = shop(40), shop(10, 35)
    people = {
        "who": [f"顾客{i}" for i in range(9)],
        "city": np.array(["武汉", "济南", None] * 3, dtype=object),
        "age": np.arange(9),
    }
    goods = {"what": ["sku-1", "sku-1", "sku-2"], "price": [1.5, 2.5, 3.5], "since": ["2024-01-01", "2024-02-01", "2024-01-01"]}
    log = patron.EventLog(data, users=people, items=(goods, "what", "since"), **ROLES)
    other = patron.EventLog(more, **ROLES)
    profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    profiler = patron.profile.Profiler(windows=("30D",)).fit(log)
    rfm = patron.segment.RFM(bins=3).fit(profiles)
    types = patron.Table(all_types())
    frame, arrow, table = pd.DataFrame(data), pa.table(data), patron.Table(data)
    log_bytes, rfm_bytes = log.to_bytes(), rfm.to_bytes()
    pickled = {name: pickle.dumps(value) for name, value in (("log", log), ("rfm", rfm), ("table", types))}
    log_file, rfm_file = folder / "log", folder / "rfm"
    log.save(log_file)
    rfm.save(rfm_file)

    # Logs.
    add("EventLog(dict)", lambda: patron.EventLog(data, **ROLES), *data.values())
    add("EventLog(dict, users, items)", lambda: patron.EventLog(data, users=people, items=(goods, "what", "since"), **ROLES))
    add("EventLog(Table)", lambda: patron.EventLog(table, **ROLES), table)
    add("EventLog(pandas)", lambda: patron.EventLog(frame, **ROLES), frame)
    add("EventLog(pyarrow)", lambda: patron.EventLog(arrow, **ROLES), arrow)
    add("append", lambda: log.append(more), log, *more.values())
    add("merge", lambda: log.merge(other), log, other)
    add("between", lambda: log.between("2024-01-10", "2024-02-10"), log)
    add("split", lambda: log.split("2024-01-20"), log)
    add("with_users", lambda: log.with_users(people), log, people)
    add("with_items", lambda: log.with_items(goods, "what", "since"), log, goods)
    add("users", log.users, log)
    add("items", lambda: log.items("2024-01-15"), log)
    add("events", log.events, log)
    add("audit", lambda: log.audit, log)
    add("quality", log.quality, log)
    add("quality(previous)", lambda: log.quality(other), log, other)
    add("repr(log)", lambda: repr(log), log)
    add("log.to_bytes", log.to_bytes, log)
    add("EventLog.from_bytes", lambda: patron.EventLog.from_bytes(log_bytes), log_bytes)
    add("pickle of a log", lambda: pickle.dumps(log), log)
    add("unpickle of a log", lambda: pickle.loads(pickled["log"]), log)

    # Tables.
    add("Table(dict)", lambda: patron.Table(data), *data.values())
    add("Table(pandas)", lambda: patron.Table(frame), frame)
    add("Table(pyarrow)", lambda: patron.Table(arrow), arrow)
    add("select", lambda: types.select(["text", "bool"]), types)
    add("head", lambda: types.head(2), types)
    for name in types.columns:
        add(f"table['{name}']", lambda name=name: types[name], types)
    add("to_arrow", types.to_arrow, types)
    add("to_pandas", types.to_pandas, types)
    add("to_polars", lambda: repr(types.to_polars()), types, excuse=Exception)
    add("repr(table)", lambda: repr(types), types)
    add("html of a table", types._repr_html_, types)
    add("pickle of a table", lambda: types.__reduce__()[1], types)
    add("unpickle of a table", lambda: pickle.loads(pickled["table"]))
    add("__arrow_c_stream__", types.__arrow_c_stream__, types)
    add("__arrow_c_schema__", types.__arrow_c_schema__, types)
    add("__arrow_c_array__", types._patron_core.__arrow_c_array__, types)

    # Profiles and segments.
    add("Profiler.fit", lambda: patron.profile.Profiler(windows=("30D",)).fit(log), log)
    add("Profiler.transform", profiler.transform, log)
    add("Profiler.transform(as_of)", lambda: profiler.transform(as_of="2024-01-20"), log)
    add("RFM.fit", lambda: patron.segment.RFM(bins=3).fit(profiles), profiles)
    add("RFM.fit(cuts)", lambda: patron.segment.RFM(recency_cuts=[3.0, 9.0], monetary_cuts=[5.0]).fit(profiles), profiles)
    add("RFM.predict", lambda: rfm.predict(profiles), profiles, rfm)
    add("RFM.to_bytes", rfm.to_bytes, rfm)
    add("RFM.from_bytes", lambda: patron.segment.RFM.from_bytes(rfm_bytes), rfm_bytes)
    add("pickle of an RFM", lambda: pickle.dumps(rfm), rfm)
    add("unpickle of an RFM", lambda: pickle.loads(pickled["rfm"]))

    # Files.
    file("load of a log", patron.load, log_file)
    file("load of an RFM", patron.load, rfm_file)
    file("inspect", _core.inspect, log_file)
    file("verify", _core.verify, log_file)
    for name, call, made_of in (("log.save", log.save, log), ("RFM.save", rfm.save, rfm), ("to_csv", table.to_csv, table)):
        path = folder / name / "file"
        path.parent.mkdir()
        call(path)
        file(name, call, path, made_of)
        made[-1].writes, made[-1].whole = True, hashlib.sha256(path.read_bytes()).digest()

    # The extension, each function and method of it.
    core_log, core_table, core_types, core_rfm = log._patron_core, table._patron_core, types._patron_core, rfm._core
    numbers, keys = np.arange(1.0, 50.0), np.arange(50) % 7
    measures = [profiles[name].astype(np.float64) for name in ("recency_days", "orders", "revenue")]
    parts = [(name, core_types.parts(name)) for name in core_types.names]
    zone = ("Asia/Tokyo", 32400, np.arange(3), np.arange(3, dtype=np.int32))
    properties, kinds = ("note",), (("buy", "purchase"),)
    people_table, goods_table = patron.Table(people)._patron_core, patron.Table(goods)._patron_core
    get = operator.attrgetter
    core("log_build", _core.log_build, core_table, user="who", time="when", zone=zone, properties=properties)
    core(
        "log_build(kinds)",
        _core.log_build,
        core_table,
        user="who",
        time="when",
        event="done",
        kinds=kinds,
        time_range=(0, 2**60),
    )
    core("log_from_bytes", _core.log_from_bytes, log_bytes)
    core("log_load", _core.log_load, str(log_file))
    core("rfm_fit", _core.rfm_fit, *measures, bins=3, columns=("a", "b", "c"))
    core("rfm_fit(cuts)", _core.rfm_fit, *measures, recency_cuts=numbers, frequency_cuts=numbers, monetary_cuts=numbers)
    core("rfm_from_bytes", _core.rfm_from_bytes, rfm_bytes)
    core("rfm_load", _core.rfm_load, str(rfm_file))
    core("rfm_segment_names", _core.rfm_segment_names)
    core("profile_compute", _core.profile_compute, core_log, ("7D",), 10**15)
    core("profile_definitions", _core.profile_definitions, ("7D",))
    core("table_from_parts", _core.table_from_parts, 3, parts)
    core("table_combine", _core.table_combine, 40, [("a", core_table, "paid"), ("b", core_table, "who")])
    core("table_from_stream", lambda: _core.table_from_stream(core_types.__arrow_c_stream__()))
    core("table_from_array", lambda: _core.table_from_array(*core_types.__arrow_c_array__()))
    core("inspect", _core.inspect, str(log_file))
    core("verify", _core.verify, os.fsencode(log_file))
    for name in ("exp", "log", "log_gamma", "sum"):
        core(name, getattr(_core, name), numbers)
    core("sort_order", _core.sort_order, keys)
    core("random_uniform", _core.random_uniform, 40, seed=3)
    for name in ("get_threads", "cpu", "memory_peak_reset", "memory_peak", "memory"):
        core(name, getattr(_core, name))
    core("set_threads", _core.set_threads, 2)
    core("set_memory_cap", _core.set_memory_cap, None)

    core("Log.append", core_log.append, core_table)
    core("Log.merge", core_log.merge, other._patron_core)
    core("Log.between", core_log.between, -(2**60), 2**60)
    core("Log.with_users", core_log.with_users, people_table, "who", None)
    core("Log.with_items", core_log.with_items, goods_table, "what", "since")
    core("Log.users", core_log.users, 2**60)
    core("Log.items", core_log.items, 2**60)
    core("Log.quality", core_log.quality, other._patron_core)
    core("Log.has", core_log.has, "item")
    core("Log.save", core_log.save, str(folder / "core-log"))
    for name in ("events", "audit", "kinds", "to_bytes"):
        core(f"Log.{name}", getattr(core_log, name))
    for name in ("n_events", "n_users", "n_items", "start", "end", "timezone", "currency", "columns"):
        core(f"Log.{name}", get(name), core_log)

    for column in core_types.names:
        for name in ("column", "parts", "type", "timezone", "null_count"):
            core(f"Table.{name}('{column}')", getattr(core_types, name), column)
            if name == "column" and types[column].dtype.kind in "mM":
                # numpy.dtype("datetime64[D]") under refusal gives up a reference to datetime64 itself (2.4): not to be borne.
                made[-1].kinds = ours
    core("Table.codes", core_types.codes, "dictionary")
    core("Table.select", core_types.select, ["text", "bool"])
    core("Table.slice", core_types.slice, 1, 1)
    core("Table.names", get("names"), core_types)
    core("Table.n_rows", get("n_rows"), core_types)
    for name in ("__arrow_c_stream__", "__arrow_c_schema__", "__arrow_c_array__"):
        core(f"Table.{name}", getattr(core_types, name))

    core("RFM.predict", core_rfm.predict, *measures)
    core("RFM.thresholds", core_rfm.thresholds, "recency")
    core("RFM.save", core_rfm.save, str(folder / "core-rfm"))
    core("RFM.to_bytes", core_rfm.to_bytes)
    core("RFM.columns", get("columns"), core_rfm)
    core("RFM.bins", get("bins"), core_rfm)

    def fresh() -> str:
        module = _imp.create_dynamic(spec)
        _imp.exec_dynamic(module)
        return str(module.__version__)

    spec = importlib.util.spec_from_file_location("patron._core", _core.__file__)
    core("import", fresh)
    if sys.version_info >= (3, 12):  # where making a type, which is the interpreter's work, crashes (seen in 3.13.0)
        made[-1].kinds = ours

    # What is an error anyway stays that error, or is one of memory.
    def fails(name: str, function: Any, *arguments: Any, **keywords: Any) -> None:
        core(name, function, *arguments, **keywords)
        made[-1].fails = True

    fails("an absent file", _core.log_load, str(folder / "没有"))
    fails("a damaged file", _core.log_from_bytes, log_bytes[:-1])
    fails("an unknown column", core_types.column, "nothing")
    fails("an unknown role", _core.log_build, core_table, user="nobody", time="when")
    fails("an argument too many", _core.cpu, 1)
    fails("an unknown argument", _core.random_uniform, 1, sed=1)
    fails("a number for a name", core_types.column, 1)
    fails("a name for a number", core_log.users, "soon")
    fails("a list for an array", _core.exp, [1.0])
    fails("a table for a log", core_log.merge, core_table)
    fails("no capsule", _core.table_from_stream, 1)
    fails("a column too short", _core.table_from_parts, 9, [("a", ("l", 9, [None, numbers], None)), ("b", parts[0][1])])

    # With somebody who is told how far it is; so these come last.
    core("set_progress", _core.set_progress, lambda what, done, total: None)
    core("log_build, told", _core.log_build, core_table, user="who", time="when", item="what")
    core("Log.merge, told", core_log.merge, other._patron_core)
    core("profile_compute, told", _core.profile_compute, core_log, ("7D",), None)
    core("set_progress(None)", _core.set_progress, None)

    return made, [log, other, table, types, profiles, rfm]


def main(library: str, kind: str, folder: str) -> None:
    """Sweeps every call for one kind of request; PATRON_FAULT_CASE picks those that have it in their name."""
    faulthandler.enable()
    import patron

    patron.set_threads(2)
    wanted = os.environ.get("PATRON_FAULT_CASE", "")
    every, subjects = cases(Path(folder))
    hooks = Hooks(library, os.path.dirname(patron.__file__))
    sweep = Sweep(hooks, KINDS[kind], Path(folder), ONWARDS if LONG else MOST[KINDS[kind]])
    gc.disable()
    report = {}
    for case in every:
        if KINDS[kind] not in case.kinds or wanted not in case.name:
            continue
        before = digest(subjects)
        tally = sweep.run(case)
        if digest(subjects) != before:
            tally.failures.append("an object that was there before is another now")
        report[case.name] = vars(tally)
    Path(folder, "report").write_text(json.dumps(report))


# ---- the tests ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hooks, compiled."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8 or shutil.which(compiler[0]) is None:
        pytest.skip("needs a C compiler, and ELF files of 64 bits")
    out = tmp_path_factory.mktemp("hooks") / "fault_hooks.so"
    source = Path(__file__).with_name("fault_hooks.c")
    # Without a sanitizer of its own; if one is in the process, what the hooks call is the sanitizer's.
    command = [*compiler, "-std=c11", "-O1", "-shared", "-fPIC", "-o", str(out), str(source)]
    subprocess.run(command, check=True, env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"})
    return out


def swept(library: Path, kind: str, folder: Path) -> dict[str, Tally]:
    """What the sweep of a kind of request found; the calls that make none are left out."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['main'](*sys.argv[2:])"
    command = [sys.executable, "-c", code, __file__, str(library), kind, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{(folder / 'at').read_text().strip()}\n{done.stderr[-4000:]}"
    report = {name: Tally(**tally) for name, tally in json.loads((folder / "report").read_text()).items()}
    failures = [f"{name}: {failure}" for name, tally in report.items() for failure in tally.failures]
    assert not failures, "\n".join(failures)
    swept = {name: tally for name, tally in report.items() if tally.total > 0}
    for name, tally in swept.items():
        assert 0 < tally.errors <= tally.points, name
    print(
        f"{kind}: {len(swept)} calls, {sum(tally.points for tally in swept.values())} requests refused, "
        f"{sum(tally.errors for tally in swept.values())} errors"
    )
    return swept


def test_every_allocation_of_the_library_may_fail(library: Path, tmp_path: Path) -> None:
    calls = swept(library, "memory", tmp_path)
    assert len(calls) >= 90
    assert sum(tally.points for tally in calls.values()) >= 8000
    for name, least in {"EventLog(dict)": 100, "append": 100, "Profiler.transform": 100, "RFM.fit": 40, "log.save": 50}.items():
        assert calls[name].total >= least, name


def test_every_file_operation_may_fail(library: Path, tmp_path: Path) -> None:
    calls = swept(library, "files", tmp_path)
    least = {"log.save": 50, "RFM.save": 10, "to_csv": 8, "load of a log": 4, "load of an RFM": 4, "inspect": 3, "verify": 3}
    assert calls.keys() == least.keys()
    for name, total in least.items():
        assert calls[name].total >= total, name
        assert calls[name].points >= 4 * min(total, 50), name


def test_every_allocation_of_python_during_a_call_may_fail(library: Path, tmp_path: Path) -> None:
    from patron import _core

    calls = swept(library, "python", tmp_path)
    assert len(calls) >= 100
    assert sum(tally.points for tally in calls.values()) >= 1200
    # Each function and method of the extension is among them, but for those that ask Python for nothing.
    report = json.loads((tmp_path / "report").read_text())
    called = {name.partition("(")[0] for name in report}
    functions = {name for name in dir(_core) if callable(getattr(_core, name)) and name[0] != "_"}
    types = {"Table": _core.Table, "Log": _core.Log, "RFM": _core.RFM}
    methods = {
        f"{name}.{method}" for name, kind in types.items() for method in vars(kind) if method[:5] not in ("__doc", "__mod")
    }
    assert (functions - types.keys() - {"Memory", "FormatError"} | methods) - called == set()


def test_an_error_of_the_callers_own_object_stays_what_it_is() -> None:
    class Count:
        def __index__(self) -> int:
            raise ConnectionError("no answer")

    import patron

    with pytest.raises(ConnectionError, match="no answer"):
        patron.set_threads(Count())  # type: ignore[arg-type]
