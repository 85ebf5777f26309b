"""Bad input: each a clear error that names the column, row and value; nothing lost, nothing leaked, never a crash."""

from __future__ import annotations

import ctypes
import datetime as dt
import errno
import gc
import os
import pickle
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import patron
from patron import _core

GOOD: dict[str, Any] = {"customer": [1, 2], "when": ["2024-01-01", "2024-01-02"], "paid": [1.0, 2.0]}


def build(columns: dict[str, Any] | None = None, frame: Any = None, **more: Any) -> patron.EventLog:
    data = frame if frame is not None else GOOD | (columns or {})
    return patron.EventLog(data, **({"user": "customer", "time": "when", "amount": "paid"} | more))


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Any:
    _core.sum(np.zeros(1_000_000))  # starts the threads, whose memory stays
    gc.collect()  # what other tests left behind
    before = _core.memory()
    yield
    if _core.memory() != before:
        gc.collect()
    assert _core.memory() == before


# ---- columns -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        dict,
        pd.DataFrame,
        pl.DataFrame,
        pa.table,
        lambda data: pa.table(data).to_reader(),
        lambda data: duckdb.from_arrow(pa.table(data)),
        patron.Table,
    ],
    ids=["dict", "pandas", "polars", "arrow", "reader", "duckdb", "patron"],
)
def test_no_such_column(make: Any) -> None:
    frame = make(GOOD)
    with pytest.raises(
        ValueError, match=r"There is no column 'costumer' for user. Did you mean 'customer'\?.*'customer', 'when', 'paid'"
    ):
        build(frame=frame, user="costumer")


def test_a_property_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"no column 'colour'"):
        build(properties=["colour"])
    with pytest.raises(TypeError, match=r"properties is 'paid'; expected a list"):
        build(properties="paid")


def test_a_column_in_the_index_is_pointed_at() -> None:
    with pytest.raises(ValueError, match=r"'customer' is in the index of df.*reset_index"):
        build(frame=pd.DataFrame(GOOD).set_index("customer"))


def test_two_columns_of_one_name() -> None:
    frame = pd.DataFrame([[1, 2, "2024-01-01", 1.0]], columns=["customer", "customer", "when", "paid"])
    with pytest.raises(ValueError, match="2 columns named 'customer'"):
        build(frame=frame)


