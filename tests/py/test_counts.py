"""More rows than 32 bits count, through Python's doors: right, or refused by name, without the memory they would take.

Large arrays are sparse files that numpy maps, or one value repeated; see tests/c/test_counts.c for the core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

import patron
from patron import _core

ROWS = 2**31 + 5
LITTLE = 8 << 20

Sparse = Callable[[int, str], NDArray[Any]]


@pytest.fixture
def sparse(tmp_path: Path) -> Sparse:
    """Makes arrays of zeros that lie in files without blocks."""

    def make(n: int, dtype: str = "int8") -> NDArray[Any]:
        name = f"{n}-{dtype}"
        with open(tmp_path / name, "wb") as file:
            file.truncate(n * np.dtype(dtype).itemsize)
        return np.memmap(tmp_path / name, dtype=dtype, mode="r+")

    return make


@pytest.fixture(autouse=True)
def frugal() -> Iterator[None]:
    """What the core held at most is next to nothing."""
    _core.memory_peak_reset()
    yield
    assert _core.memory_peak() < _core.memory() + LITTLE


@pytest.fixture
def cap() -> Iterator[None]:
    patron.set_memory_cap(256 << 20)
    yield
    patron.set_memory_cap(None)


def test_a_mapped_column_of_more_than_2_to_the_31_rows_is_taken_where_it_lies(sparse: Sparse) -> None:
    values = sparse(ROWS, "int8")
    values[[0, 2**31, -1]] = [1, 2, 3]
    table = patron.Table({"x": values})
    assert len(table) == ROWS
    column = pa.table(table)["x"]
    assert len(column) == ROWS
    assert [column[i].as_py() for i in (0, 1, 2**31, ROWS - 1)] == [1, 0, 2, 3]
    again = patron.Table(pa.table(table))
    assert len(again) == ROWS
    assert again._patron_core.null_count("x") == 0


def test_an_event_log_of_more_rows_than_it_can_number_is_refused_by_both_numbers(sparse: Sparse) -> None:
    column = sparse(2**32 + 5, "int8")
    with pytest.raises(ValueError, match=r"4294967301 rows; expected at most 4294967295 in one log"):
        patron.EventLog({"u": column, "t": column}, user="u", time="t", time_unit="s")


def test_an_event_log_that_needs_more_than_the_cap_is_refused_before_it_is_made(sparse: Sparse, cap: None) -> None:
    column = sparse(ROWS, "int8")
    with pytest.raises(MemoryError, match="memory cap"):
        patron.EventLog({"u": column, "t": column}, user="u", time="t", time_unit="s")


def test_columns_of_different_lengths_are_refused_by_their_lengths(sparse: Sparse) -> None:
    with pytest.raises(ValueError, match=f"'t' has 3 rows, column 'u' {ROWS}"):
        patron.Table({"u": sparse(ROWS, "int8"), "t": np.arange(3)})


@pytest.mark.parametrize("n", [2**42, 2**47])
def test_a_repeated_value_is_refused_when_its_copy_has_no_room(n: int) -> None:
    column = np.broadcast_to(np.int64(7), (n,))
    for take in (patron.Table, lambda data: patron.EventLog(data, user="u", time="u", time_unit="s")):
        with pytest.raises(MemoryError):
            take({"u": column})


def test_arrow_arrays_of_more_rows_are_a_table_but_no_log(sparse: Sparse) -> None:
    n = 2**32 + 5
    column = pa.Array.from_buffers(pa.int64(), n, [None, pa.py_buffer(sparse(n, "int64"))])
    data = pa.table({"u": column, "t": column})
    assert len(patron.Table(data)) == n
    with pytest.raises(ValueError, match="in one log"):
        patron.EventLog(data, user="u", time="t", time_unit="s")


@pytest.mark.parametrize("n", [17, 2**31, 2**31 + 1, 2**32, 2**47, 2**56])
@pytest.mark.parametrize("format_", ["l", "g", "tsu:UTC", "b", "U", "u", "d:10,2"])
def test_buffers_shorter_than_their_length_are_refused(n: int, format_: str) -> None:
    values = np.zeros(1 if format_ == "b" else 64, dtype=np.uint8)
    buffers = [None, values, b""] if format_ in "uU" else [None, values]
    with pytest.raises(ValueError, match=r"buffer has \d+ bytes; expected at least"):
        _core.table_from_parts(n, [("x", (format_, n, buffers, None))])


@pytest.mark.parametrize("n", [-1, -(2**63), 2**47 + 1, 2**57, 2**63 - 1, 2**63, 2**64])
def test_lengths_that_make_no_sense_are_refused(n: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        _core.table_from_parts(n, [("x", ("n", n, [None], None))])
    if n < 0 or n > 2**57:
        with pytest.raises((ValueError, MemoryError)):
            _core.random_uniform(n)


def test_numbers_that_need_more_than_the_cap_are_refused_unread(sparse: Sparse, cap: None) -> None:
    keys = sparse(ROWS, "int64")
    with pytest.raises(MemoryError, match="memory cap"):
        _core.sort_order(keys)
    figures = keys.view(np.float64)
    model = _core.rfm_fit(*(np.array([1.0, 2.0, 3.0]),) * 3)
    with pytest.raises(MemoryError, match="memory cap"):
        model.predict(figures, figures, figures)


def test_a_column_of_nothing_of_any_length_is_a_table() -> None:
    table = _core.table_from_parts(2**47, [("x", ("n", 2**47, [None], None))])
    assert table.n_rows == table.null_count("x") == 2**47
    with pytest.raises(MemoryError):
        table.column("x")
