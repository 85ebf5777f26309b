"""Files in and out: event logs as CSV or Parquet, result tables, and a folder that is replaced as a whole.

Reading goes through pyarrow. What pyarrow would guess silently wrong is decided here:

- *Ids.* ``00123`` is not the number 123. Columns of ids are read as text and become integers only when every value of every
  file is a plain integer, without leading zeros, signs or blanks.
- *Encodings.* Bytes that are not UTF-8 are refused with the file, the byte and the encoding they look like; pyarrow would
  hand over binary columns.
- *Missing values.* Empty fields and the usual marks (NULL, NaN, NA, None ...) are null in every column.

Writing: tables are made in a folder beside the final one's contents and moved in by `os.replace` once all of them are
complete and flushed, so a full disk or an interrupt leaves what was there.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FORMATS", "Source", "check_formats", "find", "read_attributes", "read_events", "replacing", "write_table"]

FORMATS = ("parquet", "csv", "xlsx")
TABLES = ("profiles", "segments", "audit")
_TABLE_FILES = [f"{table}.{kind}" for table in TABLES for kind in FORMATS]
NULLS = ["", "NULL", "null", "\\N", "NaN", "nan", "NA", "N/A", "#N/A", "None"]
EXCEL_ROWS = 1_048_575  # besides the head
_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
_ZEROS = r"^[-+]?0[0-9]"
_HEAD = 1 << 20


# ---- finding out what a file is ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A file that can be read: its kind ("csv" or "parquet") and the names of its columns."""

    path: Path
    kind: str
    columns: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ","


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("Files need pyarrow, which is not installed: pip install 'patron[report]'") from error
    return pyarrow


