"""Tables: what numpy, pandas, polars, pyarrow and DuckDB see of them, files, pickles, and what comes in is what goes out."""

from __future__ import annotations

import csv
import datetime as dt
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

MOMENT = dt.datetime(2024, 2, 29, 23, 59, 59, 123456)
LATE = 253_402_300_799_999_999  # the last microsecond of the year 9999


def same(left: Any, right: Any) -> bool:
    """Equal arrays: type, nulls and values."""
    left, right = np.asarray(left), np.asarray(right)
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    if left.dtype == object:
        return all(type(a) is type(b) and (a == b or a != a) for a, b in zip(left.tolist(), right.tolist(), strict=True))
    return bool(np.array_equal(left, right, equal_nan=left.dtype.kind in "fmM"))


NAN = float("nan")
# name: (Arrow array, what numpy sees)
COLUMNS: dict[str, tuple[pa.Array, np.ndarray]] = {
    "int64": (pa.array([1, -(2**63) + 1, 2**63 - 1]), np.array([1, -(2**63) + 1, 2**63 - 1])),
    "int8": (pa.array([1, -128, 127], pa.int8()), np.array([1, -128, 127])),
    "uint16": (pa.array([0, 1, 65535], pa.uint16()), np.array([0, 1, 65535])),
    "uint64": (pa.array([0, 1, 2**64 - 1], pa.uint64()), np.array([0, 1, 2**64 - 1], np.uint64)),
    "int64 null": (pa.array([1, None, 3]), np.array([1, NAN, 3])),
    "int32 null": (pa.array([1, None, 3], pa.int32()), np.array([1, NAN, 3])),
    "int64 null large": (pa.array([1, None, 2**53 + 1]), np.array([1, None, 2**53 + 1], object)),
    "uint64 null large": (pa.array([1, None, 2**64 - 1], pa.uint64()), np.array([1, None, 2**64 - 1], object)),
    "bool": (pa.array([True, False, True]), np.array([True, False, True])),
    "bool null": (pa.array([True, None, False]), np.array([True, None, False], object)),
    "float64": (pa.array([1.5, -0.0, 1e308]), np.array([1.5, -0.0, 1e308])),
    "float64 null": (pa.array([1.5, None, NAN]), np.array([1.5, NAN, NAN])),
    "float32": (pa.array([1.5, 2, None], pa.float32()), np.array([1.5, 2, NAN], np.float32)),
    "float16": (pa.array(np.array([1.5, 2, 3], np.float16)), np.array([1.5, 2, 3], np.float16)),
    "decimal": (pa.array([Decimal("1.50"), None, Decimal("-2.25")]), np.array([1.5, NAN, -2.25])),
    "string": (pa.array(["a", None, "顾客"]), np.array(["a", None, "顾客"], object)),
    "large_string": (pa.array(["", "b", "🛒"], pa.large_string()), np.array(["", "b", "🛒"], object)),
    "string_view": (pa.array(["short", None, "longer than twelve bytes"], pa.string_view()), None),
    "dictionary": (
        pa.array(["x", None, "x"]).dictionary_encode(),
        np.array(["x", None, "x"], object),
    ),
    "dictionary full": (pa.array(["x", "y", "x"]).dictionary_encode(), np.array(["x", "y", "x"], object)),
    "dictionary of ints": (pa.array([5, None, 7]).dictionary_encode(), np.array([5, NAN, 7])),
    "dictionary of times": (
        pa.array([MOMENT, None, MOMENT]).dictionary_encode(),
        np.array([MOMENT, None, MOMENT], "datetime64[us]"),
    ),
    "date32": (
        pa.array([dt.date(2024, 2, 29), None, dt.date(1970, 1, 1)]),
        np.array(["2024-02-29", "NaT", "1970-01-01"], "M8[D]"),
    ),
    "date64": (
        pa.array([0, 86_400_000, None], pa.date64()),
        np.array(["1970-01-01", "1970-01-02", "NaT"], "datetime64[ms]"),
    ),
    "timestamp": (pa.array([MOMENT, None, MOMENT]), np.array([MOMENT, None, MOMENT], "datetime64[us]")),
    "timestamp s": (pa.array([0, 1, 2], pa.timestamp("s")), np.array([0, 1, 2], "datetime64[s]")),
    "timestamp ns": (pa.array([0, 1, None], pa.timestamp("ns")), np.array([0, 1, "NaT"], "datetime64[ns]")),
    "timestamp zone": (
        pa.array([0, LATE // 2, None], pa.timestamp("us", "Asia/Shanghai")),
        np.array([0, LATE // 2, "NaT"], "datetime64[us]"),
    ),
    "duration": (pa.array([1, None, 3], pa.duration("ms")), np.array([1, "NaT", 3], "timedelta64[ms]")),
    "null": (pa.nulls(3), np.array([None, None, None], object)),
}
COLUMNS["string_view"] = (COLUMNS["string_view"][0], np.array(["short", None, "longer than twelve bytes"], object))


@pytest.mark.parametrize("name", COLUMNS)
def test_each_type_is_read_as_documented(name: str) -> None:
    array, expected = COLUMNS[name]
    assert same(patron.Table(pa.table({"x": array}))["x"], expected)


@pytest.mark.parametrize("name", COLUMNS)
def test_slices_and_chunks_read_as_their_rows(name: str) -> None:
    array, _ = COLUMNS[name]
    chunked = pa.chunked_array([array.slice(1), array.slice(0, 0), array.slice(0, 1), array])
    table = patron.Table(pa.table({"x": chunked}))
    whole = patron.Table(pa.table({"x": pa.concat_arrays([array.slice(1), array.slice(0, 1), array])}))
    assert same(table["x"], whole["x"])
    assert len(table) == 6
    part = pa.array(array.slice(1, 2).to_pylist(), array.type) if "dictionary" not in name else array.take([1, 2])
    assert same(patron.Table(pa.table({"x": array}).slice(1, 2))["x"], patron.Table(pa.table({"x": part}))["x"])


@pytest.mark.parametrize("name", COLUMNS)
def test_no_rows_keep_the_type(name: str) -> None:
    array, _ = COLUMNS[name]
    table = patron.Table(pa.table({"x": array.slice(0, 0)}))
    assert len(table["x"]) == 0
    assert table.type_of("x") == patron.Table(pa.table({"x": array})).type_of("x")


@pytest.mark.parametrize("name", COLUMNS)
def test_a_pickle_holds_types_and_values(name: str) -> None:
    array, _ = COLUMNS[name]
    for given_ in (array, pa.chunked_array([array.slice(1), array]), array.slice(0, 0)):
        table = patron.Table(pa.table({"x": given_, "y": pa.nulls(len(given_))}))
        back = pickle.loads(pickle.dumps(table))
        assert back.columns == table.columns
        assert (back.type_of("x") == table.type_of("x")) or "string" in name
        assert back.timezone_of("x") == table.timezone_of("x")
        assert same(back["x"], table["x"])
        assert pa.table(back)["x"].null_count == table.null_count("x")


@pytest.mark.parametrize("name", COLUMNS)
def test_arrow_libraries_see_the_values(name: str) -> None:
    array, _ = COLUMNS[name]
    source = pa.table({"x": pa.chunked_array([array, array.slice(1)])})
    table = patron.Table(source)
    arrow = table.to_arrow()
    assert arrow["x"].to_pylist() == pytest.approx(source["x"].to_pylist(), nan_ok=True) if name == "float64 null" else True
    if name != "float64 null":
        assert arrow["x"].to_pylist() == source["x"].to_pylist()
    assert arrow.schema.field("x").type == source.schema.field("x").type
    if "date64" not in name:  # pl knows one kind of date
        assert str(table.to_polars()["x"].to_list()) == str(pl.DataFrame(source)["x"].to_list())


def test_every_column_goes_through_duckdb() -> None:
    names = [name for name in COLUMNS if name not in ("float16", "null")]
    ours = patron.Table(pa.table({name: COLUMNS[name][0] for name in names}))
    found = duckdb.sql("select count(*), max(int64), max(string) from ours").fetchall()
    assert found == [(3, 2**63 - 1, "顾客")]
    again = patron.Table(duckdb.sql('select int64, string, "timestamp", "bool null" from ours'))
    for name in again.columns:
        assert same(again[name], ours[name])


def test_numbers_are_not_copied_and_cannot_be_written() -> None:
    array = pa.array(np.arange(1000.0))
    table = patron.Table(pa.table({"x": array}))
    values = table["x"]
    assert values.__array_interface__["data"][0] == array.buffers()[1].address
    assert not values.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1
    mine = np.arange(1000)
    assert patron.Table({"x": mine})["x"].__array_interface__["data"][0] == mine.__array_interface__["data"][0]


def test_an_array_outlives_its_table_and_gives_the_memory_back() -> None:
    gc.collect()
    before, held = _core.memory(), pa.total_allocated_bytes()
    # No name in this scope keeps the Arrow table.
    values = patron.Table(pa.table({"x": pa.array(range(100_000))}))["x"]
    gc.collect()
    assert int(values.sum()) == 4999950000
    assert pa.total_allocated_bytes() > held
    del values
    gc.collect()
    assert _core.memory() == before
    assert pa.total_allocated_bytes() == held


def test_a_consumer_outlives_the_table() -> None:
    arrow = patron.Table({"x": np.arange(5), "name": ["a", "b", None, "d", "e"]}).to_arrow()
    gc.collect()
    assert arrow.to_pydict() == {"x": [0, 1, 2, 3, 4], "name": ["a", "b", None, "d", "e"]}


def test_numpy_memory_lives_as_long_as_the_table() -> None:
    mine = np.arange(10)
    references = sys.getrefcount(mine)
    table = patron.Table({"x": mine, "y": mine})
    part = table.select(["y"])
    del table
    assert sys.getrefcount(mine) > references
    del part
    gc.collect()
    assert sys.getrefcount(mine) == references


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])
@pytest.mark.parametrize("form", ["native", "big-endian", "strided", "reversed", "masked"])
def test_numpy_arrays_of_any_width_order_and_stride(kind: str, form: str) -> None:
    base = np.array([0, 1, 1, 0, 1, 0, 1, 1, 1, 0], kind)
    array: np.ndarray = {
        "native": base,
        "big-endian": base.astype(np.dtype(kind).newbyteorder(">")),
        "strided": np.repeat(base, 3)[::3],
        "reversed": base[::-1].copy()[::-1],
        "masked": np.ma.masked_array(base, base == 0),
    }[form]
    values = patron.Table({"x": array})["x"]
    if form == "masked":
        assert [value if value == value else None for value in values.tolist()] == np.ma.masked_array(base, base == 0).tolist()
    else:
        assert values.tolist() == base.tolist()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2, None], "int64", [1.0, 2.0, NAN]),
        ([1, 2.5, None], "float64", [1.0, 2.5, NAN]),
        ([2**64 - 1, 0], "uint64", [2**64 - 1, 0]),
        ([True, None, np.False_], "bool", [True, None, False]),
        (["a", None, "b"], "string", ["a", None, "b"]),
        (["a", NAN, pd.NA], "string", ["a", None, None]),
        ([Decimal("1.5"), 2, None], "decimal", [1.5, 2.0, NAN]),
        ([Decimal("1E+3"), Decimal("0.001")], "decimal", [1000.0, 0.001]),
        ([np.int8(3), 4], "int64", [3, 4]),
        ([None, None], "null", [None, None]),
        ([], "null", []),
        ([dt.date(2024, 1, 2), None], "date", [dt.date(2024, 1, 2), None]),
        ([MOMENT, pd.NaT], "timestamp", [MOMENT, None]),
        ([pd.Timestamp(MOMENT), None], "timestamp", [MOMENT, None]),
        ([np.datetime64(MOMENT), np.datetime64("NaT")], "timestamp", [MOMENT, None]),
        ((value for value in ("x", "y")), "string", ["x", "y"]),
        (range(3), "int64", [0, 1, 2]),
    ],
)
def test_lists_of_python_values(values: Any, kind: str, expected: list[Any]) -> None:
    table = patron.Table({"x": values})
    assert table.type_of("x") == kind
    found = table["x"].tolist()
    assert len(found) == len(expected)
    assert all(a == b or (a != a and b != b) for a, b in zip(found, expected, strict=True))


