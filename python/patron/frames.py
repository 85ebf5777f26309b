"""Columns from whatever holds columns: pandas, polars, pyarrow, DuckDB, dicts of arrays, anything that speaks Arrow.

Frames that speak Arrow hand their memory over through the PyCapsule interface. pandas does so only when pyarrow is installed,
so its columns are read one by one through numpy; those that Arrow backs already go through Arrow. A numpy array becomes an
Arrow array of the same memory where the layouts agree (numbers, times), or a packed copy (booleans, text). Object columns are
looked through once for the types they hold; one that mixes types is refused, with both rows named.

A column on its way is either ``parts``, Arrow's array in Python's words (format, length, buffers, dictionary), or a core
table that holds it alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patron import _core

__all__ = ["core_table", "from_objects", "no_such_column"]

Parts = tuple[str, int, list[Any], Any]
Column = Parts | _core.Table

_EXPECTED = "expected numbers, text, booleans, dates or times"
_UNITS = {"s", "ms", "us", "ns"}
_BLOCK = 65_536


def core_table(
    data: Any, columns: Sequence[str] | None = None, what: str = "data", roles: Mapping[str, str] | None = None
) -> _core.Table:
    """A core table of a frame's columns.

    Parameters
    ----------
    data : data frame
        pandas or polars DataFrame, pyarrow Table, RecordBatch or RecordBatchReader, DuckDB relation, dict of arrays or lists,
        `patron.Table`, or anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``.
    columns : sequence of str, optional
        The columns to take; by default all.
    what : str
        What the frame is, for errors.
    roles : mapping, optional
        What each column is wanted for, for errors.

    Raises
    ------
    TypeError
        Not a data frame, or a column of a type that has no meaning here.
    ValueError
        No such column; columns of different lengths; text that is not UTF-8.
    """
    own = getattr(data, "_patron_core", None)
    if isinstance(own, _core.Table):
        return _select(own, columns, what, roles)
    if isinstance(data, Mapping):
        return _from_mapping(data, columns, what, roles)
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _from_pandas(data, columns, what, roles)
    if polars is not None and isinstance(data, polars.LazyFrame):
        raise TypeError(f"{what} is a polars LazyFrame; expected a DataFrame: call collect() first")
    available = _names(data)
    if columns is not None and available is not None:
        _check(columns, available, what, roles)
        data = _narrowed(data, list(columns))
    if hasattr(data, "__arrow_c_stream__"):
        return _select(_core.table_from_stream(data.__arrow_c_stream__()), columns, what, roles)
    if hasattr(data, "__arrow_c_array__"):
        return _select(_core.table_from_array(*data.__arrow_c_array__()), columns, what, roles)
    if hasattr(data, "fetch_arrow_reader"):  # DuckDB before it spoke Arrow's capsules
        return _select(_core.table_from_stream(data.fetch_arrow_reader(1 << 20).__arrow_c_stream__()), columns, what, roles)
    raise TypeError(
        f"{what} is of type {type(data).__module__}.{type(data).__qualname__}; expected a data frame (pandas, polars, pyarrow, "
        "DuckDB), a dict of arrays, or an object with __arrow_c_stream__"
    )


def no_such_column(name: Any, available: Iterable[Any], role: str | None = None, hint: str = "") -> ValueError:
    """The error for a column that is not there, with the closest name that is."""
    import difflib

    names = [str(other) for other in available]
    close = difflib.get_close_matches(str(name), names, n=1)
    if not close:
        close = [other for other in names if other.lower() == str(name).lower()][:1]
    wanted = "" if role is None or role == name else f" for {role}"
    guess = f" Did you mean {close[0]!r}?" if close else ""
    shown = ", ".join(repr(other) for other in names[:50]) + (f" and {len(names) - 50} more" if len(names) > 50 else "")
    return ValueError(f"There is no column {name!r}{wanted}.{guess}{hint} The columns are: {shown or 'none'}.")


def _check(
    columns: Iterable[Any], available: Sequence[Any], what: str, roles: Mapping[str, str] | None, hint: str = ""
) -> None:
    for name in columns:
        if not isinstance(name, str):
            raise TypeError(f"The name of a column is {name!r} of type {type(name).__name__}; expected a str")
        if name not in available:
            raise no_such_column(name, available, (roles or {}).get(name), hint)
        if (count := available.count(name)) > 1:
            raise ValueError(f"There are {count} columns named {name!r}; expected each name once")


def _select(table: _core.Table, columns: Sequence[str] | None, what: str, roles: Mapping[str, str] | None) -> _core.Table:
    if columns is None:
        return table
    names = table.names
    _check(columns, names, what, roles)
    return table if names == list(columns) else table.select(list(columns))


def _names(data: Any) -> list[str] | None:
    """The names of the columns where the frame tells them without being read."""
    for attribute in ("column_names", "columns"):
        names = getattr(data, attribute, None)
        if isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names):
            return list(names)
    names = getattr(getattr(data, "schema", None), "names", None)
    return list(names) if isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names) else None


def _narrowed(data: Any, columns: list[str]) -> Any:
    """The frame with these columns only, where it can do that by itself: the others are then not converted."""
    home = type(data).__module__.partition(".")[0]
    if home == "polars" or (home == "pyarrow" and hasattr(data, "select")):
        return data.select(columns)
    if home in ("duckdb", "_duckdb"):
        return data.project(", ".join('"' + name.replace('"', '""') + '"' for name in columns))
    return data


def _assemble(n_rows: int, columns: list[tuple[str, Column]]) -> _core.Table:
    if not any(isinstance(column, _core.Table) for _, column in columns):
        return _core.table_from_parts(n_rows, columns)
    tables = []
    for name, column in columns:
        table = column if isinstance(column, _core.Table) else _core.table_from_parts(n_rows, [("", column)])
        tables.append((name, table, table.names[0]))
    return _core.table_combine(n_rows, tables)


def _length(column: Column) -> int:
    return column.n_rows if isinstance(column, _core.Table) else column[1]


def _from_mapping(
    data: Mapping[Any, Any], columns: Sequence[str] | None, what: str, roles: Mapping[str, str] | None
) -> _core.Table:
    names = list(data) if columns is None else list(columns)
    _check(names, list(data), what, roles)
    taken = [(name, _column(name, data[name])) for name in names]
    for name, column in taken[1:]:
        if _length(column) != _length(taken[0][1]):
            raise ValueError(
                f"Column {name!r} has {_length(column)} rows, column {taken[0][0]!r} {_length(taken[0][1])}; expected as many"
            )
    return _assemble(_length(taken[0][1]) if taken else 0, taken)


def _column(name: str, values: Any) -> Column:
    """A column from an array of any kind."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, (pandas.Series, pandas.Index)):
        return _from_series(name, pandas.Series(values))
    if pandas is not None and isinstance(values, pandas.api.extensions.ExtensionArray):
        return _from_series(name, pandas.Series(values))
    if isinstance(values, np.ndarray):
        return _from_numpy(name, values)
    if hasattr(values, "__arrow_c_stream__"):
        return _one(name, _core.table_from_stream(values.__arrow_c_stream__()))
    if hasattr(values, "__arrow_c_array__"):
        return _one(name, _core.table_from_array(*values.__arrow_c_array__()))
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"Column {name!r} is {values!r}; expected an array or a list")
    items = values if isinstance(values, list) else list(values)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return from_objects(name, array)