def _open(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked if it is gzipped."""
    with open(path, "rb") as file:
        magic = file.read(2)
    return cast(IO[bytes], gzip.open(path, "rb")) if magic == b"\x1f\x8b" else open(path, "rb")


def find(path: str | Path, encoding: str | None = None) -> Source:
    """Look into a file: Parquet or CSV, its columns, and for CSV the delimiter.

    Parameters
    ----------
    path : path
        CSV may be gzipped.
    encoding : str, optional
        Of a CSV file; UTF-8 by default (with or without a byte order mark).

    Raises
    ------
    OSError
        The file cannot be opened.
    ValueError
        It is empty, not in that encoding, or two of its columns have the same name.
    """
    path = Path(path)
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise ValueError(f"Unknown encoding {encoding!r}; expected e.g. utf-8, gbk, gb18030 or latin-1") from error
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected a CSV or Parquet file")
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        import pyarrow.parquet as pq

        _arrow()
        try:
            columns = tuple(pq.ParquetFile(path).schema_arrow.names)
        except (ValueError, OSError) as error:
            raise ValueError(f"{path}: {_first_line(error)}") from error
        return Source(path, "parquet", _distinct(path, columns))
    if magic == b"PK\x03\x04":
        raise ValueError(f"{path} is an Excel workbook or another zip archive; save the sheet as CSV (UTF-8)")
    with contextlib.closing(_open(path)) as unpacked:
        try:
            head = unpacked.read(_HEAD)
        except (OSError, EOFError) as error:
            raise ValueError(f"{path}: damaged gzip file ({error})") from error
    if not head.strip():
        raise ValueError(f"{path} is empty; expected a line of column names")
    if encoding is None and head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise ValueError(f"{path}: the text is UTF-16; pass --encoding utf-16")
    line, _, _ = head.partition(b"\n") if encoding is None or _is_ascii_like(encoding) else (head, b"", b"")
    try:
        text = line.decode(encoding or "utf-8-sig", "strict" if _is_ascii_like(encoding or "utf-8") else "ignore")
    except UnicodeDecodeError as error:
        raise ValueError(_not_in_encoding(path, encoding)) from error
    text = text.lstrip("\ufeff").splitlines()[0]
    delimiter = _delimiter(text)
    return Source(path, "csv", _distinct(path, _split(text, delimiter)), encoding or "utf-8", delimiter)


def _is_ascii_like(encoding: str) -> bool:
    """Whether a line ends with the byte of a newline."""
    return "\n".encode(codecs.lookup(encoding).name) == b"\n"


def _distinct(path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    twice = {name for name in columns if columns.count(name) > 1}
    if twice:
        raise ValueError(f"{path}: more than one column is called {min(twice)!r}")
    return tuple(columns)


def _delimiter(line: str) -> str:
    quoted, counts = False, dict.fromkeys(",;\t|", 0)
    for c in line:
        if c == '"':
            quoted = not quoted
        elif c in counts and not quoted:
            counts[c] += 1
    return max(counts, key=lambda c: counts[c]) if any(counts.values()) else ","


def _split(line: str, delimiter: str) -> tuple[str, ...]:
    import csv

    return tuple(next(csv.reader([line], delimiter=delimiter)))


def _not_in_encoding(path: Path, encoding: str | None) -> str:
    """Where a file leaves its encoding, and what it looks like instead."""
    tried = encoding or "utf-8"
    place, wrong = _first_wrong_byte(path, tried)
    if encoding is not None:
        return f"{path}: byte {place:,} (0x{wrong:02x}) is not {encoding}; pass the encoding of the file with --encoding"
    if _decodes(path, "gb18030"):
        return f"{path}: byte {place:,} (0x{wrong:02x}) is not UTF-8; the text looks like GBK: pass --encoding gbk"
    return f"{path}: byte {place:,} (0x{wrong:02x}) is not UTF-8; pass the encoding of the file with --encoding"


def _first_wrong_byte(path: Path, encoding: str) -> tuple[int, int]:
    """Position (from 0) and value of the first byte that does not decode."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    with contextlib.closing(_open(path)) as file:
        while True:
            chunk = file.read(_HEAD)
            pending = decoder.getstate()[0]
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return done - len(pending) + error.start, error.object[error.start]
            done += len(chunk)
            if not chunk:
                return done, 0


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with contextlib.closing(_open(path)) as file:
        try:
            for chunk in iter(lambda: file.read(_HEAD), b""):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# ---- reading -------------------------------------------------------------------------------------------------------------


def _read(source: Source, columns: Sequence[str], texts: Iterable[str]) -> pa.Table:
    """Columns of one file; of a CSV file those in `texts` as text, the others as their values look."""
    pa = _arrow()
    if source.kind == "parquet":
        import pyarrow.parquet as pq

        try:
            return pq.read_table(source.path, columns=list(columns), partitioning=None)
        except (ValueError, OSError, NotImplementedError) as error:
            raise ValueError(f"{source.path}: {_first_line(error)}") from error
    import pyarrow.csv as pc

    try:
        with contextlib.closing(_open(source.path)) as file:
            table = pc.read_csv(
                file,
                read_options=pc.ReadOptions(encoding=source.encoding, block_size=8 << 20),
                parse_options=pc.ParseOptions(delimiter=source.delimiter, newlines_in_values=True),
                convert_options=pc.ConvertOptions(
                    include_columns=list(columns),
                    column_types=dict.fromkeys(texts, pa.string()),
                    null_values=NULLS,
                    strings_can_be_null=True,
                ),
            )
    except UnicodeDecodeError as error:
        raise ValueError(_not_in_encoding(source.path, source.encoding)) from error
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        if "UTF8" in str(error):
            raise ValueError(_not_in_encoding(source.path, None)) from error
        if "Empty CSV file" in str(error):
            raise ValueError(f"{source.path} holds names of columns and no rows") from error
        raise ValueError(f"{source.path}: {_first_line(error)}") from error
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{source.path}: damaged gzip file ({error})") from error
    if any(pa.types.is_binary(field.type) for field in table.schema):
        raise ValueError(_not_in_encoding(source.path, None))
    return table


def _careful(source: Source, columns: Sequence[str], texts: Iterable[str], guarded: Iterable[str]) -> pa.Table:
    """As `_read`, but `guarded` columns of integers with a leading zero somewhere are text."""
    pa = _arrow()
    table = _read(source, columns, texts)
    if source.kind != "csv":
        return table
    whole = [name for name in guarded if name in table.column_names and pa.types.is_integer(table[name].type)]
    if not whole:
        return table
    import pyarrow.compute as pc

    again = _read(source, whole, whole)
    for name in whole:
        if pc.any(pc.match_substring_regex(again[name], _ZEROS)).as_py():
            table = table.set_column(table.schema.get_field_index(name), name, again[name])
    return table


def read_events(
    sources: Sequence[Source],
    columns: Sequence[str],
    *,
    ids: Iterable[str] = (),
    texts: Iterable[str] = (),
    guarded: Iterable[str] = (),
    numbers: Iterable[str] = (),
    progress: Callable[[str], None] | None = None,
) -> pa.Table:
    """Several files as one table.

    Parameters
    ----------
    sources : sequence of Source
    columns : sequence of str
        To read; nulls where a file does not have one.
    ids : iterable of str
        Columns of ids: text, or integers when every value is a plain one.
    texts : iterable of str
        Columns that stay text, e.g. times with a format of their own.
    guarded : iterable of str
        Columns whose type is found out, but which stay text when an integer has a leading zero.
    numbers : iterable of str
        Columns that must be numbers.
    progress : callable, optional
        Called with the name of each file.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    ValueError
        A file cannot be read, a column is text in one file and a number in another, or a number is none.
    """
    pa = _arrow()
    ids, texts, guarded = list(ids), list(texts), list(guarded)
    parts = []
    for source in sources:
        if progress:
            progress(source.path.name)
        here = [name for name in columns if name in source.columns]
        as_text = [name for name in here if name in ids or name in texts]
        table = _careful(source, here, as_text, guarded)
        for name in numbers:
            if source.kind == "csv" and name in here and pa.types.is_string(table[name].type):
                _refuse_text(source, name, table[name])
        parts.append(table)
    native = {  # text by the producer's own word stays text
        name
        for source, part in zip(sources, parts, strict=True)
        for name in ids
        if source.kind == "parquet" and name in part.column_names and not pa.types.is_integer(part[name].type)
    }
    joined = {}
    for name in columns:
        pieces = [
            (source, part[name] if name in part.column_names else None) for source, part in zip(sources, parts, strict=True)
        ]
        joined[name] = _join(name, pieces, [part.num_rows for part in parts])
        if name in ids and name not in native:
            joined[name] = _plain_integers(joined[name])
    return pa.table(joined)


def _refuse_text(source: Source, name: str, column: Any) -> None:
    """Name the value that made text of a column of numbers."""
    for row, value in enumerate(column.to_pylist()):
        try:
            float("0" if value is None else value.strip() if "_" not in value else "")
        except ValueError:
            raise ValueError(
                f"{source.path}: column {name!r}, row {row}: {value!r} is not a number; expected digits with a decimal point, "
                "no signs of money, no marks of thousands"
            ) from None


def _join(name: str, pieces: Sequence[tuple[Source, Any]], lengths: Sequence[int]) -> Any:
    """One column out of those of several files (None: a file without it)."""
    pa = _arrow()
    there = [(source, piece) for source, piece in pieces if piece is not None and not pa.types.is_null(piece.type)]
    if not there:
        return pa.nulls(sum(lengths))
    kinds = {piece.type for _, piece in there}
    target = next(iter(kinds))
    if len(kinds) > 1:
        target = _common(name, there)
    chunks = []
    for (source, piece), length in zip(pieces, lengths, strict=True):
        if piece is None or pa.types.is_null(piece.type):
            chunks.append(pa.nulls(length, target))
            continue
        try:
            chunks += piece.cast(target).chunks
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueError(f"{source.path}: column {name!r} is {piece.type} here, {target} in another file") from error
    return pa.chunked_array(chunks, type=target)


def _common(name: str, pieces: Sequence[tuple[Source, Any]]) -> Any:
    pa = _arrow()
    types = [piece.type for _, piece in pieces]

    def is_number(kind: Any) -> bool:
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))

    def is_text(kind: Any) -> bool:
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))

    if all(pa.types.is_integer(kind) for kind in types):
        return pa.int64()
    if all(is_number(kind) for kind in types):
        return pa.float64()
    if all(pa.types.is_date(kind) or pa.types.is_timestamp(kind) for kind in types):
        zones = {getattr(kind, "tz", None) for kind in types}
        if len(zones) == 1:
            return pa.timestamp("us", tz=zones.pop())
    elif all(is_text(kind) or pa.types.is_integer(kind) for kind in types):
        return pa.string()
    (first, a), (second, b) = next(
        (pieces[i - 1], pieces[i]) for i in range(1, len(pieces)) if pieces[i - 1][1].type != pieces[i][1].type
    )
    raise ValueError(f"Column {name!r} is {a.type} in {first.path} but {b.type} in {second.path}; expected one type")