def test_aware_times_keep_their_instants() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    table = patron.Table({"x": [dt.datetime(2024, 1, 1, 8, tzinfo=shanghai), None]})
    assert table.timezone_of("x") == "UTC"
    assert same(table["x"], np.array(["2024-01-01T00:00", "NaT"], "datetime64[us]"))
    series = pd.Series(pd.to_datetime(["2024-01-01 08:00", None])).dt.tz_localize("Asia/Shanghai")
    table = patron.Table(pd.DataFrame({"x": series}))
    assert table.timezone_of("x") == "Asia/Shanghai"
    assert table["x"].astype("datetime64[us]").tolist() == [dt.datetime(2024, 1, 1), None]
    assert table.to_pandas()["x"].tolist()[0] == series[0]


TEXT = st.text(max_size=12).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
ROWS = st.integers(0, 20)


@given(
    st.lists(st.tuples(st.none() | st.integers(-(2**53), 2**53), st.none() | TEXT, st.floats(), st.booleans()), max_size=20),
    st.integers(0, 20),
)
def test_what_comes_in_goes_out(rows: list[tuple[Any, ...]], cut: int) -> None:
    arrow = pa.table(
        {
            name: pa.array([row[i] for row in rows], kind)
            for i, (name, kind) in enumerate({"i": pa.int64(), "t": pa.string(), "f": pa.float64(), "b": pa.bool_()}.items())
        }
    )
    cut = min(cut, len(rows))
    table = patron.Table(pa.concat_tables([arrow.slice(0, cut), arrow.slice(cut)]))
    for back in (table, pickle.loads(pickle.dumps(table)), patron.Table(table.to_polars()), patron.Table(table)):
        assert [None if value != value else int(value) for value in back["i"].tolist()] == [row[0] for row in rows]
        assert back["t"].tolist() == [row[1] for row in rows]
        assert same(back["f"], np.array([row[2] for row in rows], float))
        assert back["b"].tolist() == [row[3] for row in rows]
    frame = patron.Table(table.to_pandas())
    assert frame["t"].tolist() == [row[1] for row in rows]
    assert same(frame["f"], np.array([row[2] for row in rows], float))


