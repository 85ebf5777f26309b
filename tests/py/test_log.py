"""The event log from Python: the same bytes from every frame, order and thread count; cutting, attributes, local time."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import random
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

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
from patron.timezones import instant, table_of

START = dt.datetime(2023, 12, 25)
Rows = list[dict[str, Any]]

# ---- the same data in every kind of frame ------------------------------------------------------------------------------

IDS = st.sampled_from(["u1", "u2", "客户甲", "客户乙", "Ω", "u10"])
ITEMS = st.none() | st.sampled_from(["苹果", "pear", "a very long item name indeed"])


def rows(numbers: bool = False) -> st.SearchStrategy[Rows]:
    row = st.fixed_dictionaries(
        {
            "user": st.integers(-3, 3) if numbers else IDS,
            "time": st.integers(0, 40).map(lambda hours: START + dt.timedelta(hours=hours)),
            "item": ITEMS,
            "amount": st.none() | st.integers(-500, 5000).map(lambda cents: cents / 100),
            "event": st.sampled_from(["purchase", "view", "摇一摇"]),
            "score": st.none() | st.integers(0, 5),
        }
    )
    return st.lists(row, min_size=1, max_size=25)


def lists(data: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in data] for name in data[0]}


def in_numpy(data: Rows) -> dict[str, Any]:
    columns = lists(data)
    texts = {name: np.array(columns[name], dtype=object) for name in ("item", "event")}
    user = np.array(columns["user"])
    score = np.ma.masked_array([value or 0 for value in columns["score"]], [value is None for value in columns["score"]])
    return texts | {
        "user": user,
        "time": np.array(columns["time"], dtype="datetime64[s]"),
        "amount": np.array([np.nan if value is None else value for value in columns["amount"]]),
        "score": score,
    }


def in_arrow(data: Rows) -> pa.Table:
    columns = lists(data)
    kinds = {"item": pa.string(), "amount": pa.float64(), "score": pa.int64(), "time": pa.timestamp("us")}
    return pa.table({name: pa.array(values, kinds.get(name)) for name, values in columns.items()})


def in_pandas(data: Rows) -> pd.DataFrame:
    frame = pd.DataFrame(lists(data))
    frame["score"] = frame["score"].astype("Int64")
    frame["amount"] = frame["amount"].astype("float64")
    return frame


def in_old_pandas(data: Rows) -> pd.DataFrame:
    """As pandas 2 has it: text as objects, times in nanoseconds, a categorical."""
    frame = in_pandas(data)
    for name in ("item", "event"):
        frame[name] = frame[name].astype(object)
    frame["time"] = frame["time"].astype("datetime64[ns]")
    frame["event"] = frame["event"].astype("category")
    return frame


def in_arrow_pandas(data: Rows) -> pd.DataFrame:
    return in_arrow(data).to_pandas(types_mapper=pd.ArrowDtype)


def in_decimals(data: Rows) -> dict[str, Any]:
    columns = lists(data)
    columns["amount"] = [None if value is None else Decimal(round(value * 100)) / 100 for value in columns["amount"]]
    return columns


def in_polars(data: Rows) -> pl.DataFrame:
    kinds = {"item": pl.String, "amount": pl.Float64, "score": pl.Int16, "time": pl.Datetime("ns")}
    return pl.DataFrame(lists(data), schema_overrides=kinds)


def in_polars_categories(data: Rows) -> pl.DataFrame:
    return in_polars(data).with_columns(pl.col("event").cast(pl.Categorical), pl.col("item").cast(pl.Categorical))


def in_views(data: Rows) -> pa.Table:
    table = in_arrow(data)
    for name, kind in (("item", pa.string_view()), ("event", pa.large_string())):
        table = table.set_column(table.column_names.index(name), name, pa.array(lists(data)[name], kind))
    return table


def in_chunks(data: Rows) -> pa.RecordBatchReader:
    table = in_arrow(data)
    cut = len(table) // 3
    parts = [table.slice(0, cut), table.slice(cut, 0), table.slice(cut)]
    at = table.column_names.index("event")
    encoded = [part.set_column(at, "event", part["event"].combine_chunks().dictionary_encode()) for part in parts]
    batches = [batch for part in encoded for batch in part.to_batches()]
    return pa.RecordBatchReader.from_batches(encoded[0].schema, batches)


def in_one_batch(data: Rows) -> pa.RecordBatch:
    return in_arrow(data).combine_chunks().to_batches()[0]


class Array:
    """A producer that speaks only of one array."""

    def __init__(self, data: Rows) -> None:
        self.batch = in_one_batch(data)

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.batch.__arrow_c_array__()


def in_duckdb(data: Rows) -> duckdb.DuckDBPyRelation:
    return duckdb.from_arrow(in_arrow(data))


def with_zones(data: Rows) -> pd.DataFrame:
    frame = in_pandas(data)
    frame["time"] = frame["time"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    return frame


def in_table(data: Rows) -> patron.Table:
    return patron.Table(lists(data))


def with_more_columns(data: Rows) -> pa.Table:
    """Columns that are not asked for may be of any type."""
    table = in_arrow(data)
    return table.append_column("nested", pa.array([[1]] * len(table))).append_column("bytes", pa.array([b"x"] * len(table)))


WAYS = [
    in_numpy,
    in_arrow,
    in_pandas,
    in_old_pandas,
    in_arrow_pandas,
    in_decimals,
    in_polars,
    in_polars_categories,
    in_views,
    in_chunks,
    in_one_batch,
    Array,
    in_duckdb,
    with_zones,
    in_table,
    with_more_columns,
]

ROLES: dict[str, Any] = {
    "user": "user",
    "time": "time",
    "item": "item",
    "amount": "amount",
    "event": "event",
    "properties": ["score"],
}


def build(frame: Any, **more: Any) -> patron.EventLog:
    return patron.EventLog(frame, **(ROLES | more))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("numbers", [False, True])
def test_every_kind_of_frame_gives_the_same_bytes(way: Any, numbers: bool) -> None:
    @given(rows(numbers))
    def check(data: Rows) -> None:
        if all(row["score"] is None for row in data):
            data[0]["score"] = 1
        assert build(way(data)).to_bytes() == build(lists(data)).to_bytes()

    check()


@given(rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(data: Rows, chance: random.Random) -> None:
    shuffled = list(data)
    chance.shuffle(shuffled)
    assert build(lists(shuffled)).to_bytes() == build(lists(data)).to_bytes()


@given(rows(), st.integers(0, 25))
def test_a_merge_equals_a_rebuild(data: Rows, cut: int) -> None:
    for row in data:
        row["score"] = row["score"] or 0
    parts = [part for part in (data[:cut], data[cut:]) if part]
    whole = build(lists(data))
    logs = [build(lists(part)) for part in parts]
    merged = logs[0].merge(logs[1]) if len(logs) == 2 else logs[0]
    assert merged.to_bytes() == whole.to_bytes()
    if len(logs) == 2:
        assert logs[1].merge(logs[0]).to_bytes() == whole.to_bytes()
        assert logs[0].append(lists(parts[1])).to_bytes() == whole.to_bytes()


@given(rows(), st.integers(-5, 45))
def test_a_split_merges_back(data: Rows, hours: int) -> None:
    for row in data:
        row["score"] = row["score"] or 0
    log = build(lists(data))
    before, after = log.split(START + dt.timedelta(hours=hours))
    assert before.n_events + after.n_events == log.n_events
    assert before.events()["time"].tolist() == [t for t in log.events()["time"] if t < moment(hours)]
    if before.n_events and after.n_events:
        back = before.merge(after).events()
        for name in back.columns:
            assert back[name].tolist() == log.events()[name].tolist() or name in ("amount", "score")


def moment(hours: int) -> np.datetime64:
    return np.datetime64(START + dt.timedelta(hours=hours), "us")


def large(n: int = 150_000) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    return {
        "user": rng.integers(0, n // 20, n),
        "time": np.datetime64("2024-01-01", "us") + rng.integers(0, 10**13, n) // 10**7 * 10**7,
        "item": np.array([f"sku-{i}" for i in range(500)])[rng.integers(0, 500, n)],
        "amount": rng.integers(-100, 10_000, n) / 100,
        "event": np.array(["purchase", "view", "cart"])[rng.integers(0, 3, n)],
        "score": rng.normal(size=n),
    }


LARGE: list[bytes] = []


def test_any_number_of_threads_gives_the_same_bytes(threads: int) -> None:
    log = build(large())
    assert patron.get_threads() == threads
    profiles = patron.profile.Profiler().fit_transform(log)
    found = log.to_bytes() + pickle.dumps(profiles)
    LARGE.append(found)
    assert found == LARGE[0]


# ---- what a log tells --------------------------------------------------------------------------------------------------


def small(**more: Any) -> patron.EventLog:
    data = {
        "user": ["b", "a", "b", "a"],
        "time": ["2024-03-01 10:00", "2024-01-01", "2024-02-01", "2024-03-02 23:30"],
        "item": ["x", "y", "x", None],
        "amount": [5, 7.5, -2, 1],
        "event": ["purchase", "buy", "purchase", "wave"],
        "money": ["CNY"] * 4,
    }
    return patron.EventLog(
        data, **({"user": "user", "time": "time", "item": "item", "amount": "amount", "event": "event"} | more)
    )


def test_a_log_tells_what_it_holds() -> None:
    log = small(kinds={"buy": "purchase"}, currency="money", tz="Asia/Shanghai")
    assert (log.n_events, log.n_users, log.n_items, len(log)) == (4, 2, 2, 4)
    assert log.kinds == {"purchase": 2, "return": 1, "wave": 1}
    assert log.currency == "CNY"
    assert log.tz == "Asia/Shanghai"
    assert log.start == np.datetime64("2023-12-31T16:00:00", "us")
    assert log.end == np.datetime64("2024-03-02T15:30:00.000001", "us")
    events = log.events()
    assert events["user"].tolist() == ["a", "a", "b", "b"]
    assert events["event"].tolist() == ["purchase", "wave", "return", "purchase"]
    assert events["item"].tolist() == ["y", None, "x", "x"]
    assert events["amount"].tolist() == [7.5, 1, 2, 5]
    audit = {
        (rule, column): count for rule, column, count in zip(*(log.audit[n] for n in ("rule", "column", "rows")), strict=True)
    }
    assert audit["rows read", None] == 4
    assert audit["negative amount", "amount"] == 1
    assert log.quality().columns == ["check", "column", "value", "previous", "status", "note"]
    assert len(log.quality(log)) > 0


def test_a_log_shows_itself() -> None:
    log = small(currency="money", tz="Asia/Shanghai")
    assert "2024-01-01 00:00 to 2024-03-02 23:30 (Asia/Shanghai)" in repr(log)
    assert "4" in repr(log).splitlines()[1]
    assert "<table>" in log._repr_html_()


def test_a_copy_is_the_log_and_a_pickle_its_bytes() -> None:
    log = small()
    assert copy.copy(log) is log
    assert copy.deepcopy(log) is log
    back = pickle.loads(pickle.dumps(log))
    assert back.to_bytes() == log.to_bytes()
    more = {"user": ["z"], "time": ["2024-05-01"], "item": ["x"], "amount": [1.0], "event": ["view"]}
    assert back.append(more).n_users == 3
    assert patron.EventLog.from_bytes(log.to_bytes()).append(more).n_users == 3


def test_a_saved_log_comes_back(tmp_path: Path) -> None:
    log = small().with_users({"user": ["a"], "city": ["上海"]})
    path = tmp_path / "店.patron"
    log.save(path)
    back = patron.load(path)
    assert isinstance(back, patron.EventLog)
    assert back.to_bytes() == log.to_bytes() == path.read_bytes()
    found = _core.inspect(path)
    assert found["kind"] == "log"
    assert found["library"] == patron.__version__
    assert all(len(section) == 4 for section in found["sections"])
    assert found["length"] == path.stat().st_size
    _core.verify(path)
    path.unlink()  # the mapping holds
    assert back.users()["city"].tolist() == ["上海", None]


def test_duplicates_ids_and_outliers_are_treated_when_asked() -> None:
    data = {"user": ["a ", "a ", "a"], "time": ["2024-01-01"] * 3, "amount": [1, 1, 1]}
    roles = {"user": "user", "time": "time", "amount": "amount"}
    assert (patron.EventLog(data, **roles).n_users, patron.EventLog(data, **roles).n_events) == (2, 3)
    assert patron.EventLog(data, **roles, trim_ids=True).n_users == 1
    assert patron.EventLog(data, **roles, drop_duplicates=True).n_events == 2
    assert patron.EventLog(data, **roles, drop_duplicates=True, trim_ids=True).n_events == 1
    amounts = {"user": range(200), "time": ["2024-01-01"] * 200, "amount": [10 + i % 7 for i in range(199)] + [1e6]}
    assert patron.EventLog(amounts, **roles).events()["amount"].max() == 1e6
    capped = patron.EventLog(amounts, **roles, winsorize=True).events()
    assert capped["amount"].max() < 1e5
    assert capped["amount_raw"].max() == 1e6


# ---- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "America/New_York", "Europe/London", "Africa/Casablanca", "Australia/Lord_Howe"]
)
def test_transitions_are_those_of_zoneinfo(zone: str) -> None:
    found = table_of(zone)
    assert found is not None
    _, first, transitions, offsets = found
    tz = ZoneInfo(zone)
    chance = random.Random(zone)
    moments = [chance.randrange(-2 * 10**9, 7 * 10**9) for _ in range(2000)]
    moments += [int(t) // 10**6 + d for t in transitions for d in (-1, 0, 1)]
    places = np.searchsorted(transitions, np.array(moments) * 10**6, side="right")
    for moment, place in zip(moments, places.tolist(), strict=True):
        aware = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=moment)
        offset = aware.astimezone(tz).utcoffset()
        assert offset is not None
        assert offset.total_seconds() == (first if place == 0 else offsets[place - 1])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_naive_times_are_local(zone: str) -> None:
    local = [dt.datetime(2024, 1, 1), dt.datetime(2024, 7, 1, 12), dt.datetime(1988, 6, 1, 3)]
    expected = sorted(moment.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC).replace(tzinfo=None) for moment in local)
    for times in (local, [str(moment) for moment in local], pd.Series(local), pl.Series(local), np.array(local, "M8[ms]")):
        log = patron.EventLog({"u": [1, 1, 1], "t": times}, user="u", time="t", tz=ZoneInfo(zone))
        assert log.events()["time"].tolist() == expected
        assert log.tz == zone


def test_whatever_stands_for_a_time_cuts_at_the_same_instant() -> None:
    log = small(tz="Asia/Shanghai")
    expected = log.between(None, "2024-02-01T00:00:00+08:00").to_bytes()
    assert log.between(None, "2024-02-01T00:00:00.000001+08:00").n_events == 2
    for moment in (
        "2024-02-01",
        dt.date(2024, 2, 1),
        dt.datetime(2024, 2, 1),
        dt.datetime(2024, 1, 31, 16, tzinfo=dt.UTC),
        pd.Timestamp("2024-02-01"),
        pd.Timestamp("2024-02-01", tz="Asia/Tokyo") + pd.Timedelta("1h"),
        np.datetime64("2024-01-31T16:00"),
    ):
        assert log.between(None, moment).to_bytes() == expected
        assert log.split(moment)[0].to_bytes() == expected
    assert log.between(log.start, log.end).n_events == 4
    assert log.between().n_events == 4
    assert log.between(log.end, None).n_events == 0


def test_a_log_without_events_still_answers() -> None:
    empty = small().between("2030-01-01", None)
    assert (empty.n_events, empty.n_users) == (0, 0)
    assert np.isnat(empty.start)
    assert np.isnat(empty.end)
    assert len(empty.events()) == 0
    assert empty.kinds == {}
    repr(empty)
    assert len(patron.profile.Profiler(windows=()).fit_transform(empty)) == 0


@pytest.mark.parametrize(
    ("times", "how"),
    [
        ([19970101, 19970102], {"time_format": "%Y%m%d"}),
        (["19970101", "19970102"], {"time_format": "%Y%m%d"}),
        (["01/01/1997", "02/01/1997"], {"time_format": "%d/%m/%Y"}),
        ([852076800, 852163200], {"time_unit": "s"}),
        ([852076800_000, 852163200_000], {"time_unit": "ms"}),
        ([852076800_000_000, 852163200_000_000], {"time_unit": "us"}),
        ([852076800 * 10**9, 852163200 * 10**9], {"time_unit": "ns"}),
        ([9862, 9863], {"time_unit": "D"}),
        ([dt.date(1997, 1, 1), dt.date(1997, 1, 2)], {}),
        (np.array(["1997-01-01", "1997-01-02"], "datetime64[D]"), {}),
        (np.array(["1997-01-01", "1997-01-02"], "datetime64[h]"), {}),
        (pa.array([9862, 9863], pa.date32()), {}),
    ],
)
def test_times_are_read_as_told(times: Any, how: dict[str, str]) -> None:
    log = patron.EventLog({"u": ["a", "a"], "t": times}, user="u", time="t", **how)
    assert log.events()["time"].tolist() == [dt.datetime(1997, 1, 1), dt.datetime(1997, 1, 2)]


def test_rows_outside_the_range_are_dropped_and_counted() -> None:
    data = {"u": [1, 2, 3], "t": ["1960-01-01", "2024-01-01", "2300-01-01"]}
    log = patron.EventLog(data, user="u", time="t", time_range=("2000-01-01", None))
    assert log.events()["user"].tolist() == [2, 3]
    log = patron.EventLog(data, user="u", time="t", time_range=(None, "2100-01-01"))
    assert log.n_events == 2
    rules = dict(zip(log.audit["rule"], log.audit["rows"], strict=True))
    assert 1 in [count for rule, count in rules.items() if "range" in rule or "time" in rule]


# ---- attributes --------------------------------------------------------------------------------------------------------


def test_attributes_hold_from_their_day_on() -> None:
    members = pd.DataFrame(
        {
            "user": ["a", "a", "b", "nobody"],
            "level": ["silver", "gold", "basic", "ghost"],
            "since": pd.to_datetime(["2024-01-01", "2024-02-01", "2023-01-01", "2023-01-01"]),
        }
    )
    log = small().with_users(members, valid_from="since")
    assert log.users("2024-01-01")["level"].tolist() == [None, "basic"]
    assert log.users("2024-01-01 00:00:01")["level"].tolist() == ["silver", "basic"]
    assert log.users("2024-02-01")["level"].tolist() == ["silver", "basic"]
    assert log.users()["level"].tolist() == ["gold", "basic"]
    assert log.users().columns[0] == "user"
    rules = dict(zip(log.audit["rule"], log.audit["rows"], strict=True))
    assert rules["attributes without a user"] == 1


def test_attributes_are_given_in_every_way() -> None:
    goods = pl.DataFrame({"item": ["x", "y"], "brand": ["甲", None]})
    named = goods.rename({"item": "sku"})
    expected = small().with_items(goods).to_bytes()
    assert small(items=goods).to_bytes() == expected
    assert small(items=(named, "sku")).items()["brand"].tolist() == ["甲", None]
    people = {"who": ["a", "b"], "when": ["2024-01-01", "2024-01-01"], "age": [30, None]}
    log = small(users=(people, "who", "when"))
    assert log.users()["age"].tolist()[0] == 30
    assert np.isnan(log.users()["age"][1])
    with pytest.raises(ValueError, match=r"no column 'user' to match user ids; pass key="):
        small().with_users(people)
    with pytest.raises(ValueError, match=r"no column 'whom' for key. Did you mean 'who'"):
        small().with_users(people, "whom")


# ---- progress ----------------------------------------------------------------------------------------------------------


def test_progress_is_told_and_ends_with_the_call() -> None:
    said: list[tuple[str, int, int]] = []
    build(large(400_000), progress=lambda *what: said.append(what))
    assert said
    assert all(isinstance(what, str) and 0 <= done <= total for what, done, total in said)
    count = len(said)
    build(large(1000))
    assert len(said) == count


def test_an_error_in_a_progress_callback_ends_the_call() -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("stop here")

    held = _core.memory()
    with pytest.raises(RuntimeError, match="stop here"):
        build(large(400_000), progress=fail)
    assert _core.memory() == held
    assert build(large(1000)).n_events == 1000


def test_a_bar_is_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    build(large(400_000), progress=True)
    assert "%" in capsys.readouterr().err
    build(large(400_000))
    assert capsys.readouterr().err == ""


def test_instants_are_exact() -> None:
    assert instant("1969-12-31T23:59:59.999999", "UTC", "x") == -1
    assert instant(np.datetime64(-1, "ns"), "UTC", "x") == -1
    assert instant(dt.datetime(2199, 12, 31, 23, 59, 59, 999999), "UTC", "x") == 7258118399999999