def _one(name: str, table: _core.Table) -> _core.Table:
    if len(table.names) != 1:
        raise TypeError(f"Column {name!r} has {len(table.names)} columns itself; expected an array")
    return table


# ---- pandas ------------------------------------------------------------------------------------------------------------


def _from_pandas(frame: Any, columns: Sequence[str] | None, what: str, roles: Mapping[str, str] | None) -> _core.Table:
    available = list(frame.columns)
    names = available if columns is None else list(columns)
    for name in names:
        if name not in available and name in frame.index.names:
            raise ValueError(f"{name!r} is in the index of {what}, not a column; call reset_index() first")
    _check(names, available, what, roles)
    taken: list[tuple[str, Column]] = []
    for name in names:
        series = frame[name]
        if series.ndim != 1:
            raise ValueError(f"There are {series.shape[1]} columns named {name!r}; expected each name once")
        taken.append((name, _from_series(name, series)))
    return _assemble(len(frame), taken)


def _from_series(name: str, series: Any) -> Column:
    pandas = sys.modules["pandas"]
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return _from_numpy(name, series.to_numpy())
    if isinstance(dtype, pandas.CategoricalDtype):
        return _from_categorical(name, series.array)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        instants = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        zone = getattr(dtype.tz, "key", None) or getattr(dtype.tz, "zone", None) or "UTC"
        return _from_times(name, instants, zone)
    arrow = isinstance(dtype, getattr(pandas, "ArrowDtype", ())) or getattr(dtype, "storage", None) == "pyarrow"
    if arrow:
        values = series.array.__arrow_array__()
        capsules = getattr(values, "__arrow_c_stream__", None)
        return _core.table_from_stream(capsules()) if capsules else _core.table_from_array(*values.__arrow_c_array__())
    if isinstance(dtype, pandas.StringDtype):
        return from_objects(name, series.to_numpy(dtype=object))
    if isinstance(dtype, pandas.SparseDtype):
        return _from_numpy(name, np.asarray(series))
    plain = getattr(dtype, "numpy_dtype", None)
    if isinstance(plain, np.dtype) and plain.kind in "biuf":  # Int64, Float64, boolean: values and a mask
        missing = series.isna().to_numpy()
        return _with_mask(_from_numpy(name, series.to_numpy(dtype=plain, na_value=plain.type(0))), missing)
    raise TypeError(f"Column {name!r} has the pandas type {dtype}; {_EXPECTED}")