# ---- reading and choosing ----------------------------------------------------------------------------------------------


def test_a_table_tells_its_columns_and_rows() -> None:
    table = patron.Table({"b": [1, 2], "a": ["x", None]})
    assert table.columns == list(table) == ["b", "a"]
    assert table.shape == (2, 2)
    assert "a" in table
    assert "c" not in table
    assert table.null_count("a") == 1
    assert table.select(["a"]).columns == ["a"]
    assert table.select([]).shape == (2, 0)
    assert patron.Table(table, columns=["a", "b"]).columns == ["a", "b"]
    assert {name: values.tolist() for name, values in table.head(1).items()} == {"b": [1], "a": ["x"]}


def test_a_wrong_name_is_told_with_the_closest_one() -> None:
    table = patron.Table({"revenue": [1.0], "orders": [1]})
    with pytest.raises(ValueError, match=r"no column 'revenu'.*Did you mean 'revenue'.*'revenue', 'orders'"):
        table["revenu"]
    with pytest.raises(ValueError, match="no column 'x'"):
        table.select(["orders", "x"])
    with pytest.raises(TypeError, match=r"name of a column is 0 of type int"):
        table[0]  # type: ignore[index]
    with pytest.raises(TypeError, match="expected a list of names"):
        table.select("orders")


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Column 'b' has 3 rows, column 'a' 2; expected as many"):
        patron.Table({"a": [1, 2], "b": [1, 2, 3]})


