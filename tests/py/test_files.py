"""Reading CSV and Parquet without losing what ids and times say, and replacing a folder as a whole."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow")

import pyarrow.parquet as pq  # noqa: E402

from patron import files  # noqa: E402


def write(path: Path, content: str | bytes) -> files.Source:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return files.find(path)


def read(sources, columns, **kinds):
    return files.read_events(sources, columns, **kinds)


def find_and_read(path, *columns):
    return read([files.find(path)], columns, ids=["user"])


def replace(out: Path, error: BaseException | None = None, **texts: str) -> None:
    """Put a CSV file of each name into a folder that replaces `out`, and fail then if told to."""
    with files.replacing(out) as folder:
        for name, text in texts.items():
            (folder / f"{name}.csv").write_text(text)
        if error is not None:
            raise error


# ---- what a file is ----


def test_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    source = write(tmp_path / "a.csv", "\ufeffuser,time\n1,2024-01-01\n")
    assert source.columns == ("user", "time")
    assert read([source], ["user", "time"], ids=["user"])["user"].to_pylist() == [1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path, delimiter):
    source = write(tmp_path / "a.csv", f'"a,;b"{delimiter}c\n1{delimiter}2\n')
    assert source.columns == ("a,;b", "c")
    assert read([source], ["c"])["c"].to_pylist() == [2]


def test_gzipped_csv_reads_like_plain(tmp_path):
    source = write(tmp_path / "a.csv.gz", gzip.compress(b"user,x\n7,1.5\n"))
    assert read([source], ["user", "x"], ids=["user"]).to_pydict() == {"user": [7], "x": [1.5]}


def test_cut_gzip_is_an_error_that_names_the_file(tmp_path):
    whole = gzip.compress(os.urandom(4000).hex().encode() * 40)
    with pytest.raises(ValueError, match=r"a\.csv\.gz.*gzip"):
        write(tmp_path / "a.csv.gz", whole[: len(whole) // 2])


def test_empty_file_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"a\.csv is empty"):
        write(tmp_path / "a.csv", "\n\n")


def test_repeated_column_name_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="more than one column is called 'x'"):
        write(tmp_path / "a.csv", "x,y,x\n1,2,3\n")


def test_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        files.find(tmp_path)


def test_damaged_parquet_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(ValueError, match=r"a\.parquet"):
        write(tmp_path / "a.parquet", b"PAR1" + b"\0" * 64)


# ---- encodings ----


@pytest.mark.parametrize(("text", "place"), [("用户,x\n张三,1\n", 0), ("user,x\nok,1\n张三,2\n", 12)])
def test_gbk_is_refused_with_the_byte_and_the_way_out(tmp_path, text, place):
    path = tmp_path / "gbk.csv"
    path.write_bytes(text.encode("gbk"))
    with pytest.raises(
        ValueError, match=rf"gbk\.csv: byte {place} \(0x..\) is not UTF-8; the text looks like GBK: pass --encoding gbk"
    ):
        find_and_read(path, "user", "x")


def test_gbk_in_a_guessed_column_is_refused_too(tmp_path):
    path = tmp_path / "gbk.csv"
    path.write_bytes("user,name\n1,张三\n".encode("gbk"))
    with pytest.raises(ValueError, match=r"byte 12 .* looks like GBK"):
        read([files.find(path)], ["user", "name"], ids=["user"])


def test_gbk_reads_when_told(tmp_path):
    path = tmp_path / "gbk.csv"
    path.write_bytes("用户,x\n张三,1\n".encode("gbk"))
    source = files.find(path, "gbk")
    assert source.columns == ("用户", "x")
    assert read([source], ["用户"], ids=["用户"])["用户"].to_pylist() == ["张三"]


def test_wrong_byte_is_counted_across_blocks_and_split_characters(tmp_path):
    text = b"user,name\n" + "1,好\n".encode() * 400_000
    path = tmp_path / "a.csv"
    path.write_bytes(text + b"1,\xff\xff\xff\n")
    with pytest.raises(ValueError, match=f"byte {len(text) + 2:,} "):
        read([files.find(path)], ["user", "name"], ids=["user"])


def test_utf16_is_named(tmp_path):
    with pytest.raises(ValueError, match="UTF-16; pass --encoding utf-16"):
        write(tmp_path / "a.csv", "user,x\n1,2\n".encode("utf-16"))


def test_unknown_encoding_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(ValueError, match="Unknown encoding 'klingon'"):
        files.find(tmp_path / "a.csv", "klingon")


# ---- ids ----


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["7", "12"], [7, 12]),
        (["00123", "12"], ["00123", "12"]),
        (["0", "-3"], [0, -3]),
        (["+7", "1"], ["+7", "1"]),
        (["7", "A1"], ["7", "A1"]),
        (["1e5", "2"], ["1e5", "2"]),
        (["7.0", "2"], ["7.0", "2"]),
        (["99999999999999999999", "1"], ["99999999999999999999", "1"]),
    ],
)
def test_ids_are_integers_only_when_every_one_is_plain(tmp_path, ids, expected):
    source = write(tmp_path / "a.csv", "user,x\n" + "".join(f"{i},1\n" for i in ids))
    assert read([source], ["user"], ids=["user"])["user"].to_pylist() == expected


def test_one_text_id_makes_text_of_the_ids_in_all_files(tmp_path):
    a = write(tmp_path / "a.csv", "user\n7\n")
    b = write(tmp_path / "b.csv", "user\n007\n")
    assert read([a, b], ["user"], ids=["user"])["user"].to_pylist() == ["7", "007"]


def test_text_ids_of_parquet_stay_text(tmp_path):
    pq.write_table(pa.table({"user": ["7", "8"]}), tmp_path / "a.parquet")
    assert read([files.find(tmp_path / "a.parquet")], ["user"], ids=["user"])["user"].to_pylist() == ["7", "8"]


def test_missing_marks_are_null_in_text_too(tmp_path):
    source = write(tmp_path / "a.csv", 'user,x\n"",1\nNULL,2\nu,NA\n')
    table = read([source], ["user", "x"], ids=["user"])
    assert table["user"].to_pylist() == [None, None, "u"]
    assert table["x"].to_pylist() == [1, 2, None]


def test_guarded_column_keeps_leading_zeros_and_other_numbers_stay_numbers(tmp_path):
    source = write(tmp_path / "a.csv", "zip,age\n01234,30\n99999,40\n")
    table = read([source], ["zip", "age"], guarded=["zip", "age"])
    assert table.to_pydict() == {"zip": ["01234", "99999"], "age": [30, 40]}


def test_quoted_line_breaks_are_part_of_the_value(tmp_path):
    """Also where a block of reading ends inside a value."""
    source = write(tmp_path / "a.csv", "user,text\n" + '1,"two\nlines"\n' * 700_000)
    assert read([source], ["text"], texts=["text"])["text"].unique().to_pylist() == ["two\nlines"]


# ---- several files ----


def test_types_of_several_files_are_brought_together(tmp_path):
    a = write(tmp_path / "a.csv", "t,x\n2024-01-01,1\n")
    b = write(tmp_path / "b.csv", "t,x\n2024-01-02 03:04:05,1.5\n")
    table = read([a, b], ["t", "x"])
    assert [str(t) for t in table["t"].to_pylist()] == ["2024-01-01 00:00:00", "2024-01-02 03:04:05"]
    assert table["x"].to_pylist() == [1.0, 1.5]


def test_numbers_in_one_file_and_text_in_another_are_an_error_with_both_names(tmp_path):
    a = write(tmp_path / "a.csv", "x\n1.5\n")
    b = write(tmp_path / "b.csv", "x\nlots\n")
    with pytest.raises(ValueError, match=r"'x' is double in .*a\.csv but string in .*b\.csv"):
        read([a, b], ["x"])


def test_column_that_a_file_lacks_is_null_there(tmp_path):
    a = write(tmp_path / "a.csv", "user,x\n1,2\n")
    b = write(tmp_path / "b.csv", "user\n3\n")
    assert read([a, b], ["user", "x"], ids=["user"]).to_pydict() == {"user": [1, 3], "x": [2, None]}


def test_row_of_another_width_is_an_error_that_names_the_file(tmp_path):
    source = write(tmp_path / "a.csv", "a,b\n1,2\n1,2,3\n")
    with pytest.raises(ValueError, match=r"a\.csv.*Expected 2 columns"):
        read([source], ["a"])


# ---- attributes ----


def test_key_of_attributes_takes_the_type_of_the_events(tmp_path):
    source = write(tmp_path / "u.csv", "user,city,zip\n7,x,01\n8,y,22\n")
    assert files.read_attributes(source, "user", pa.int64())["user"].to_pylist() == [7, 8]
    as_text = files.read_attributes(source, "user", pa.string())
    assert as_text.to_pydict() == {"user": ["7", "8"], "city": ["x", "y"], "zip": ["01", "22"]}


def test_key_that_cannot_be_an_integer_is_an_error(tmp_path):
    source = write(tmp_path / "u.csv", "user\nseven\n")
    with pytest.raises(ValueError, match=r"u\.csv.*'user' does not fit"):
        files.read_attributes(source, "user", pa.int64())


def test_missing_key_lists_the_columns(tmp_path):
    source = write(tmp_path / "u.csv", "id,city\n1,x\n")
    with pytest.raises(ValueError, match="no column 'user'; its columns are id, city"):
        files.read_attributes(source, "user", pa.int64())


# ---- writing ----


def test_formats_are_checked_before_work():
    with pytest.raises(ValueError, match="Unknown format 'xml'"):
        files.check_formats(["xml"], 1)
    with pytest.raises(ValueError, match="1,048,575 rows"):
        files.check_formats(["xlsx"], 1_048_576)
    files.check_formats(["xlsx", "csv", "parquet"], 1_048_575)


def test_csv_has_a_mark_and_no_codes(tmp_path):
    table = pa.table({"名": pa.array(["甲", "乙"]).dictionary_encode()})
    (path,) = files.write_table(table, tmp_path, "segments", ["csv"])
    assert path.read_bytes() == b"\xef\xbb\xbf" + '"名"\n"甲"\n"乙"\n'.encode()


# ---- replacing a folder ----


def test_new_folder_appears_with_its_contents(tmp_path):
    out = tmp_path / "deep" / "out"
    replace(out, audit="x")
    assert [p.name for p in out.iterdir()] == ["audit.csv"]


def test_failure_leaves_no_folder_that_was_not_there(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        replace(tmp_path / "deep" / "out", KeyboardInterrupt(), audit="x")
    assert list(tmp_path.iterdir()) == []


def test_failure_leaves_earlier_results_as_they_were(tmp_path):
    (tmp_path / "audit.csv").write_text("old")
    with pytest.raises(OSError, match="No space"):
        replace(tmp_path, OSError(28, "No space left on device"), audit="new")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"audit.csv": "old"}


def test_failure_while_moving_in_leaves_whole_files_only(tmp_path, monkeypatch):
    (tmp_path / "audit.csv").write_text("old")
    real, calls = os.replace, []

    def failing(a, b):
        calls.append(a)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        real(a, b)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="Input/output"):
        replace(tmp_path, audit="new", profiles="new")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"audit.csv": "new"}


def test_earlier_results_are_replaced_and_tables_not_made_any_more_go(tmp_path):
    for name in ("audit.csv", "segments.parquet"):
        (tmp_path / name).write_text("old")
    replace(tmp_path, audit="new")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"audit.csv": "new"}


def test_simulated_shop_stays_when_a_later_run_makes_none(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "truth_users.parquet").write_text("truth")
    replace(tmp_path, audit="new")
    assert (tmp_path / "shop" / "truth_users.parquet").read_text() == "truth"


def test_folder_with_other_files_is_refused_and_untouched(tmp_path):
    (tmp_path / "holiday.jpg").write_text("x")
    with pytest.raises(FileExistsError, match=r"other files \(holiday\.jpg\)"), files.replacing(tmp_path):
        pytest.fail("the block must not run")
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]


def test_report_that_is_not_ours_is_not_replaced(tmp_path):
    (tmp_path / "report.html").write_text("<html>somebody else's")
    with pytest.raises(FileExistsError, match=r"report\.html"), files.replacing(tmp_path):
        pytest.fail("the block must not run")


def test_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(NotADirectoryError, match="out is a file"), files.replacing(tmp_path / "out"):
        pytest.fail("the block must not run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="Cannot write to"), files.replacing(tmp_path / "out"):
            pytest.fail("the block must not run")
    finally:
        tmp_path.chmod(0o700)


def test_folder_that_cannot_be_made_is_refused_by_name():
    with pytest.raises(OSError, match="Cannot write to /proc/patron-out"), files.replacing("/proc/patron-out"):
        pytest.fail("the block must not run")