def _from_categorical(name: str, values: Any) -> Column:
    categories = values.categories
    inner = _from_series(name, sys.modules["pandas"].Series(categories))
    if isinstance(inner, _core.Table):  # a dictionary needs its values as parts
        inner = from_objects(name, categories.to_numpy(dtype=object))
    codes = np.ascontiguousarray(values.codes)
    missing = codes < 0
    format_ = {1: "c", 2: "s", 4: "i", 8: "l"}[codes.dtype.itemsize]
    if missing.any():
        codes = np.where(missing, codes.dtype.type(0), codes)
        if inner[1] == 0:  # nothing but nulls
            return "n", len(codes), [None], None
    return _with_mask((format_, len(codes), [None, codes], inner), missing)


# ---- numpy -------------------------------------------------------------------------------------------------------------


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(flags, bitorder="little")


def _with_mask(parts: Column, missing: NDArray[np.bool_]) -> Column:
    """The column with these rows null besides those that are."""
    if not missing.any():
        return parts
    assert not isinstance(parts, _core.Table)
    format_, n, buffers, dictionary = parts
    if format_ == "n":
        return parts
    valid = ~missing
    if buffers[0] is not None:
        valid &= np.unpackbits(buffers[0], count=n, bitorder="little").astype(np.bool_)
    return format_, n, [_bits(valid), *buffers[1:]], dictionary


def _from_numpy(name: str, array: NDArray[Any]) -> Parts:
    if array.ndim != 1:
        raise ValueError(f"Column {name!r} has the shape {array.shape}; expected one dimension")
    if isinstance(array, np.ma.MaskedArray):
        parts = _with_mask(_from_numpy(name, np.asarray(array.data)), np.ma.getmaskarray(array))
        assert not isinstance(parts, _core.Table)
        return parts
    kind, n = array.dtype.kind, len(array)
    if kind == "b":
        return "b", n, [None, _bits(np.asarray(array, dtype=np.bool_))], None
    if kind in "iuf":
        dtype = array.dtype.newbyteorder("=")
        if dtype.itemsize > 8:
            dtype = np.dtype(np.float64)
        values = np.ascontiguousarray(array, dtype=dtype)
        format_ = {
            "i1": "c",
            "i2": "s",
            "i4": "i",
            "i8": "l",
            "u1": "C",
            "u2": "S",
            "u4": "I",
            "u8": "L",
            "f2": "e",
            "f4": "f",
            "f8": "g",
        }
        validity = None
        if kind == "f":  # numpy's only way to say that nothing is there
            missing = np.isnan(values)
            validity = _bits(~missing) if missing.any() else None
        return format_[values.dtype.str[1:]], n, [validity, values], None
    if kind in "Mm":
        return _from_times(name, array, None)
    if kind == "S":
        items = array.tolist()
        return _joined(b"".join(items), np.fromiter(map(len, items), dtype=np.int64, count=n), None)
    if kind in "UT":
        return from_objects(name, array.astype(object))
    if kind == "O":
        return from_objects(name, array)
    raise TypeError(f"Column {name!r} has the numpy type {array.dtype}; {_EXPECTED}")