def test_frames_mix_kinds_of_columns() -> None:
    frame = {
        "numpy": np.arange(2),
        "list": ["a", None],
        "pandas": pd.Series([1.5, None]),
        "arrow": pa.array(["x", "y"]),
        "chunked": pa.chunked_array([["x"], ["y"]]),
        "polars": pl.Series(["p", "q"]),
        "categories": pd.Series(["k", None], dtype="category"),
        "masked": pd.array([1, None], dtype="Int64"),
    }
    table = patron.Table(frame)
    assert table.columns == list(frame)
    assert table["chunked"].tolist() == ["x", "y"]
    assert table["polars"].tolist() == ["p", "q"]
    assert table["categories"].tolist() == ["k", None]
    assert same(table["masked"], np.array([1, NAN]))


PANDAS_COLUMNS = {
    "object": pd.Series(["a", None, "顾客"], dtype=object),
    "python": pd.Series(["a", None, "顾客"], dtype=pd.StringDtype("python")),
    "str": pd.Series(["a", None, "顾客"], dtype="string"),
    "arrow": pd.Series(["a", None, "顾客"], dtype=pd.ArrowDtype(pa.large_string())),
    "category": pd.Series(["a", None, "顾客"], dtype="category"),
}


@pytest.mark.parametrize("name", PANDAS_COLUMNS)
def test_pandas_text_of_every_kind(name: str) -> None:
    frame = pd.DataFrame({"x": PANDAS_COLUMNS[name], "n": [1, 2, 3]}).set_index(pd.Index([7, 8, 9]))
    table = patron.Table(frame)
    assert table["x"].tolist() == ["a", None, "顾客"]
    assert table["n"].tolist() == [1, 2, 3]
    back = table.to_pandas()
    assert [None if pd.isna(value) else value for value in back["x"]] == ["a", None, "顾客"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.array([1, None, 3], dtype="Int16"), [1, None, 3]),
        (pd.array([1.5, None, 3], dtype="Float64"), [1.5, None, 3]),
        (pd.array([True, None, False], dtype="boolean"), [True, None, False]),
        (pd.Series([1, None, 3], dtype=pd.ArrowDtype(pa.int32())), [1, None, 3]),
        (pd.arrays.SparseArray([0, 0, 5]), [0, 0, 5]),
        (pd.Categorical([3, None, 3]), [3, None, 3]),
        (pd.Categorical([None, None, None]), [None, None, None]),
        (
            pd.Categorical(pd.to_datetime(["2024-01-01", None, "2024-01-02"])),
            [dt.datetime(2024, 1, 1), None, dt.datetime(2024, 1, 2)],
        ),
    ],
)
def test_pandas_extension_columns(values: Any, expected: list[Any]) -> None:
    found = patron.Table(pd.DataFrame({"x": values}))["x"]
    if found.dtype.kind == "M":
        found = found.astype("datetime64[us]")
    assert [None if value is None or value != value else value for value in found.tolist()] == expected


