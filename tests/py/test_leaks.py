"""No call keeps what it was given or made: over many rounds of each, allocated blocks, references, the library's memory and the
process itself stay as they are. Errors too.

`CALLS` holds, under the name of each function and method, a call that goes well and any number that are refused. A test at the
end reads the names off the module and the classes, so that whatever is added later has to come in here.
"""

from __future__ import annotations

import copy
import gc
import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

import patron
from conftest import LONG_ONCE
from patron import _core

ROUNDS = 10_000 if LONG_ONCE else 50
STRETCHES = 20
SLOW_ROUNDS = 10_000 if LONG_ONCE else 20  # calls that wait for the disk, or make a workbook

READ = ("columns", "shape", "n_events", "n_users", "n_items", "start", "end", "tz", "timezone", "currency", "kinds", "audit")
READ += ("n_rows", "names", "bins")


class World:
    """What the calls are given."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "saved"
        self.out = folder / "out"
        rng = np.random.default_rng(1)
        n = 40
        self.arrays = {
            "user": rng.integers(0, 6, n),
            "time": np.datetime64("2024-01-01", "us") + rng.integers(0, 10**13, n),
            "item": np.array([f"item {i % 7}" for i in range(n)], dtype=object),
            "amount": rng.integers(-100, 1000, n) / 100,
            "more": np.arange(n),
        }
        self.table = patron.Table(self.arrays)
        self.core = self.table._patron_core
        self.roles = {"user": "user", "time": "time", "item": "item", "amount": "amount"}
        self.log = patron.EventLog(self.table, **self.roles)
        self.other = patron.EventLog(self.arrays | {"time": self.arrays["time"] + 1}, **self.roles)
        self.attributes = patron.Table({"user": [1, 2], "since": ["2024-01-01", "2024-01-02"], "city": ["x", None]})
        self.goods = patron.Table({"item": ["item 1", "item 2"], "price": [1.5, None]})
        self.log.save(self.path)
        self.profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(self.log)
        self.rfm = patron.segment.RFM(bins=3).fit(self.profiles)
        self.profiler = patron.profile.Profiler(windows=("30D",)).fit(self.log)
        measures = ("recency_days", "orders", "revenue")
        self.measures = [np.ascontiguousarray(self.profiles[name], np.float64) for name in measures]
        self.rfm_path = folder / "rfm"
        self.rfm.save(self.rfm_path)
        damaged = bytearray(self.log.to_bytes())
        damaged[200] ^= 1
        self.bytes, self.rfm_bytes, self.damaged = self.log.to_bytes(), self.rfm.to_bytes(), bytes(damaged)
        self.damaged_path = folder / "damaged"
        self.damaged_path.write_bytes(self.damaged)
        self.wide = patron.Table(
            pa.table(
                {
                    "whole": pa.array([1, None, 2**60]),
                    "unsigned": pa.array([1, None, 2**64 - 1], pa.uint64()),
                    "small": pa.array([1, 2, None], pa.int8()),
                    "real": pa.array([1.0, None, 3.0]),
                    "plain": pa.array([1.0, 2.0, 3.0]),
                    "truth": pa.array([True, None, False]),
                    "sure": pa.array([True, True, False]),
                    "text": pa.array(["a", None, "吴杰"]),
                    "view": pa.array(["a", None, "longer than twelve"], pa.string_view()),
                    "name": pa.array(["a", None, "b"]).dictionary_encode(),
                    "day": pa.array([1, None, 3], pa.date32()),
                    "time": pa.array([1, None, 3], pa.timestamp("ms", "UTC")),
                    "span": pa.array([1, None, 3], pa.duration("s")),
                    "money": pa.array([1, None, 3]).cast(pa.decimal128(30, 2)),
                    "nothing": pa.nulls(3),
                }
            )
        )
        self.frame = self.wide.select(["real", "text", "time"]).to_pandas()
        self.polars = pl.DataFrame(self.arrays)
        self.arrow = pa.table(self.wide)
        self.numbers = rng.random(50) + 0.5
        self.keys = rng.integers(0, 99, 50)

    def arguments(self) -> list[Any]:
        """Everything that is handed in, and what all objects share."""
        types = [_core.Table, _core.Log, _core.RFM, _core.Memory, patron.Table, patron.EventLog, patron.FormatError]
        return [value for value in [*vars(self).values(), *self.arrays.values(), *self.measures, *types] if value is not None]


Call = Callable[[World], Any]


def parts(w: World, name: str) -> tuple[str, Any]:
    return name, w.wide._patron_core.parts(name)


def stop(*_: Any) -> None:
    raise ZeroDivisionError


def told_to_stop(w: World) -> None:
    before = _core.set_progress(stop)
    try:
        _core.log_build(w.core, **w.roles)
    finally:
        _core.set_progress(before)


CORE: dict[str, tuple[Call, ...]] = {
    "table_from_stream": (
        lambda w: _core.table_from_stream(w.arrow.__arrow_c_stream__()),
        lambda w: _core.table_from_stream(w.arrow.schema.__arrow_c_schema__()),
        lambda w: _core.table_from_stream(pa.table({"x": [[1]]}).__arrow_c_stream__()),
        lambda w: _core.table_from_stream(None),
    ),
    "table_from_array": (
        lambda w: _core.table_from_array(*w.arrow.to_batches()[0].__arrow_c_array__()),
        lambda w: _core.table_from_array(*reversed(w.arrow.to_batches()[0].__arrow_c_array__())),
        lambda w: _core.table_from_array(*pa.array([[1]]).__arrow_c_array__()),
    ),
    "table_from_parts": (
        lambda w: _core.table_from_parts(3, [parts(w, name) for name in w.wide.columns]),
        lambda w: _core.table_from_parts(4, [parts(w, "text")]),
        lambda w: _core.table_from_parts(3, [parts(w, "text"), ("x", ("l", 3, [None], None))]),
        lambda w: _core.table_from_parts(3, [parts(w, "name"), ("x", None)]),
        lambda w: _core.table_from_parts(2, [("x", ("U", 2, [None, np.array([0, 5, 2]), b"abc"], None))]),
    ),
    "table_combine": (
        lambda w: _core.table_combine(40, [("a", w.core, "user"), ("b", w.core, "item")]),
        lambda w: _core.table_combine(40, [("a", w.core, "user"), ("b", w.core, "nobody")]),
        lambda w: _core.table_combine(41, [("a", w.core, "user")]),
        lambda w: _core.table_combine(40, [("a", w, "user")]),
    ),
    "log_build": (
        lambda w: _core.log_build(
            w.core,
            **w.roles,
            properties=("more",),
            kinds=(("a", "view"),),
            zone=("X", 0, np.zeros(0, np.int64), np.zeros(0, np.int32)),
        ),
        lambda w: _core.log_build(w.core, user="nobody", time="time"),
        lambda w: _core.log_build(w.core, user="amount", time="time"),
        lambda w: _core.log_build(w.core, user="user", time="time", properties=("amount", 3)),
        lambda w: _core.log_build(w.core, user="user", time="time", kinds=(("a", "view"), ("b", None))),
        lambda w: _core.log_build(
            w.core, user="user", time="time", zone=("X", 0, np.zeros(1, np.int64), np.zeros(2, np.int32))
        ),
        lambda w: _core.log_build(w.core, user="user", time="time", nonsense=1),
        told_to_stop,
    ),
    "log_load": (
        lambda w: _core.log_load(w.path),
        lambda w: _core.log_load(w.damaged_path),
        lambda w: _core.log_load(w.rfm_path),
        lambda w: _core.log_load(w.out / "missing"),
        lambda w: _core.log_load("a\0b"),
        lambda w: _core.log_load(3.5),  # type: ignore[arg-type]
    ),
    "log_from_bytes": (lambda w: _core.log_from_bytes(w.bytes), lambda w: _core.log_from_bytes(w.damaged)),
    "profile_compute": (
        lambda w: _core.profile_compute(w.log._patron_core, ("7D", "30D"), None),
        lambda w: _core.profile_compute(w.log._patron_core, ("7D", "sometimes"), None),
        lambda w: _core.profile_compute(w.core, ("7D",), None),  # type: ignore[arg-type]
    ),
    "profile_definitions": (lambda w: _core.profile_definitions(("7D",)), lambda w: _core.profile_definitions(("7D", 7))),  # type: ignore[arg-type]
    "rfm_fit": (
        lambda w: _core.rfm_fit(*w.measures, bins=3, recency_cuts=np.array([1.0, 2.0]), columns=("a", "b", "c")),
        lambda w: _core.rfm_fit(*w.measures, bins=3, recency_cuts=np.array([2.0, 1.0])),
        lambda w: _core.rfm_fit(*w.measures, monetary_cuts=np.array([1, 2])),
        lambda w: _core.rfm_fit(*w.measures, columns=("a", "b", 3)),  # type: ignore[arg-type]
        lambda w: _core.rfm_fit(w.measures[0], w.measures[1], w.measures[2][1:]),
    ),
    "rfm_load": (lambda w: _core.rfm_load(w.rfm_path), lambda w: _core.rfm_load(w.path)),
    "rfm_from_bytes": (lambda w: _core.rfm_from_bytes(w.rfm_bytes), lambda w: _core.rfm_from_bytes(w.bytes)),
    "rfm_segment_names": (lambda w: _core.rfm_segment_names(),),
    "set_progress": (lambda w: _core.set_progress(_core.set_progress(stop)),),
    "set_threads": (lambda w: _core.set_threads(2), lambda w: _core.set_threads(-1)),
    "set_memory_cap": (
        lambda w: (_core.set_memory_cap(2**40), _core.set_memory_cap(None)),
        lambda w: _core.set_memory_cap(0),
        lambda w: _core.set_memory_cap("much"),  # type: ignore[arg-type]
    ),
    **{
        name: (lambda w, name=name: getattr(_core, name)(),)
        for name in ("get_threads", "cpu", "memory", "memory_peak", "memory_peak_reset")
    },
    "inspect": (lambda w: _core.inspect(w.path), lambda w: _core.inspect(w.damaged_path), lambda w: _core.inspect("/")),
    "verify": (lambda w: _core.verify(w.path), lambda w: _core.verify(w.damaged_path)),
    **{
        name: (
            lambda w, name=name: getattr(_core, name)(w.numbers),
            lambda w, name=name: getattr(_core, name)(w.keys),
            lambda w, name=name: getattr(_core, name)(None),
        )
        for name in ("exp", "log", "log_gamma", "sum")
    },
    "sort_order": (lambda w: _core.sort_order(w.keys), lambda w: _core.sort_order(w.numbers)),  # type: ignore[arg-type]
    "random_uniform": (lambda w: _core.random_uniform(9, stream=2), lambda w: _core.random_uniform(-1)),
    # ---- types
    "Memory": (lambda w: memoryview(w.log.events()["amount"].base),),
    "Table.type": (lambda w: w.core.type("item"), lambda w: w.core.type("nobody")),
    "Table.timezone": (lambda w: w.wide._patron_core.timezone("time"), lambda w: w.core.timezone("nobody")),
    "Table.null_count": (lambda w: w.core.null_count("item"), lambda w: w.core.null_count("nobody")),
    "Table.column": (
        lambda w: [w.wide._patron_core.column(name) for name in w.wide.columns],
        lambda w: w.core.column("nobody"),
    ),
    "Table.codes": (lambda w: w.wide._patron_core.codes("name"), lambda w: w.core.codes("user")),
    "Table.parts": (lambda w: [parts(w, name) for name in w.wide.columns], lambda w: w.core.parts("nobody")),
    "Table.select": (
        lambda w: w.core.select(["item", "user"]),
        lambda w: w.core.select(["item", "nobody"]),
        lambda w: w.core.select(["item", 3]),  # type: ignore[list-item]
    ),
    "Table.slice": (lambda w: w.core.slice(1, 1), lambda w: w.core.slice(1, 10**9)),
    "Table.__arrow_c_stream__": (
        lambda w: w.wide._patron_core.__arrow_c_stream__(),
        lambda w: w.core.__arrow_c_stream__(1, 2),  # type: ignore[call-arg]
    ),
    "Table.__arrow_c_array__": (lambda w: w.wide._patron_core.__arrow_c_array__(),),
    "Table.__arrow_c_schema__": (lambda w: w.wide._patron_core.__arrow_c_schema__(),),
    "Log.append": (lambda w: w.log._patron_core.append(w.core), lambda w: w.log._patron_core.append(w.goods._patron_core)),
    "Log.merge": (
        lambda w: w.log._patron_core.merge(w.other._patron_core),
        lambda w: w.log._patron_core.merge(w.core),  # type: ignore[arg-type]
    ),
    "Log.between": (
        lambda w: w.log._patron_core.between(0, 2**62),
        lambda w: w.log._patron_core.between(0, 2**70),
        lambda w: w.log._patron_core.between(5, 4),
    ),
    "Log.with_users": (
        lambda w: w.log._patron_core.with_users(w.attributes._patron_core, "user", "since"),
        lambda w: w.log._patron_core.with_users(w.attributes._patron_core, "city", None),
        lambda w: w.log._patron_core.with_users(w.attributes._patron_core, "user", "city"),
    ),
    "Log.with_items": (
        lambda w: w.log._patron_core.with_items(w.goods._patron_core, "item", None),
        lambda w: w.log._patron_core.with_items(w.goods._patron_core, "price", None),
    ),
    "Log.users": (lambda w: w.log._patron_core.users(2**60), lambda w: w.log._patron_core.users("now")),  # type: ignore[arg-type]
    "Log.items": (lambda w: w.log._patron_core.items(2**60), lambda w: w.log._patron_core.items(None)),  # type: ignore[arg-type]
    "Log.events": (lambda w: w.log._patron_core.events(),),
    "Log.audit": (lambda w: w.log._patron_core.audit(),),
    "Log.quality": (
        lambda w: w.log._patron_core.quality(w.other._patron_core),
        lambda w: w.log._patron_core.quality(w.core),  # type: ignore[arg-type]
    ),
    "Log.kinds": (lambda w: w.log._patron_core.kinds(),),
    "Log.has": (lambda w: w.log._patron_core.has("amount"), lambda w: w.log._patron_core.has(3)),  # type: ignore[arg-type]
    "Log.save": (lambda w: w.log._patron_core.save(w.out), lambda w: w.log._patron_core.save(w.out / "x" / "y")),
    "Log.to_bytes": (lambda w: w.log._patron_core.to_bytes(),),
    "RFM.predict": (
        lambda w: w.rfm._core.predict(*w.measures),
        lambda w: w.rfm._core.predict(w.measures[0], w.measures[1], w.keys),  # type: ignore[arg-type]
        lambda w: w.rfm._core.predict(w.measures[0], w.measures[1], -np.inf * w.measures[2]),
    ),
    "RFM.thresholds": (lambda w: w.rfm._core.thresholds("recency"), lambda w: w.rfm._core.thresholds("love")),
    "RFM.save": (lambda w: w.rfm._core.save(w.out), lambda w: w.rfm._core.save("/")),
    "RFM.to_bytes": (lambda w: w.rfm._core.to_bytes(),),
}

PYTHON: dict[str, tuple[Call, ...]] = {
    "load": (lambda w: (patron.load(w.path), patron.load(w.rfm_path)), lambda w: patron.load(w.damaged_path)),
    "get_include": (lambda w: patron.get_include(),),
    "EventLog": (
        lambda w: patron.EventLog(w.arrays, **w.roles, tz="Asia/Shanghai", users=w.attributes, items=(w.goods, "item")),
        lambda w: patron.EventLog(w.polars, user="user", time="tim"),
        lambda w: patron.EventLog(w.arrays | {"user": np.array([1, "a"] * 20, object)}, user="user", time="time"),
        lambda w: patron.EventLog(w.arrays, **w.roles, users=w.goods),
    ),
    "EventLog.quality": (lambda w: w.log.quality(w.other), lambda w: w.log.quality(w.table)),  # type: ignore[arg-type]
    "EventLog.events": (lambda w: w.log.events()["amount"],),
    "EventLog.with_users": (lambda w: w.log.with_users(w.attributes, valid_from="since"), lambda w: w.log.with_users(w.goods)),
    "EventLog.with_items": (lambda w: w.log.with_items(w.goods), lambda w: w.log.with_items(w.goods, "item", "when")),
    "EventLog.users": (lambda w: w.log.users(), lambda w: w.log.users("long ago")),
    "EventLog.items": (lambda w: w.log.items("2024-01-02"),),
    "EventLog.append": (lambda w: w.log.append(w.polars), lambda w: w.log.append(w.goods)),
    "EventLog.merge": (lambda w: w.log.merge(w.other, progress=lambda *_: None), lambda w: w.log.merge(None)),  # type: ignore[arg-type]
    "EventLog.between": (lambda w: w.log.between("2024-01-02", None), lambda w: w.log.between("x")),
    "EventLog.split": (lambda w: w.log.split("2024-02-01"), lambda w: w.log.split(None)),
    "EventLog.save": (lambda w: w.log.save(w.out), lambda w: w.log.save("")),
    "EventLog.to_bytes": (lambda w: w.log.to_bytes(),),
    "EventLog.from_bytes": (lambda w: patron.EventLog.from_bytes(w.bytes), lambda w: patron.EventLog.from_bytes(b"x" * 300)),
    "EventLog.__len__": (lambda w: len(w.log),),
    "EventLog.__reduce__": (lambda w: pickle.loads(pickle.dumps(w.log)),),
    "EventLog.__copy__": (lambda w: copy.copy(w.log),),
    "EventLog.__deepcopy__": (lambda w: copy.deepcopy(w.log),),
    "EventLog.__repr__": (lambda w: repr(w.log),),
    "EventLog._repr_html_": (lambda w: w.log._repr_html_(),),
    "Table": (
        lambda w: patron.Table(w.arrays, ["item", "user"]),
        lambda w: patron.Table(w.frame, ["nobody"]),
        lambda w: patron.Table({"x": [1, "a"]}),
        lambda w: patron.Table({"x": [1], "y": [1, 2]}),
        lambda w: patron.Table({"x": ["\ud800"]}),
        lambda w: patron.Table(3),
    ),
    "Table.type_of": (lambda w: w.table.type_of("user"), lambda w: w.table.type_of(3)),  # type: ignore[arg-type]
    "Table.timezone_of": (lambda w: w.wide.timezone_of("time"), lambda w: w.wide.timezone_of("x")),
    "Table.null_count": (lambda w: w.table.null_count("user"), lambda w: w.table.null_count("x")),
    "Table.select": (lambda w: w.table.select(["user"]), lambda w: w.table.select(["usr"]), lambda w: w.table.select("user")),
    "Table.head": (lambda w: w.wide.head(2),),
    "Table.to_pandas": (lambda w: patron.Table(w.wide.to_pandas()),),
    "Table.to_polars": (lambda w: patron.Table(w.wide.to_polars()),),
    "Table.to_arrow": (lambda w: patron.Table(w.wide.to_arrow()),),
    "Table.to_csv": (lambda w: w.wide.to_csv(w.out), lambda w: w.wide.to_csv(w.out / "x" / "y")),
    "Table.to_excel": (lambda w: w.wide.to_excel(w.out), lambda w: w.wide.to_excel(w.out / "x" / "y")),
    "Table.__len__": (lambda w: len(w.table),),
    "Table.__iter__": (lambda w: list(w.table),),
    "Table.__contains__": (lambda w: "user" in w.table,),
    "Table.__getitem__": (lambda w: [w.wide[name] for name in w.wide], lambda w: w.table["nobody"], lambda w: w.table[3]),  # type: ignore[index]
    "Table.__arrow_c_stream__": (lambda w: pa.table(w.wide),),
    "Table.__arrow_c_schema__": (lambda w: pa.schema(w.wide),),
    "Table.__reduce__": (lambda w: pickle.loads(pickle.dumps(w.wide)),),
    "Table.__copy__": (lambda w: copy.copy(w.wide),),
    "Table.__deepcopy__": (lambda w: copy.deepcopy(w.wide),),
    "Table.__repr__": (lambda w: repr(w.wide),),
    "Table._repr_html_": (lambda w: w.wide._repr_html_(),),
    "Profiler": (lambda w: patron.profile.Profiler(windows=("30D",)),),
    "Profiler.fit": (
        lambda w: patron.profile.Profiler().fit(w.log),
        lambda w: patron.profile.Profiler(windows=("x",)).fit(w.log),
    ),
    "Profiler.transform": (
        lambda w: w.profiler.transform(w.other, as_of="2024-02-01"),
        lambda w: patron.profile.Profiler().transform(w.log),
        lambda w: w.profiler.transform(as_of="x"),
    ),
    "Profiler.fit_transform": (lambda w: patron.profile.Profiler().fit_transform(w.log),),
    "Profiler.get_feature_names_out": (lambda w: w.profiler.get_feature_names_out(),),
    "Profiler.get_params": (lambda w: w.profiler.get_params(),),
    "Profiler.set_params": (
        lambda w: patron.profile.Profiler().set_params(windows=("7D",)),
        lambda w: w.profiler.set_params(colour=1),
    ),
    "Profiler.__repr__": (lambda w: repr(w.profiler),),
    "RFM": (lambda w: patron.segment.RFM(bins=4),),
    "RFM.fit": (lambda w: patron.segment.RFM().fit(w.profiles), lambda w: patron.segment.RFM(bins=1).fit(w.profiles)),
    "RFM.predict": (lambda w: w.rfm.predict(w.profiles)["segment"], lambda w: w.rfm.predict(w.table)),
    "RFM.fit_predict": (lambda w: patron.segment.RFM(bins=2).fit_predict(w.profiles),),
    "RFM.save": (lambda w: w.rfm.save(w.out), lambda w: patron.segment.RFM().save(w.out)),
    "RFM.to_bytes": (lambda w: w.rfm.to_bytes(),),
    "RFM.from_bytes": (lambda w: patron.segment.RFM.from_bytes(w.rfm_bytes), lambda w: patron.segment.RFM.from_bytes(w.bytes)),
    "RFM.get_params": (lambda w: w.rfm.get_params(),),
    "RFM.set_params": (lambda w: patron.segment.RFM().set_params(bins=3), lambda w: w.rfm.set_params(colour=1)),
    "RFM.__getstate__": (lambda w: pickle.loads(pickle.dumps(w.rfm)),),
    "RFM.__setstate__": (lambda w: copy.deepcopy(w.rfm),),
    "RFM.__repr__": (lambda w: repr(w.rfm),),
}

SLOW = {"Log.save", "RFM.save", "EventLog.save", "Table.to_csv", "Table.to_excel"}


def attributes_of(holder: Any) -> Call:
    """Reads every attribute that is not a method."""
    return lambda w: [getattr(value, name) for value in holder(w) for name in dir(type(value)) if name in READ]


CORE["attributes"] = (attributes_of(lambda w: [w.core, w.log._patron_core, w.rfm._core]),)
PYTHON["attributes"] = (attributes_of(lambda w: [w.table, w.log]),)


def refused(call: Call, world: World) -> None:
    try:
        call(world)
    except Exception:
        return
    raise AssertionError("this call was expected to fail")


def resident() -> int:
    """Bytes of the process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kept(world: World, run: Callable[[World], Any], rounds: int) -> list[str]:
    """What so many rounds of a call have left behind. One object lost a round would be `rounds`; caches take fewer."""
    gc.collect()
    held, references = _core.memory(), [sys.getrefcount(value) for value in world.arguments()]
    blocks = sys.getallocatedblocks()
    for _ in range(rounds):
        run(world)
    gc.collect()
    grown = sys.getallocatedblocks() - blocks
    now = [sys.getrefcount(value) for value in world.arguments()]
    found = []
    if grown > rounds // 2:
        found.append(f"{grown} blocks")
    if _core.memory() > held:
        found.append(f"{_core.memory() - held} bytes of the library")
    found += [f"references {before} became {after}" for before, after in zip(references, now, strict=True) if after > before]
    return found


