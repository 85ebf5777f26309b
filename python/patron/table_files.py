"""Tables as CSV and Excel files, written beside the target and moved into place, so that a failure leaves the old file."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from patron.table import Table

__all__ = ["local_times", "replacing", "write_csv", "write_excel"]

_BLOCK = 65_536
_SHEET_DIGITS = 15  # a sheet holds numbers as doubles and shows no more


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """The name of a file beside `path` that takes its place when all went well, and is removed otherwise."""
    target = os.path.abspath(os.fspath(path))
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{os.path.basename(target)[:40]}.", suffix=".tmp", dir=os.path.dirname(target))
    except OSError as error:
        raise _named(error, path) from None
    try:
        os.close(handle)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)  # as if it had been opened, not made by mkstemp
        yield name
        with open(name, "rb") as file:
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and error.filename in (None, name):
            raise _named(error, path) from error
        raise


def _named(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """The error under the name that the caller knows."""
    if error.errno is None:
        return error
    return OSError(error.errno, os.strerror(error.errno), os.fspath(path))


def local_times(values: NDArray[Any], zone: str) -> list[datetime | None]:
    """Times of a column with a time zone as aware datetimes of it; None for NaT and beyond the year 9999."""
    tz = _zone_of(zone)
    out: list[datetime | None] = []
    for value in values.astype("datetime64[us]").astype(object):
        out.append(value.replace(tzinfo=UTC).astimezone(tz) if isinstance(value, datetime) else None)
    return out


def _zone_of(name: str) -> tzinfo:
    """A zone by its name, or by its offset, which Arrow allows as a name."""
    from patron.timezones import zone_named

    offset = re.fullmatch(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])", name)
    if offset is None:
        return zone_named(name)
    east = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(-east if offset[1] == "-" else east)


def _rows(table: Table, excel: bool) -> Iterator[list[Any]]:
    """The rows, converted block by block, so that no more than a block of Python objects is held besides the columns."""
    columns = [table[name] for name in table.columns]
    zones = [table.timezone_of(name) for name in table.columns]
    for first in range(0, len(table), _BLOCK):
        blocks = [_plain(column[first : first + _BLOCK], zone, excel) for column, zone in zip(columns, zones, strict=True)]
        for row in zip(*blocks, strict=True):
            yield list(row)


def _plain(values: NDArray[Any], zone: str | None, excel: bool) -> list[Any]:
    kind = values.dtype.kind
    if kind == "M":
        if zone is not None:
            aware = local_times(values, zone)
            # A sheet knows no zones: it gets the local clock.
            if excel:
                return [moment and moment.replace(tzinfo=None) for moment in aware]
            return [
                _beyond(value) if moment is None else moment.isoformat(" ") for moment, value in zip(aware, values, strict=True)
            ]
        if excel:
            unit = "D" if np.datetime_data(values.dtype)[0] == "D" else "us"
            return list(values.astype(f"datetime64[{unit}]").astype(object))
        texts = np.datetime_as_string(values).tolist()
        return [None if text == "NaT" else text.replace("T", " ") for text in texts]
    if kind == "m":
        seconds = values / np.timedelta64(1, "s")
        return [None if value != value else value for value in seconds.tolist()]
    if kind == "f":
        return [None if value != value else value for value in values.tolist()]
    return list(values.tolist())


def _beyond(value: Any) -> str | None:
    """A time that Python's datetime cannot hold, in UTC; None for NaT."""
    return None if np.isnat(value) else f"{np.datetime_as_string(value).replace('T', ' ')}+00:00"


def write_csv(table: Table, path: str | os.PathLike[str], bom: bool) -> None:
    """See `Table.to_csv`."""
    with (
        replacing(path) as name,
        open(name, "w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(table.columns)
        writer.writerows(_rows(table, excel=False))


def write_excel(table: Table, path: str | os.PathLike[str], sheet: str) -> None:
    """See `Table.to_excel`."""
    try:
        import openpyxl
    except ImportError as error:
        raise ImportError("to_excel needs openpyxl: pip install openpyxl") from error
    rows, columns = table.shape
    if rows > 1_048_575 or columns > 16_384:
        raise ValueError(f"The table has {rows:,} rows and {columns:,} columns; an Excel sheet holds 1,048,575 and 16,384")
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append(table.columns)
    for row in _rows(table, excel=True):
        page.append([_cell(page, value) for value in row])
    packed = io.BytesIO()  # in memory, since a workbook that cannot write its file complains again when it is collected
    book.save(packed)
    with replacing(path) as name, open(name, "wb") as file:
        file.write(packed.getbuffer())


def _cell(page: Any, value: Any) -> Any:
    """What a cell can hold: no control characters, no more than 15 digits, and text that looks like a formula stays text."""
    if isinstance(value, int) and abs(value) >= 10**_SHEET_DIGITS:
        return str(value)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    if not isinstance(value, str):
        return value
    text = "".join(letter for letter in value if letter >= " " or letter in "\t\n\r")[:32_767]
    if text.startswith("="):
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(page, value=text)
        cell.data_type = "s"
        return cell
    return text