def test_pandas_needs_no_pyarrow() -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
import pandas as pd, patron
frame = pd.DataFrame({"t": ["a", None], "n": [1, 2], "w": pd.to_datetime(["2024-01-01", None])})
table = patron.Table(frame)
back = table.to_pandas()
assert back["n"].tolist() == [1, 2] and back["t"].tolist()[0] == "a" and pd.isna(back["t"].tolist()[1]), back
assert back["w"].tolist()[0] == pd.Timestamp("2024-01-01") and pd.isna(back["w"].tolist()[1])
assert "pyarrow" not in [name for name, module in sys.modules.items() if module is not None]
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- files -------------------------------------------------------------------------------------------------------------


def shop() -> patron.Table:
    return patron.Table(
        pa.table(
            {
                "user": pa.array([1, 2]),
                "name": pa.array(['He said "hi", twice\n', "顾客"]),
                "spent": pa.array([0.1, None]),
                "day": pa.array([dt.date(2024, 2, 29), None]),
                "when": pa.array([0, None], pa.timestamp("us", "Asia/Shanghai")),
                "naive": pa.array([MOMENT, MOMENT]),
                "vip": pa.array([True, None]),
            }
        )
    )


@pytest.mark.parametrize("bom", [False, True])
def test_csv_holds_every_value(tmp_path: Path, bom: bool) -> None:
    path = tmp_path / "表.csv"
    shop().to_csv(path, bom=bom)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") is bom
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["user", "name", "spent", "day", "when", "naive", "vip"],
        ["1", 'He said "hi", twice\n', "0.1", "2024-02-29", "1970-01-01 08:00:00+08:00", "2024-02-29 23:59:59.123456", "True"],
        ["2", "顾客", "", "", "", "2024-02-29 23:59:59.123456", ""],
    ]