def _from_times(name: str, array: NDArray[Any], zone: str | None) -> Parts:
    unit, count = np.datetime_data(array.dtype)
    kind, n = array.dtype.kind, len(array)
    if unit == "generic":
        if kind == "m" or not np.isnat(array).all():
            raise TypeError(f"Column {name!r} has the numpy type {array.dtype} without a unit; expected e.g. datetime64[us]")
        array = array.astype("datetime64[us]")
    elif unit in ("ps", "fs", "as"):
        raise TypeError(f"Column {name!r} has the numpy type {array.dtype}; expected nanoseconds at the finest")
    elif kind == "M" and unit in ("Y", "M", "W", "D") and zone is None:
        array = array.astype("datetime64[D]")
    elif count != 1 or unit not in _UNITS:
        array = array.astype(f"{'datetime64' if kind == 'M' else 'timedelta64'}[{unit if unit in _UNITS else 's'}]")
    unit = np.datetime_data(array.dtype)[0]
    values = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).view(np.int64)
    missing = values == np.iinfo(np.int64).min
    validity = _bits(~missing) if missing.any() else None
    if unit == "D":
        days = np.where(missing, 0, values)
        if len(days) and (days.min() < -(2**31) or days.max() >= 2**31):
            raise ValueError(f"Column {name!r} holds a day beyond the year 5,000,000; expected 1970 to 2200")
        return "tdD", n, [validity, days.astype(np.int32)], None
    letter = {"s": "s", "ms": "m", "us": "u", "ns": "n"}[unit]
    return (f"ts{letter}:{zone or ''}" if kind == "M" else f"tD{letter}"), n, [validity, values], None


# ---- objects -----------------------------------------------------------------------------------------------------------


def _joined(text: bytes, lengths: NDArray[np.int64], missing: NDArray[np.bool_] | None) -> Parts:
    """Text that is already one after the other."""
    n = len(lengths)
    offsets = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    validity = _bits(~missing) if missing is not None and missing.any() else None
    return "U", n, [validity, offsets, text], None


def _is_missing(value: Any, kind: type) -> bool:
    """Whether a value of an object column stands for nothing there."""
    if value is None or kind.__name__ in ("NaTType", "NAType"):
        return True
    return bool(issubclass(kind, (float, np.floating, Decimal, np.datetime64)) and value != value)


def _family(kind: type) -> str:
    """What an object of this type counts as; two families in one column are a mixture."""
    if issubclass(kind, str):
        return "str"
    if issubclass(kind, (bool, np.bool_)):
        return "bool"
    if issubclass(kind, (int, np.integer)):
        return "int"
    if issubclass(kind, (float, np.floating)):
        return "float"
    if issubclass(kind, Decimal):
        return "Decimal"
    if issubclass(kind, datetime):
        return "datetime"
    if issubclass(kind, date):
        return "date"
    if issubclass(kind, np.datetime64):
        return "datetime64"
    return ""