def watch(folder: str) -> None:
    """Runs every call over and over, in a process where nobody else's caches grow."""
    world = World(Path(folder))
    gc.freeze()  # modules and the world need not be looked through each time
    problems = []
    sizes = []
    for table, calls in (("_core", CORE), ("patron", PYTHON)):
        for name, (good, *bad) in calls.items():
            for number, call in enumerate([good, *bad]):
                run = call if number == 0 else lambda w, call=call: refused(call, w)
                rounds = SLOW_ROUNDS if name in SLOW and number == 0 else ROUNDS
                try:
                    for _ in range(3):
                        run(world)
                    # A leak shows in every stretch, a cache that fills up does not.
                    stretches = (kept(world, run, rounds) for _ in range(STRETCHES))
                    found = [one for one in itertools.takewhile(bool, stretches)]
                except Exception as error:
                    found = [[repr(error)]] * STRETCHES
                if len(found) == STRETCHES:
                    problems.append(f"{table}.{name}, call {number}, {rounds} rounds: {', '.join(found[-1])}")
        sizes.append(resident())
    size = (sizes[1] - sizes[0]) / 2**20
    print(f"{len(CORE) + len(PYTHON)} names, {ROUNDS} rounds each; the latter half made the process {size:.1f} MiB larger")
    if size > 64:
        problems.append(f"the process grew by {size:.0f} MiB")
    assert not problems, "\n".join(problems)