def _plain_integers(column: Any) -> Any:
    """Text as int64 when every value is a plain integer, else as it is."""
    import pyarrow.compute as pc

    pa = _arrow()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    if column.null_count == len(column) or not pc.all(pc.match_substring_regex(column, _INTEGER)).as_py():
        return column
    return column.cast(pa.int64())


def read_attributes(source: Source, key: str, like: Any) -> pa.Table:
    """A table of users or items, its key in the type of the events' ids.

    Parameters
    ----------
    source : Source
    key : str
        The column of ids.
    like : pyarrow.DataType
        Type of the ids in the events.
    """
    pa = _arrow()
    if key not in source.columns:
        raise ValueError(f"{source.path} has no column {key!r}; its columns are {', '.join(source.columns)}")
    table = _careful(source, source.columns, [key], source.columns)
    column = table[key]
    if column.type != like:
        try:
            column = column.cast(pa.string()) if not pa.types.is_integer(like) else column.cast(like)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueError(
                f"{source.path}: column {key!r} does not fit the ids of the events ({like}): {_first_line(error)}"
            ) from error
    return table.set_column(table.schema.get_field_index(key), key, column)


# ---- writing -------------------------------------------------------------------------------------------------------------


def check_formats(formats: Sequence[str], n_rows: int) -> None:
    """Refuse an unknown format, and one that cannot hold that many rows, before any work is done."""
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"Unknown format {name!r}; expected one of {', '.join(FORMATS)}")
    if "xlsx" in formats and n_rows > EXCEL_ROWS:
        raise ValueError(f"xlsx holds {EXCEL_ROWS:,} rows, but there are {n_rows:,} users; use csv or parquet")