def _describe(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def from_objects(name: str, array: NDArray[np.object_]) -> Parts:
    """Parts of a column of Python objects, all of one kind or None."""
    values: list[Any] = array.tolist()
    n = len(values)
    kinds = set(map(type, values))
    if not kinds:
        return "n", 0, [None], None
    if kinds == {str}:
        return _from_text(name, values, None)
    families = {kind: _family(kind) for kind in kinds}
    # Missing values are told one by one only where a type allows them.
    doubtful = [
        kind
        for kind in kinds
        if kind is type(None) or not families[kind] or families[kind] in ("float", "Decimal", "datetime64")
    ]
    doubtful += [kind for kind in kinds if kind.__name__ == "NaTType"]
    missing = None
    if doubtful:
        missing = np.fromiter((_is_missing(value, type(value)) for value in values), dtype=np.bool_, count=n)
        if missing.all():
            return "n", n, [None], None
        kinds = {type(value) for value, gone in zip(values, missing.tolist(), strict=True) if not gone}
    present = {families[kind] for kind in kinds}
    if "" in present:
        row, value = next(
            (row, value)
            for row, value in enumerate(values)
            if not families[type(value)] and not (missing is not None and missing[row])
        )
        raise TypeError(f"Column {name!r}, row {row}: {_describe(value)}; {_EXPECTED}")
    if len(present) > 1 and present not in ({"int", "float"}, {"int", "Decimal"}):
        raise _mixture(name, values, missing)
    if missing is not None and not missing.any():
        missing = None
    if present == {"str"}:
        return _from_text(name, values, missing)
    parts = _from_scalars(
        name, values, missing, "Decimal" if "Decimal" in present else "float" if "float" in present else present.pop()
    )
    masked = _with_mask(parts, missing) if missing is not None else parts
    assert not isinstance(masked, _core.Table)
    return masked


def _mixture(name: str, values: list[Any], missing: NDArray[np.bool_] | None) -> TypeError:
    first: tuple[int, Any] | None = None
    for row, value in enumerate(values):
        if missing is not None and missing[row]:
            continue
        if first is None:
            first = row, value
        elif {_family(type(first[1])), _family(type(value))} not in (
            {_family(type(value))},
            {"int", "float"},
            {"int", "Decimal"},
        ):
            return TypeError(
                f"Column {name!r} mixes types: row {first[0]} holds {_describe(first[1])}, row {row} {_describe(value)}; "
                "expected one type"
            )
    return TypeError(f"Column {name!r} mixes types; expected one type")


def _from_text(name: str, values: list[Any], missing: NDArray[np.bool_] | None) -> Parts:
    if missing is not None:
        values = ["" if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]
    pieces = []
    lengths = np.empty(len(values), dtype=np.int64)
    for first in range(0, len(values), _BLOCK):  # block by block: nothing stops a join of millions
        block = values[first : first + _BLOCK]
        whole = "".join(block)
        if whole.isascii():  # characters are bytes: nothing to encode one by one
            piece, sized = whole.encode(), block
        else:
            try:
                sized = list(map(str.encode, block))
            except UnicodeEncodeError:
                raise _not_text(name, block, first) from None
            piece = b"".join(sized)
        pieces.append(piece)
        lengths[first : first + len(block)] = np.fromiter(map(len, sized), dtype=np.int64, count=len(block))
    return _joined(b"".join(pieces), lengths, missing)


def _not_text(name: str, values: list[str], first: int) -> ValueError:
    for row, value in enumerate(values, first):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            return ValueError(f"Column {name!r}, row {row}: {value!r} is not valid text: {error.reason}")
    raise AssertionError("every value can be encoded")


def _from_scalars(name: str, values: list[Any], missing: NDArray[np.bool_] | None, family: str) -> Parts:
    n = len(values)
    if missing is not None:  # any value of the family will do where there is none
        filler = next(value for value, gone in zip(values, missing.tolist(), strict=True) if not gone)
        values = [filler if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]
    if family == "bool":
        return _from_numpy(name, np.array(values, dtype=np.bool_))
    if family == "float":
        return _from_numpy(name, np.array(values, dtype=np.float64))
    if family == "int":
        return _from_integers(name, values)
    if family == "Decimal":
        return _from_decimals(name, values)
    if family == "date":
        epoch = date(1970, 1, 1).toordinal()
        days = np.fromiter((value.toordinal() - epoch for value in values), dtype=np.int32, count=n)
        return "tdD", n, [None, days], None
    if family == "datetime64":
        return _from_times(name, np.array(values), None)
    return _from_datetimes(name, values)


def _from_integers(name: str, values: list[Any]) -> Parts:
    low, high = min(values), max(values)
    if low >= -(2**63) and high < 2**63:
        return _from_numpy(name, np.array(values, dtype=np.int64))
    if low >= 0 and high < 2**64:
        return _from_numpy(name, np.array(values, dtype=np.uint64))
    row = next(row for row, value in enumerate(values) if not -(2**63) <= value < 2**63)
    raise ValueError(f"Column {name!r}, row {row}: {values[row]} does not fit in 64 bits; pass such numbers as text")


def _from_decimals(name: str, values: list[Any]) -> Parts:
    """Decimals as integers of 128 bits, all with the scale of the finest."""
    decimals = [Decimal(value) for value in values]
    scale = 0
    for row, value in enumerate(decimals):
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int):
            raise ValueError(f"Column {name!r}, row {row}: {_describe(values[row])}; expected a finite number")
        scale = max(scale, -exponent)
    digits = 1
    whole = []
    for row, value in enumerate(decimals):
        sign, figures, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        number = int("".join(map(str, figures)) or "0") * 10 ** (exponent + scale) if exponent + scale < 100 else 10**39
        if number >= 10**38:
            raise ValueError(
                f"Column {name!r}, row {row}: {_describe(values[row])}; expected at most 38 digits with a scale of {scale}"
            )
        digits = max(digits, len(str(number)))
        whole.append((-number if sign else number).to_bytes(16, "little", signed=True))
    return f"d:{max(digits, scale, 1)},{scale}", len(values), [None, b"".join(whole)], None


def _from_datetimes(name: str, values: list[Any]) -> Parts:
    aware = values[0].tzinfo is not None
    epoch = datetime(1970, 1, 1, tzinfo=UTC) if aware else datetime(1970, 1, 1)
    microsecond = timedelta(microseconds=1)
    micros = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        if (value.tzinfo is not None) != aware:
            raise TypeError(
                f"Column {name!r} mixes times with and without a time zone: row 0 holds {values[0]!r}, row {row} {value!r}; "
                "expected one or the other"
            )
        micros[row] = (value - epoch) // microsecond
    return f"tsu:{'UTC' if aware else ''}", len(values), [None, micros], None