def test_users_and_times_must_be_named() -> None:
    with pytest.raises(TypeError, match="user is None"):
        build(user=None)
    with pytest.raises(TypeError, match="name of a column is 3 of type int"):
        build(user=3)
    with pytest.raises(TypeError):
        patron.EventLog(GOOD)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([1.5, 2.5], TypeError, r"'customer' \(user\).*row 0: 1.5.*expected integers or text"),
        (np.array([np.nan, 2.0]), TypeError, r"'customer' \(user\).*float.*expected integers or text"),
        ([True, False], TypeError, r"'customer' holds bool; expected integers or text"),
        ([1, "a"], TypeError, r"Column 'customer' mixes types: row 0 holds 1 \(int\), row 1 'a' \(str\)"),
        (["a", 2.5], TypeError, r"'customer' mixes types: row 0 holds 'a' \(str\), row 1 2.5 \(float\)"),
        ([None, dt.date(2024, 1, 1)], TypeError, r"'customer' holds date; expected integers or text"),
        ([b"x", b"y"], TypeError, r"Column 'customer', row 0: b'x' \(bytes\)"),
        ([{}, []], TypeError, r"Column 'customer', row 0: \{\} \(dict\)"),
        ([2**64, 1], ValueError, r"'customer', row 0: 18446744073709551616 does not fit"),
        (["\ud800", "b"], ValueError, r"Column 'customer', row 0: .*not valid text"),
        (np.array([b"ok", b"\xff\xfe"]), ValueError, r"(?i)'customer', row 1.*UTF-8"),
        (np.array([1 + 2j, 1]), TypeError, r"Column 'customer' has the numpy type complex128"),
        (np.array([[1], [2]]), ValueError, r"Column 'customer' has the shape \(2, 1\)"),
        (np.array([1, 2], "timedelta64"), TypeError, r"Column 'customer' has the numpy type timedelta64 without a unit"),
        ("ab", TypeError, r"Column 'customer' is 'ab'; expected an array"),
        (7, TypeError, r"Column 'customer' is 7; expected an array"),
        ([1, 2, 3], ValueError, r"Column '.*' has . rows, column '.*' .; expected as many"),
        (
            pd.period_range("2024-01", periods=2, freq="M").array,
            TypeError,
            r"Column 'customer' has the pandas type period\[M\]",
        ),
        (pa.array([[1], [2]]), TypeError, r"(?i)'' .*list|'customer'.*list"),
        (pl.Series([[1], [2]]), TypeError, r"(?i)list"),
    ],
)
def test_bad_ids(ids: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build({"customer": ids})


def test_times_that_do_not_parse_drop_their_rows_and_are_counted() -> None:
    log = build({"customer": [1, 2, 3, 4], "when": ["2024-01-01", "2023-02-29", "soon", "2024-01-01"], "paid": [1, 2, 3, 4]})
    assert log.n_events == 2
    found = zip(*(log.audit[name] for name in ("rule", "column", "rows", "action", "example")), strict=True)
    assert ("unreadable time", "when", 2, "dropped", "2023-02-29") in list(found)


def test_missing_ids_drop_their_rows_and_are_counted() -> None:
    for ids in ([None, "a"], [np.nan, "a"], [pd.NA, "a"], pd.array([None, 1], dtype="Int64"), [None, 3]):
        log = build({"customer": ids})
        assert log.n_events == 1
        assert dict(zip(log.audit["rule"], log.audit["rows"], strict=True))["missing user"] == 1


@pytest.mark.parametrize(
    ("times", "how", "error", "message"),
    [
        (["yesterday", "tomorrow"], {}, ValueError, r"'when', row 0: 'yesterday' is not a time; expected ISO 8601"),
        (["2024-13-01", None], {}, ValueError, r"'when', row 0: '2024-13-01'"),
        ([19970101, 19970102], {}, TypeError, r"Column 'when', row 0: 19970101 is a bare integer.*time_unit.*time_format"),
        ([1.5, 2.5], {}, TypeError, r"Column 'when' holds (float64|double)"),
        ([True, False], {}, TypeError, r"'when' holds bool"),
        (["1960-01-01", "2024-01-01"], {}, ValueError, r"'when', row 0.*1960"),
        (["2024-01-01", "2200-01-01"], {}, ValueError, r"'when', row 1.*2200"),
        (np.array([-1, 0], "datetime64[D]"), {}, ValueError, r"'when', row 0.*1969"),
        (["2024-01-01", "2024-01-02"], {"time_format": "%d/%m/%Y"}, ValueError, r"'when', row 0.*'2024-01-01'"),
        (["2024-01-01", "2024-01-02"], {"time_format": "%!"}, ValueError, r"time_format|%!"),
        ([1, 2], {"time_unit": "h"}, ValueError, r"time_unit is 'h'; expected one of 's', 'ms', 'us', 'ns', 'D'"),
        (
            [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)],
            {},
            TypeError,
            r"mixes times with and without a time zone.*row 1",
        ),
        (["2024-01-01", dt.date(2024, 1, 1)], {}, TypeError, r"'when' mixes types: row 0 holds '2024-01-01' \(str\), row 1"),
        ([dt.time(1), dt.time(2)], {}, TypeError, r"'when', row 0: datetime.time\(1, 0\) \(time\)"),
        (np.array([1, 2], "datetime64[as]"), {}, TypeError, r"'when' has the numpy type .*as\]; expected nanoseconds"),
        (["2024-01-01", "2024-01-02"], {"tz": "Mars/Olympus"}, ValueError, r"tz is 'Mars/Olympus', which is no time zone"),
        (["2024-01-01", "2024-01-02"], {"tz": "../etc/passwd"}, ValueError, r"tz is"),
        (["2024-01-01", "2024-01-02"], {"tz": dt.timezone(dt.timedelta(hours=8))}, TypeError, r"tz is .*expected the name"),
        (["2024-01-01", "2024-01-02"], {"time_range": ("2025-01-01", None)}, ValueError, r"No event is left of 2 rows"),
        (["2024-01-01", "2024-01-02"], {"time_range": "2025"}, TypeError, r"time_range is '2025'; expected \(from, to\)"),
        (["2024-01-01", "2024-01-02"], {"time_range": (5, None)}, TypeError, r"start is 5 of type int"),
        ([None, None], {}, ValueError, r"No event is left of 2 rows"),
    ],
)
def test_bad_times(times: Any, how: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build({"when": times}, **how)


@pytest.mark.parametrize(
    ("amounts", "error", "message"),
    [
        (["1", "2"], TypeError, r"'paid' \(amount\).*(string|text)"),
        ([1, "2"], TypeError, r"'paid' mixes types: row 0 holds 1 \(int\), row 1 '2' \(str\)"),
        ([Decimal(1), 2.5], TypeError, r"'paid' mixes types"),
        ([Decimal("Infinity"), Decimal(1)], ValueError, r"'paid', row 0: Decimal\('Infinity'\).*finite"),
        ([Decimal("1e38"), Decimal("0.1")], ValueError, r"'paid', row 0: .*38 digits"),
    ],
)
def test_bad_amounts(amounts: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build({"paid": amounts})


def test_amounts_that_are_no_numbers_are_counted() -> None:
    log = build(frame=pl.DataFrame(GOOD | {"paid": [float("inf"), float("nan")]}))
    assert dict(zip(log.audit["rule"], log.audit["rows"], strict=True))["not a finite number"] == 2


def test_two_currencies() -> None:
    with pytest.raises(ValueError, match=r"Column 'money' has two currencies, 'CNY' in row 0 and 'USD' in row 1"):
        build({"money": ["CNY", "USD"]}, currency="money")


def test_wrong_kinds() -> None:
    with pytest.raises(ValueError, match=r"kinds rewrites 'buy' to 'acquire', which is no kind"):
        build({"event": ["buy", "buy"]}, event="event", kinds={"buy": "acquire"})
    with pytest.raises(TypeError, match=r"kinds is \['buy'\]; expected a dict"):
        build({"event": ["buy", "buy"]}, event="event", kinds=["buy"])
    with pytest.raises(TypeError, match=r"A name in kinds is 1 of type int"):
        build({"event": ["buy", "buy"]}, event="event", kinds={1: "view"})


@pytest.mark.parametrize(
    "frame",
    [
        {"customer": [], "when": [], "paid": []},
        pd.DataFrame(GOOD).iloc[:0],
        pl.DataFrame(GOOD).clear(),
        pa.table(GOOD).slice(0, 0),
    ],
    ids=["dict", "pandas", "polars", "arrow"],
)
def test_an_empty_log(frame: Any) -> None:
    with pytest.raises(ValueError, match="There are no events: the table has 0 rows"):
        build(frame=frame)


@pytest.mark.parametrize("frame", [None, 5, "events.csv", [1, 2], np.zeros((2, 2)), object()])
def test_not_a_frame(frame: Any) -> None:
    with pytest.raises(TypeError, match=r"df is of type .*expected a data frame"):
        patron.EventLog(frame, user="customer", time="when")


def test_a_lazy_frame_is_to_be_collected() -> None:
    with pytest.raises(TypeError, match=r"df is a polars LazyFrame.*collect\(\)"):
        build(frame=pl.LazyFrame(GOOD))


def test_logs_that_do_not_fit_together() -> None:
    log = build()
    with pytest.raises(ValueError, match=r"time zone 'UTC', the other in 'Asia/Shanghai'"):
        log.merge(build(tz="Asia/Shanghai"))
    with pytest.raises(ValueError, match=r"Only one of the logs has a column 'amount'"):
        log.merge(build(amount=None))
    with pytest.raises(ValueError, match=r"no column 'paid' for amount"):
        log.append({"customer": [1], "when": ["2024-01-01"]})
    with pytest.raises((TypeError, ValueError), match=r"(?i)user"):
        log.append(GOOD | {"customer": ["a", "b"]})
    with pytest.raises(TypeError, match="other is of type dict; expected an EventLog"):
        log.merge(GOOD)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="previous is of type int; expected an EventLog"):
        log.quality(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="starts after it ends"):
        log.between("2025-01-01", "2024-01-01")
    assert log.n_events == 2


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("soon", ValueError, r"cutoff is 'soon'; expected a time such as"),
        (np.datetime64("NaT"), ValueError, r"cutoff is NaT"),
        (pd.NaT, (ValueError, TypeError), r"cutoff is NaT"),
        (5, TypeError, r"cutoff is 5 of type int"),
        (None, TypeError, r"cutoff is None"),
    ],
)
def test_no_time_to_cut_at(value: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        build().split(value)


# ---- Arrow -------------------------------------------------------------------------------------------------------------


class Capsule:
    """A producer that hands out one given capsule."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.capsule


def test_a_stream_can_be_read_once() -> None:
    once = Capsule(pa.table(GOOD).__arrow_c_stream__())
    assert patron.Table(once).shape == (2, 3)
    with pytest.raises(ValueError, match="released"):
        patron.Table(once)


def test_a_capsule_of_another_kind() -> None:
    with pytest.raises(TypeError, match="expected a PyCapsule named 'arrow_array_stream'"):
        patron.Table(Capsule(pa.table(GOOD).schema.__arrow_c_schema__()))
    with pytest.raises(TypeError, match="expected a PyCapsule named 'arrow_array_stream'"):
        patron.Table(Capsule(None))
    with pytest.raises(TypeError, match="expected a PyCapsule"):
        _core.table_from_array(1, 2)


class Failing(Capsule):
    def __init__(self, after: int) -> None:
        def batches() -> Any:
            for _ in range(after):
                yield pa.record_batch(GOOD)
            raise OSError("the disk went away")

        super().__init__(pa.RecordBatchReader.from_batches(pa.table(GOOD).schema, batches()).__arrow_c_stream__())


@pytest.mark.parametrize("after", [0, 3])
def test_a_stream_that_fails_says_why(after: int) -> None:
    with pytest.raises((ValueError, OSError), match="the disk went away"):
        patron.Table(Failing(after))


@pytest.mark.parametrize(
    "column", [pa.array([[1], [2]]), pa.array([{"a": 1}, {"a": 2}]), pa.array([b"a", b"b"]), pa.array([dt.time(1), dt.time(2)])]
)
def test_arrow_types_without_a_meaning_are_named(column: Any) -> None:
    with pytest.raises(TypeError, match=r"Column 'odd' has Arrow type"):
        patron.Table(pa.table({"odd": column}))
    assert build(frame=pa.table(GOOD).append_column("odd", column)).n_events == 2


def test_an_error_in_the_producer_is_passed_on() -> None:
    class Producer:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise RuntimeError("not today")

    with pytest.raises(RuntimeError, match="not today"):
        patron.Table(Producer())


GOOD_PARTS = ("l", 2, [None, np.arange(2)], None)


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        (
            ("l", 3, [None, np.arange(2)], None),
            ValueError,
            r"'x': the value buffer has 16 bytes; expected at least 24 for 3 rows",
        ),
        (("l", 9, [b"\1", np.arange(9)], None), ValueError, r"'x': the validity buffer has 1 bytes; expected at least 2"),
        (("U", 1, [None, np.arange(1), b""], None), ValueError, r"'x': the offset buffer has 8 bytes; expected at least 16"),
        (
            ("U", 1, [None, np.array([0, 5]), b"abc"], None),
            ValueError,
            r"'x': the text buffer has 3 bytes; expected at least 5",
        ),
        (("u", 1, [None, np.array([0, -5], np.int32), b"abc"], None), ValueError, r"'x'"),
        (("U", 2, [None, np.array([0, 3, 1]), b"abc"], None), ValueError, r"'x'.*offset"),
        (("U", 1, [None, np.array([0, 2]), b"\xff\xfe"], None), ValueError, r"'x', row 0.*UTF-8"),
        (("l", 2, [None, None], None), ValueError, r"'x': the value buffer has 0 bytes"),
        (("zz", 1, [None, b""], None), TypeError, r"'x' has Arrow format 'zz'"),
        (("", 1, [None, b""], None), TypeError, r"'x' has Arrow format ''"),
        (("l", 2, [], None), ValueError, r"'x' has 0 buffers"),
        (("l", 2, [None] * 9, None), ValueError, r"'x' has 9 buffers"),
        (("l", 2, [None, "text"], None), TypeError, r"bytes-like"),
        (("l", 2, 5, None), TypeError, r"has no len"),
        ((1, 2, 3, 4), TypeError, r"The format is 1 of type int"),
        (("l", "2", [None], None), TypeError, r"The length is '2'"),
        (("l",), TypeError, r"'x' is described by \('l',\)"),
        (7, TypeError, r"'x' is described by 7"),
        (("c", 1, [None, b"\x05"], ("l", 2, [None, np.arange(2)], None)), ValueError, r"'x'.*5"),
        (("c", 1, [None, b"\x00"], ("l", 5, [None, np.arange(2)], None)), ValueError, r"'x': the value buffer has 16 bytes"),
        (("g", 1, [None, b"12345678"], ("l", 2, [None, np.arange(2)], None)), (ValueError, TypeError), r"'x'"),
    ],
)
def test_a_column_longer_than_its_buffers_or_otherwise_wrong(parts: Any, error: Any, message: str) -> None:
    rows = parts[1] if isinstance(parts, tuple) and len(parts) > 1 and isinstance(parts[1], int) else 2
    with pytest.raises(error, match=message):
        _core.table_from_parts(rows, [("x", parts)])
    with pytest.raises(error, match=message):
        _core.table_from_parts(rows, [("good", ("n", rows if 0 <= rows < 99 else 0, [None], None)), ("x", parts)])


def test_core_functions_check_what_they_get() -> None:
    table = _core.table_from_parts(2, [("x", GOOD_PARTS)])
    with pytest.raises(ValueError, match="'x' has 2 rows; expected 3 like the table"):
        _core.table_from_parts(3, [("x", GOOD_PARTS)])
    with pytest.raises(ValueError, match="'y' has 2 rows; expected 3 like the table"):
        _core.table_combine(3, [("y", table, "x")])
    for rows in (-1, 2**62):
        with pytest.raises(ValueError, match=f"'x' has {rows} rows; expected 0 or more"):
            _core.table_from_parts(rows, [("x", ("l", rows, [None, b""], None))])
    with pytest.raises(TypeError, match="source of a column is of type int"):
        _core.table_combine(2, [("y", 5, "x")])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="no column 'z'"):
        _core.table_combine(2, [("y", table, "z")])
    with pytest.raises(TypeError, match="expected a dictionary"):
        table.codes("x")
    for call in (_core.table_from_parts, _core.table_combine):
        with pytest.raises(TypeError):
            call(2, 5)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            call(2, [5])  # type: ignore[list-item]
        with pytest.raises(TypeError):
            call()  # type: ignore[call-arg]
    for kind in (_core.Table, _core.Log, _core.RFM, _core.Memory):
        with pytest.raises(TypeError, match="cannot create"):
            kind()
        with pytest.raises(TypeError):
            kind.answer = 42  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="null character"):
        table.column("x\0")
    with pytest.raises(TypeError, match=r"log_build\(\) needs the argument 'table'"):
        _core.log_build()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"log_build\(\) has no argument named 'usr'"):
        _core.log_build(table, usr="x")
    with pytest.raises(TypeError, match=r"log_build\(\) was given the argument 'table' twice"):
        _core.log_build(table, **{"table": table})
    with pytest.raises(ValueError, match="1 transitions and 2 offsets"):
        _core.log_build(table, user="x", time="x", zone=("Z", 0, np.zeros(1, np.int64), np.zeros(2, np.int32)))
    with pytest.raises(TypeError, match="expected one dimension of 'd'"):
        _core.exp(np.arange(3))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected one dimension of 'd'"):
        _core.exp(np.zeros((2, 2)))
    with pytest.raises(TypeError, match="contiguous"):
        _core.exp(np.zeros(9)[::3])
    with pytest.raises(ValueError, match="n is -1"):
        _core.random_uniform(-1)
    with pytest.raises(ValueError, match="threads is 1000; expected 1 to 256"):
        patron.set_threads(1000)
    with pytest.raises(TypeError, match="number of threads is 'two'"):
        patron.set_threads("two")  # type: ignore[arg-type]


@given(st.data())
def test_any_parts_are_read_or_refused(data: st.DataObject) -> None:
    formats = st.sampled_from(
        ["b", "c", "S", "i", "l", "g", "f", "u", "U", "tdD", "tsu:", "d:5,2", "n", "vu", "+s", "tdm", "e"]
    )
    buffers = st.none() | st.binary(max_size=40)
    parts = st.tuples(formats, st.integers(0, 6), st.lists(buffers, min_size=1, max_size=3), st.none())
    whole = data.draw(st.one_of(parts, st.tuples(formats, st.integers(0, 6), st.lists(buffers, min_size=1, max_size=3), parts)))
    try:
        table = _core.table_from_parts(whole[1], [("x", whole)])
    except (ValueError, TypeError):
        return
    (table.codes if table.type("x") == "dictionary" else table.column)("x")
    pa.table(table).validate(full=True)


# ---- files -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "log.patron"
    build().save(path)
    return path


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as found:
        patron.load(tmp_path / "missing")
    assert found.value.errno == errno.ENOENT
    assert found.value.filename == tmp_path / "missing"
    with pytest.raises(OSError, match=r"folder|directory|regular file"):
        patron.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        build().save(tmp_path / "no folder" / "x")
    with pytest.raises(ValueError, match="null"):
        patron.load("a\0b")
    with pytest.raises(TypeError):
        patron.load(5)  # type: ignore[arg-type]


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for content in (b"", b"customer,when\n1,2024-01-01\n" * 100, b"\0" * 4096, pickle.dumps(GOOD)):
        path.write_bytes(content)
        with pytest.raises(patron.FormatError):
            patron.load(path)
        with pytest.raises(patron.FormatError):
            patron.EventLog.from_bytes(content)
    assert issubclass(patron.FormatError, ValueError)


def test_every_damaged_byte_and_cut_is_refused(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    path = tmp_path / "damaged"
    places = sorted({*range(0, len(content), max(1, len(content) // 150)), *range(64), len(content) - 1})
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 0x20
        path.write_bytes(damaged)
        with pytest.raises(patron.FormatError):
            patron.load(path)
        with pytest.raises(patron.FormatError):
            patron.EventLog.from_bytes(content[:place])


def test_a_model_is_no_log(tmp_path: Path) -> None:
    profiles = {"user": [1, 2], "recency_days": [1.0, 2.0], "orders": [1, 2], "revenue": [1.0, 2.0]}
    rfm = patron.segment.RFM(bins=2).fit(profiles)
    with pytest.raises(patron.FormatError, match="rfm"):
        patron.EventLog.from_bytes(rfm.to_bytes())
    with pytest.raises(patron.FormatError, match="log"):
        patron.segment.RFM.from_bytes(build().to_bytes())


def test_a_disk_that_fills_leaves_the_old_file(saved: Path, tmp_path: Path) -> None:
    code = """
import resource, signal, sys
import patron
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
log = patron.EventLog({"u": range(1000), "t": ["2024-01-01"] * 1000}, user="u", time="t")
for write in (lambda: log.save(sys.argv[1]), lambda: log.events().to_csv(sys.argv[1])):
    try:
        write()
    except OSError as error:
        assert error.errno, error
    else:
        raise SystemExit("no error")
"""
    path = tmp_path / "log.patron"
    path.write_bytes(saved.read_bytes())
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert path.read_bytes() == saved.read_bytes()
    assert os.listdir(tmp_path) == ["log.patron"]


def test_a_pickle_with_the_wrong_buffers_is_refused() -> None:
    table = patron.Table({"x": [1, 2, 3]})
    rebuild, (rows, columns) = table.__reduce__()[:2]
    with pytest.raises(ValueError, match="expected"):
        rebuild(rows + 1, columns)


def test_memory_that_cannot_be_had_is_a_memory_error() -> None:
    code = """
import resource
import numpy as np, patron
n = 3_000_000
data = {"u": np.arange(n), "t": np.zeros(n, "datetime64[s]")}
patron.EventLog({"u": [1], "t": ["2024-01-01"]}, user="u", time="t")
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + 60_000_000, used + 60_000_000))
try:
    patron.EventLog(data, user="u", time="t")
except MemoryError as error:
    print("refused:", error)
else:
    raise SystemExit("no error")
assert patron._core.memory() < 200_000, patron._core.memory()
assert patron.EventLog({"u": [1], "t": ["2024-01-01"]}, user="u", time="t").n_users == 1
"""
    if ctypes.sizeof(ctypes.c_void_p) != 8 or os.environ.get("PATRON_SANITIZED"):
        pytest.skip("address space is reserved beyond measure")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "refused:" in done.stdout
