"""Ctrl-C ends every call within 200 ms, wherever in its run it comes, and leaves nothing half-made.

`CALLS` names every public call that goes through data, with an input that makes it long. Each is timed, then interrupted early,
in the middle and late; what it held is given back, and a file it was writing is whole or not there. A call that is over in
200 ms anyway is not interrupted. A test at the end keeps the table complete.
"""

from __future__ import annotations

import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import patron
from conftest import LONG
from made_logs import build, events
from patron import _core

LIMIT = 0.2
N = 4_000_000 if LONG else 1_200_000


class Inputs:
    """What the calls are given; each made when it is first asked for."""

    def __init__(self, n: int, folder: Path) -> None:
        self.n, self.folder = n, folder
        self.rng = np.random.default_rng(1)

    def names(self, n: int, distinct: int) -> pa.Array:
        values = pa.array([f"客户 {number:09d}" for number in range(distinct)])
        return values.take(pa.array(self.rng.integers(0, distinct, n)))

    @cached_property
    def arrays(self) -> dict[str, Any]:
        return events(self.n, self.rng)

    @cached_property
    def table(self) -> patron.Table:
        return patron.Table(self.arrays)

    @cached_property
    def text(self) -> patron.Table:
        columns = {name: pa.array(self.arrays[name]) for name in ("time", "amount")}
        return patron.Table(
            pa.table(columns | {"user": self.names(self.n, self.n // 20 + 1), "item": self.names(self.n, 5000)})
        )

    @cached_property
    def wide(self) -> patron.Table:
        """Every role, times as text, and event ids."""
        times = pa.array(self.arrays["time"]).cast(pa.string())
        kinds = pa.array(["purchase", "view", "zoom"]).take(pa.array(self.rng.integers(0, 3, self.n)))
        return patron.Table(
            pa.table(
                {
                    "user": pa.array(self.arrays["user"]),
                    "time": times,
                    "item": self.names(self.n, 5000),
                    "amount": pa.array(self.arrays["amount"]),
                    "event": kinds,
                    "order": pa.array(self.rng.integers(0, self.n // 2, self.n)),
                    "id": pa.array(self.rng.integers(0, self.n, self.n)),
                    "category": self.names(self.n, 50),
                }
            )
        )

    @cached_property
    def one_user(self) -> patron.Table:
        return patron.Table(self.arrays | {"user": np.zeros(self.n, np.int64)})

    @cached_property
    def one_instant(self) -> patron.Table:
        return patron.Table(self.arrays | {"time": np.full(self.n, self.arrays["time"][0])})

    @cached_property
    def log(self) -> patron.EventLog:
        return build(self.table)

    @cached_property
    def text_log(self) -> patron.EventLog:
        return build(self.text)

    @cached_property
    def attributes(self) -> patron.Table:
        """Several rows a user, each valid from a day on."""
        n = self.n
        return patron.Table(
            pa.table(
                {
                    "key": pa.array(self.rng.integers(0, n // 20 + 1, n)),
                    "since": pa.array(self.arrays["time"]),
                    "city": self.names(n, 400),
                    "score": pa.array(self.rng.random(n)),
                }
            )
        )

    @cached_property
    def attributed(self) -> patron.EventLog:
        with_users = self.log.with_users(self.attributes, "key", "since")
        return with_users.with_items(self.attributes, "key", "since")

    @cached_property
    def saved(self) -> Path:
        path = self.folder / "saved"
        self.attributed.save(path)
        return path

    @cached_property
    def bytes(self) -> bytes:
        return self.log.to_bytes()

    @cached_property
    def pickled(self) -> bytes:
        return pickle.dumps(self.log)

    @cached_property
    def profiles(self) -> dict[str, Any]:
        n = 4 * self.n
        return {
            "user": np.arange(n),
            "recency_days": self.rng.random(n) * 500,
            "orders": self.rng.integers(1, 50, n).astype(np.float64),
            "revenue": self.rng.random(n) * 1000,
        }

    @cached_property
    def rfm(self) -> patron.segment.RFM:
        return patron.segment.RFM().fit(self.profiles)

    @cached_property
    def numbers(self) -> Any:
        return self.rng.random(16 * self.n) + 0.5

    @cached_property
    def keys(self) -> Any:
        return self.rng.integers(0, 2**62, 4 * self.n)

    @cached_property
    def arrow(self) -> dict[str, pa.Array]:
        """A column of every layout that is looked through when it comes in."""
        n = self.n
        nulls = self.rng.random(n) < 0.1
        texts = self.names(n, 50_000)
        whole = self.rng.integers(-(10**6), 10**6, n)
        return {
            "integers": pa.array(whole, mask=nulls),
            "large integers": pa.array(whole * 10**12, mask=nulls),
            "floats": pa.array(self.rng.random(n), mask=nulls),
            "half floats": pa.array(self.rng.random(n).astype(np.float16)),
            "truth": pa.array(nulls),
            "truth or null": pa.array(nulls, mask=nulls),
            "decimals": pa.array(whole).cast(pa.decimal128(38, 2)),
            "text": texts,
            "large text": texts.cast(pa.large_string()),
            "text views": texts.cast(pa.string_view()),
            "names": texts.dictionary_encode(),
            "times": pa.array(self.arrays["time"], mask=nulls),
            "days": pa.array(self.arrays["time"].astype("datetime64[D]"), mask=nulls),
            "spans": pa.array(whole.astype("timedelta64[s]"), mask=nulls),
        }

    @cached_property
    def columns_of_all_types(self) -> patron.Table:
        return patron.Table(pa.table(self.arrow))

    @cached_property
    def frame(self) -> pd.DataFrame:
        return self.text.to_pandas().astype({"user": object, "item": object})

    @cached_property
    def polars(self) -> pl.DataFrame:
        return pl.DataFrame(self.text)

    @cached_property
    def lists(self) -> dict[str, list[Any]]:
        return {"user": self.text["user"].tolist(), "amount": self.arrays["amount"].tolist()}

    @cached_property
    def dates(self) -> dict[str, list[Any]]:
        return {"time": self.arrays["time"].tolist()}


WINDOWS = tuple(f"{days}D" for days in (1, 2, 3, 5, 7, 14, 30, 60, 90, 180, 365))
COLUMNS = (
    "integers, large integers, floats, half floats, truth, truth or null, decimals, text, large text, text views, names, "
    "times, days, spans"
).split(", ")

CALLS: dict[str, Callable[[Inputs, Path], Any]] = {
    "EventLog of integers": lambda i, path: build(i.table),
    "EventLog of text": lambda i, path: build(i.text),
    "EventLog of every role": lambda i, path: build(
        i.wide,
        event="event",
        order="order",
        event_id="id",
        category="category",
        drop_duplicates=True,
        winsorize=True,
        trim_ids=True,
    ),
    "EventLog of one user": lambda i, path: build(i.one_user),
    "EventLog of one instant": lambda i, path: build(i.one_instant),
    "EventLog of pandas": lambda i, path: build(i.frame),
    "EventLog of polars": lambda i, path: build(i.polars),
    "EventLog.append": lambda i, path: i.log.append(i.table),
    "EventLog.merge": lambda i, path: i.log.merge(i.log),
    "EventLog.merge of text": lambda i, path: i.text_log.merge(i.text_log),
    "EventLog.between": lambda i, path: i.log.between("2023-02-01", "2024-02-01"),
    "EventLog.split": lambda i, path: i.log.split("2023-10-01"),
    "EventLog.with_users": lambda i, path: i.log.with_users(i.attributes, "key", "since"),
    "EventLog.with_items": lambda i, path: i.log.with_items(i.attributes, "key", "since"),
    "EventLog.users": lambda i, path: i.attributed.users(),
    "EventLog.items": lambda i, path: i.attributed.items("2023-10-01"),
    "EventLog.events": lambda i, path: i.text_log.events(),
    "EventLog.audit": lambda i, path: i.log.audit,
    "EventLog.quality": lambda i, path: i.text_log.quality(i.log),
    "EventLog.kinds": lambda i, path: i.log.kinds,
    "EventLog.save": lambda i, path: i.attributed.save(path),
    "EventLog.to_bytes": lambda i, path: i.attributed.to_bytes(),
    "EventLog.from_bytes": lambda i, path: patron.EventLog.from_bytes(i.bytes),
    "EventLog pickled": lambda i, path: pickle.dumps(i.log),
    "EventLog unpickled": lambda i, path: pickle.loads(i.pickled),
    "load": lambda i, path: patron.load(i.saved),
    "inspect": lambda i, path: _core.inspect(i.saved),
    "verify": lambda i, path: _core.verify(i.saved),
    "Profiler.fit": lambda i, path: patron.profile.Profiler(windows=WINDOWS).fit(i.log),
    "Profiler.fit_transform": lambda i, path: patron.profile.Profiler(windows=WINDOWS).fit_transform(i.text_log),
    "RFM.fit": lambda i, path: patron.segment.RFM().fit(i.profiles),
    "RFM.predict": lambda i, path: i.rfm.predict(i.profiles),
    "RFM.save": lambda i, path: i.rfm.save(path),
    "Table of arrays": lambda i, path: patron.Table(i.arrays),
    "Table of pandas": lambda i, path: patron.Table(i.frame),
    "Table of polars": lambda i, path: patron.Table(i.polars),
    "Table of lists": lambda i, path: patron.Table(i.lists),
    "Table of datetimes": lambda i, path: patron.Table(i.dates),
    **{f"Table of {name}": lambda i, path, name=name: patron.Table(pa.table({name: i.arrow[name]})) for name in COLUMNS},
    **{f"Table[{name}]": lambda i, path, name=name: i.columns_of_all_types[name] for name in COLUMNS},
    "Table.select": lambda i, path: i.columns_of_all_types.select(COLUMNS[::-1]),
    "Table.head": lambda i, path: i.columns_of_all_types.head(),
    "Table.null_count": lambda i, path: [i.columns_of_all_types.null_count(name) for name in COLUMNS],
    "Table.to_arrow": lambda i, path: i.columns_of_all_types.to_arrow(),
    "Table.to_pandas": lambda i, path: i.text.to_pandas(),
    "Table.to_polars": lambda i, path: i.text.to_polars(),
    "Table.to_csv": lambda i, path: i.table.to_csv(path),
    "Table pickled": lambda i, path: pickle.dumps(i.columns_of_all_types),
    "repr of a Table": lambda i, path: repr(i.columns_of_all_types),
    "exp": lambda i, path: _core.exp(i.numbers),
    "log": lambda i, path: _core.log(i.numbers),
    "log_gamma": lambda i, path: _core.log_gamma(i.numbers),
    "sum": lambda i, path: _core.sum(i.numbers),
    "sort_order": lambda i, path: _core.sort_order(i.keys),
    "random_uniform": lambda i, path: _core.random_uniform(16 * i.n),
}


# Calls that make or read one Python object a row: as long with a tenth of the rows.
OBJECTS = {"EventLog of pandas", "Table of pandas", "Table of lists", "Table of datetimes", "Table.to_pandas"}
OBJECTS |= {"Table.to_csv", "Table pickled", "Table[text]", "Table[large text]", "Table[text views]"}


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


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inputs]:
    patron.set_threads(1)  # calls take longer
    yield Inputs(N, tmp_path_factory.mktemp("inputs"))
    patron.set_threads(0)


@pytest.fixture(scope="module")
def fewer_inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return Inputs(N // 10, tmp_path_factory.mktemp("fewer"))


@pytest.mark.timing
@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_ends_a_call_within_200_ms(name: str, inputs: Inputs, fewer_inputs: Inputs, tmp_path: Path) -> None:
    path = tmp_path / "out"

    given = fewer_inputs if name in OBJECTS else inputs

    def call() -> object:
        return CALLS[name](given, path)

    call()  # makes its inputs
    took = timed(call)
    if took < LIMIT:
        return
    took = min(took, timed(call))
    path.unlink(missing_ok=True)
    held = _core.memory()
    waits = []
    for share in (0.05, 0.3, 0.6, 0.9) if LONG else (0.05, 0.5, 0.9):
        for _ in range(3):  # another process may be in the way of one
            wait = interrupted(call, max(0.001, took * share))
            if path.exists():  # the signal came after the file was whole
                assert name == "Table.to_csv" or _core.verify(path) is None
                path.unlink()
            assert list(tmp_path.iterdir()) == []
            assert _core.memory() <= held
            if wait is None or wait < LIMIT:
                break
        if wait is not None:
            waits.append((share, wait))
    print(f"{name}: {took * 1000:.0f} ms; ended after {', '.join(f'{wait * 1000:.0f}' for _, wait in waits)} ms")
    assert all(wait < LIMIT for _, wait in waits)
    early = [wait for share, wait in waits if share < 0.1]
    assert early  # it stopped, and did not just come to its end
    assert early[0] < took / 2


def test_a_signal_handler_that_does_not_raise_does_not_stop_the_call(inputs: Inputs) -> None:
    calls: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    try:
        assert interrupted(lambda: build(inputs.table), 0.02) is None
        assert build(inputs.table).n_events == N
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [signal.SIGINT]


@pytest.mark.timing
def test_ctrl_c_is_heard_while_other_threads_call_without_end(inputs: Inputs) -> None:
    """Another thread's short calls must not take all turns to ask."""
    over = threading.Event()
    few = inputs.numbers[:50_000]

    def work() -> None:
        while not over.is_set():
            _core.exp(few)

    _core.sort_order(inputs.keys)  # the first touch of so much memory may wait for the system
    others = [threading.Thread(target=work) for _ in range(2)]
    for other in others:
        other.start()
    try:
        waits = [interrupted(lambda: _core.sort_order(inputs.keys), 0.05) for _ in range(5)]
    finally:
        over.set()
        for other in others:
            other.join()
    heard = sorted(wait for wait in waits if wait is not None)
    assert len(heard) >= 3
    assert heard[len(heard) // 2] < LIMIT


def test_every_long_call_is_in_the_table() -> None:
    """Methods of the public classes that go through data."""
    quick = {"Table.columns", "Table.shape", "Table.type_of", "Table.timezone_of", "EventLog.n_events", "EventLog.n_users"}
    quick |= {"EventLog.n_items", "EventLog.start", "EventLog.end", "EventLog.tz", "EventLog.currency"}
    quick |= {"RFM.to_bytes", "RFM.from_bytes"}  # a few hundred numbers
    quick |= {"RFM.fit_predict", "Profiler.transform", "Profiler.get_feature_names_out"}  # parts or sums of others
    quick |= {"Table.to_excel"}  # openpyxl's own time; Python all through
    known = set(CALLS)
    for kind in (patron.EventLog, patron.Table, patron.profile.Profiler, patron.segment.RFM):
        names = {f"{kind.__name__}.{name}" for name in vars(kind) if not name.startswith("_")}
        assert names <= known | quick
    functions = {name for name, value in vars(_core).items() if type(value).__name__ == "builtin_function_or_method"}
    inner = {"table_", "log_", "profile_", "rfm_", "set_", "get_", "memory", "cpu"}  # behind the classes, or quick
    assert {name for name in functions if not name.startswith(tuple(inner)) or name == "log_gamma"} <= known
