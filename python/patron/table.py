"""Tables: typed columns that every data frame library takes without a copy. Every result of the library is one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from patron import _core

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["Table"]

_SHOWN_ROWS = 10
_SHOWN_WIDTH = 40


class Table:
    """Typed, named columns of equal length; immutable.

    Parameters
    ----------
    data : data frame
        pandas or polars DataFrame, pyarrow Table, DuckDB relation, dict of arrays or lists, or anything with
        ``__arrow_c_stream__``. Numbers and text are not copied where the layouts agree.
    columns : sequence of str, optional
        The columns to take, in this order; by default all.

    Raises
    ------
    TypeError
        Not a data frame, or a column that is neither numbers, text, booleans, dates nor times.
    ValueError
        No such column, columns of different lengths, text that is not UTF-8.

    Notes
    -----
    ``table["name"]`` gives a numpy array: int64 for integers (uint64 stays), the same floats, bool, datetime64 or timedelta64
    in the column's unit, objects for text and for what a dictionary stands for. Null is NaN, NaT or None; integers with
    nulls become float64, or objects where float64 could not hold a value exactly. Times with a time zone come as
    datetime64 in UTC: numpy knows no zones. Arrays of numbers and times without nulls look at the table's own memory: they
    are read-only and keep it alive.

    Examples
    --------
    >>> import patron
    >>> table = patron.Table({"user": [1, 2], "name": ["Ann", None]})
    >>> table.columns
    ['user', 'name']
    >>> table["user"].tolist()
    [1, 2]
    """

    __slots__ = ("__weakref__", "_patron_core")

    _patron_core: _core.Table

    def __init__(self, data: Any, columns: Sequence[str] | None = None) -> None:
        from patron.frames import core_table

        self._patron_core = core_table(data, columns)

    @classmethod
    def _wrap(cls, core: _core.Table) -> Table:
        table = cls.__new__(cls)
        table._patron_core = core
        return table

    # ---- reading

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._patron_core.names

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._patron_core.n_rows, len(self._patron_core.names)

    def __len__(self) -> int:
        return self._patron_core.n_rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self._patron_core.names

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column as a numpy array; see the class for types and nulls.

        Raises
        ------
        ValueError
            No such column.
        """
        core = self._patron_core
        self._check(name)
        if core.type(name) != "dictionary":
            return core.column(name)
        codes, values = core.codes(name)
        if len(codes) and codes.min() >= 0:
            taken: NDArray[Any] = values[codes]
            return taken
        return _with_missing(values)[codes]

    def _check(self, name: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"The name of a column is {name!r} of type {type(name).__name__}; expected a str")
        names = self._patron_core.names
        if name not in names:
            from patron.frames import no_such_column

            raise no_such_column(name, names)

    def type_of(self, name: str) -> str:
        """The type of a column as a word, e.g. ``"int64"``, ``"string"``, ``"timestamp"``."""
        self._check(name)
        return self._patron_core.type(name)

    def timezone_of(self, name: str) -> str | None:
        """The time zone of a timestamp column, None when it has none."""
        self._check(name)
        return self._patron_core.timezone(name)

    def null_count(self, name: str) -> int:
        """How many rows of a column are null."""
        self._check(name)
        return self._patron_core.null_count(name)

    def select(self, columns: Sequence[str]) -> Table:
        """A table of these columns, in this order, sharing their memory.

        Raises
        ------
        ValueError
            No such column.
        """
        if isinstance(columns, str):
            raise TypeError(f"columns is {columns!r}; expected a list of names")
        for name in columns:
            self._check(name)
        return self._wrap(self._patron_core.select(list(columns)))

    def head(self, n: int = 5) -> dict[str, NDArray[Any]]:
        """The first rows as a dict of numpy arrays."""
        some = self._first(n)
        return {name: some[name] for name in some.columns}

    def _first(self, n: int) -> Table:
        """The first n rows; where n is negative all but the last -n."""
        rows = len(self)
        return Table._wrap(self._patron_core.slice(0, min(n, rows) if n >= 0 else max(rows + n, 0)))

    # ---- other libraries

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """An Arrow stream of the table in a PyCapsule, without a copy."""
        return self._patron_core.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """The columns' names and types in a PyCapsule."""
        return self._patron_core.__arrow_c_schema__()

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas DataFrame; pyarrow is not needed.

        Returns
        -------
        pandas.DataFrame
            Columns as ``table[name]`` gives them, but times with a time zone are local times of it.
        """
        import pandas as pd

        frame = {}
        for name in self.columns:
            values = self[name]
            zone = self._patron_core.timezone(name)
            series = pd.Series(values, copy=False)
            frame[name] = series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)
        return pd.DataFrame(frame, index=pd.RangeIndex(len(self)), columns=self.columns)

    def to_polars(self) -> polars.DataFrame:
        """As a polars DataFrame, without a copy where polars needs none."""
        import polars as pl

        return pl.DataFrame(self)

    def to_arrow(self) -> pyarrow.Table:
        """As a pyarrow Table, without a copy."""
        import pyarrow as pa

        return pa.table(self)

    def to_csv(self, path: str | os.PathLike[str], *, bom: bool = False) -> None:
        """Write a CSV file (RFC 4180, UTF-8), at once or not at all.

        Parameters
        ----------
        path : path-like
            The file; one that is there is replaced.
        bom : bool
            Begin with a byte order mark, by which Excel knows UTF-8.

        Notes
        -----
        Times are ISO 8601, local with offset where the column has a time zone. Null is an empty field.
        """
        from patron.table_files import write_csv

        write_csv(self, path, bom)

    def to_excel(self, path: str | os.PathLike[str], *, sheet: str = "Sheet1") -> None:
        """Write an Excel workbook (needs openpyxl), at once or not at all.

        Parameters
        ----------
        path : path-like
            The file; one that is there is replaced.
        sheet : str
            The name of the sheet.

        Notes
        -----
        Integers of more than 15 digits, e.g. long order numbers, are written as text: a sheet would round them.

        Raises
        ------
        ValueError
            More rows or columns than a sheet holds (1,048,575 and 16,384).
        """
        from patron.table_files import write_excel

        write_excel(self, path, sheet)

    def __reduce__(self) -> tuple[Any, ...]:
        core = self._patron_core
        return _from_parts, (core.n_rows, [(name, core.parts(name)) for name in core.names])

    def __copy__(self) -> Table:
        return self

    def __deepcopy__(self, memo: Any) -> Table:
        return self

    # ---- showing

    def _cells(self, n: int) -> list[list[str]]:
        """The first rows as text, column by column."""
        some = self._first(n)
        return [[_shown(value) for value in _local(some, name)] for name in some.columns]

    def __repr__(self) -> str:
        rows, columns = self.shape
        title = f"patron.Table: {rows:,} rows × {columns} columns"
        if not columns:
            return title
        cells = self._cells(_SHOWN_ROWS)
        lines: list[str] = []
        block: list[list[str]] = []
        used = 0
        for name, column in zip(self.columns, cells, strict=True):
            width = max(_width(text) for text in [_cut(name), *column])
            if used + width + 2 > 110:
                block.append(["…"] * (len(column) + 1))
                break
            right = self._patron_core.type(name) not in ("string", "dictionary")
            texts = [_cut(name), *column]
            padded = [" " * (width - _width(text)) + text if right else text + " " * (width - _width(text)) for text in texts]
            block.append(padded)
            used += width + 2
        lines = ["  ".join(row).rstrip() for row in zip(*block, strict=True)]
        if rows > _SHOWN_ROWS:
            lines.append("…")
        return "\n".join([title, *lines])

    def _repr_html_(self) -> str:
        import html

        rows, columns = self.shape
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>"
            for row in zip(*self._cells(_SHOWN_ROWS), strict=True)
        )
        more = "" if rows <= _SHOWN_ROWS else f"<p>{rows - _SHOWN_ROWS:,} more rows</p>"
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}<p>{rows:,} rows × {columns} columns</p>"
        )


def _from_parts(n_rows: int, columns: list[tuple[str, Any]]) -> Table:
    """Unpickle."""
    return Table._wrap(_core.table_from_parts(n_rows, columns))


def _with_missing(values: NDArray[Any]) -> NDArray[Any]:
    """The values of a dictionary with a null behind them, which is what code -1 takes."""
    kind = values.dtype.kind
    if kind in "Mm":
        return np.append(values, np.array("NaT", dtype=values.dtype))
    if kind in "iuf":
        return np.append(values.astype(np.float64, copy=False), np.nan)
    out = np.empty(len(values) + 1, dtype=object)
    out[:-1] = values
    return out


def _local(table: Table, name: str) -> list[Any]:
    """The values of a column, times as those of its zone."""
    values = table[name]
    zone = table.timezone_of(name)
    if zone is None or values.dtype.kind != "M":
        return list(values)
    from patron.table_files import local_times

    try:
        return local_times(values, zone)
    except ValueError:  # a zone that is not known here: the instants are still worth showing
        return local_times(values, "UTC")


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "–"
    if isinstance(value, (float, np.floating)):
        return f"{value:,.6g}" if abs(float(value)) < 1e6 else f"{value:,.2f}"
    if isinstance(value, np.datetime64):
        return str(value).replace("T", " ").removesuffix(".000000").removesuffix(".000")
    return _cut(str(value))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_WIDTH else text[: _SHOWN_WIDTH - 1] + "…"


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