def test_no_call_keeps_anything(tmp_path: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_leaks; test_leaks.watch(sys.argv[2])"
    words = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr


def names_of(home: Any, prefix: str = "") -> set[str]:
    """Public functions, methods and attributes."""
    found = set()
    for name, value in vars(home).items():
        shown = not name.startswith("_") or name.startswith("__arrow_c") or name == "_repr_html_"
        if not shown or (prefix and name in READ):
            continue
        if callable(value) or isinstance(value, (property, classmethod, staticmethod)):
            found.add(prefix + name)
    return found


def test_every_function_of_the_core_is_watched() -> None:
    types = {name: kind for name, kind in vars(_core).items() if isinstance(kind, type) and not issubclass(kind, Exception)}
    wanted = {name for name in names_of(_core) if name not in types and name != "FormatError"}
    for name, kind in types.items():
        methods = {
            f"{name}.{method}" for method, value in vars(kind).items() if callable(value) and not method.startswith("__")
        }
        methods |= {f"{name}.{method}" for method in vars(kind) if method.startswith("__arrow_c")}
        wanted |= methods or {name}
        read = {attribute for attribute, value in vars(kind).items() if type(value).__name__ == "getset_descriptor"}
        assert read <= set(READ) | {"__doc__"}
    assert wanted == set(CORE) - {"attributes"}


def test_every_public_name_of_the_package_is_watched() -> None:
    functions = {name for name in patron.__all__ if not isinstance(getattr(patron, name), type(os))}
    functions -= {"FormatError", "ConvergenceWarning", "__version__", "get_threads", "set_threads", "set_memory_cap"}
    wanted = functions | {"Profiler", "RFM"}
    special = {"__len__", "__iter__", "__contains__", "__getitem__", "__reduce__", "__copy__", "__deepcopy__", "__repr__"}
    special |= {"__getstate__", "__setstate__"}
    for kind in (patron.EventLog, patron.Table, patron.profile.Profiler, patron.segment.RFM):
        for home in kind.__mro__[:-1]:
            wanted |= names_of(home, f"{kind.__name__}.")
            wanted |= {f"{kind.__name__}.{name}" for name in special & set(vars(home))}
    assert wanted == set(PYTHON) - {"attributes"}


def test_memory_goes_back_with_the_last_object() -> None:
    rng = np.random.default_rng(1)
    data = {"user": rng.integers(0, 9000, 200_000), "time": np.arange(200_000).astype("datetime64[m]")}
    gc.collect()
    before = _core.memory()
    _core.memory_peak_reset()
    log = patron.EventLog(data, user="user", time="time")
    assert _core.memory() - before > 200_000 * 10
    peak = _core.memory_peak()
    assert peak >= _core.memory()
    part = log.between("1970-03-01", None)
    del log, part
    gc.collect()
    assert _core.memory() - before < 100_000
    _core.memory_peak_reset()
    assert _core.memory_peak() == _core.memory()