def write_table(table: Any, folder: Path, name: str, formats: Sequence[str]) -> list[Path]:
    """Write a table as ``<name>.<format>`` for each format.

    CSV is UTF-8 with a byte order mark, so that spreadsheets show Chinese as it is.
    """
    pa = _arrow()
    paths = []
    for kind in formats:
        path = folder / f"{name}.{kind}"
        if kind == "parquet":
            import pyarrow.parquet as pq

            pq.write_table(pa.table(table), path)
        elif kind == "csv":
            import pyarrow.csv as pc

            with open(path, "wb") as file:
                file.write(codecs.BOM_UTF8)
                pc.write_csv(_plain(pa.table(table)), file)
        else:
            table.to_excel(str(path))
        paths.append(path)
    return paths


def _plain(table: Any) -> Any:
    """Dictionaries as their values: CSV has no codes."""
    pa = _arrow()
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(field.type.value_type))
    return table


def _is_ours(path: Path) -> bool:
    """Whether an entry of the output folder is of an earlier run (or hidden, as file managers leave them)."""
    if path.name.startswith("."):
        return True
    if path.name == "shop":
        return path.is_dir() and (path / "truth_users.parquet").exists()
    if path.name == "report.html":
        with open(path, "rb") as file:
            return b'<meta name="generator" content="patron ' in file.read(4096)
    return path.name in _TABLE_FILES


@contextlib.contextmanager
def replacing(out: str | Path) -> Iterator[Path]:
    """A new folder whose contents become those of `out` when the block ends well, and vanish when it does not.

    What an earlier run left in `out` is replaced. Anything else there is refused before any work is done.

    Raises
    ------
    OSError
        `out` is a file, holds other files, or cannot be written to.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file; expected a folder")
    made = None
    if not out.exists():
        made = next(parent for parent in [*reversed(out.parents), out] if not parent.exists())
    foreign = sorted(path.name for path in out.iterdir() if not _is_ours(path)) if made is None else []
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise FileExistsError(f"{out} holds other files ({foreign[0]}{more}); give a folder that is new, empty or patron's own")
    stage = None
    try:
        try:
            out.mkdir(parents=True, exist_ok=True)
            stage = Path(tempfile.mkdtemp(prefix=".patron-", dir=out))
        except OSError as error:
            raise type(error)(error.errno, f"Cannot write to {out}: {error.strerror}") from error
        new = stage / "new"
        new.mkdir()
        yield new
        for path in new.rglob("*"):
            if path.is_file():
                _flush(path)
        _move_in(new, stage / "old", out)
        made = None
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move_in(new: Path, old: Path, out: Path) -> None:
    """Move the entries of `new` into `out`; tables that are not made any more, and folders in the way, go to `old`."""
    old.mkdir()
    arrived = set()
    for path in sorted(new.iterdir()):
        arrived.add(path.name)
        target = out / path.name
        if target.is_dir():
            os.replace(target, old / path.name)
        os.replace(path, target)
    for name in _TABLE_FILES:
        if name not in arrived and (out / name).exists():
            os.replace(out / name, old / name)
    _flush(out)