def test_excel_holds_every_value_and_no_formulas(tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "t.xlsx"
    patron.Table({"name": ["=1+1", "a\x01b", "顾客"], "n": [1.5, None, float("inf")]}).to_excel(path)
    book = openpyxl.load_workbook(path)
    assert [[cell.value for cell in row] for row in book.active.rows] == [
        ["name", "n"],
        ["=1+1", 1.5],
        ["ab", None],
        ["顾客", "inf"],
    ]
    assert book.active["A2"].data_type == "s"
    shop().to_excel(path)
    page = openpyxl.load_workbook(path).active
    assert [cell.value for cell in page[2]][4:6] == [dt.datetime(1970, 1, 1, 8), MOMENT.replace(microsecond=123000)]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")
    far = patron.Table(pa.table({"when": pa.array([0, LATE + 1], pa.timestamp("us"))}))
    with pytest.raises((ValueError, TypeError)):
        patron.Table({"x": ["\ud800"]})
    full = Path("/dev/full")
    if full.exists():
        far.to_csv(path)
    path.write_text("old")
    with pytest.raises(OSError, match="No such file"):
        far.to_csv(tmp_path / "missing" / "t.csv")
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError):
            far.to_csv(path)
        tmp_path.chmod(0o700)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


# ---- showing -----------------------------------------------------------------------------------------------------------


def test_a_table_shows_its_first_rows_aligned() -> None:
    table = patron.Table({"名字": ["张三", "b"] * 10, "spent": [1234.5, None] * 10})
    lines = repr(table).splitlines()
    assert lines[0] == "patron.Table: 20 rows × 2 columns"
    assert lines[1:4] == ["名字    spent", "张三  1,234.5", "b           –"]
    assert lines[-1] == "…"
    assert len(lines) == 13


def test_html_is_escaped() -> None:
    page = patron.Table({"<b>": ["<script>alert(1)</script>"]})._repr_html_()
    assert "<script>" not in page
    assert "&lt;b&gt;" in page


def test_wide_and_empty_tables_show() -> None:
    wide = repr(patron.Table({f"column {i}": [i] for i in range(50)}))
    assert max(map(len, wide.splitlines())) < 130
    assert repr(patron.Table({})) == "patron.Table: 0 rows × 0 columns"
    assert "0 rows" in repr(patron.Table({"x": np.zeros(0)}))
    patron.Table({"x": np.zeros(0)})._repr_html_()
