"""The command: what it guesses, writes, says and refuses."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

import pyarrow.parquet as pq  # noqa: E402

from patron import guess  # noqa: E402
from patron.__main__ import main  # noqa: E402

EVENTS = "customer_id,date,sku,spend\n" + "".join(
    f"{1 + i % 9:05d},2024-{1 + i // 28:02d}-{1 + i % 28:02d},s{i % 4},{5 + i}.50\n" for i in range(120)
)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS, encoding="utf-8")
    return path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run what must fail; its one line."""
    assert run(*arguments) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "guessed" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("patron: error: ")
    return lines[0]


# ---- guesses ----


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("customer_id date cds dollars", {"user": "customer_id", "time": "date", "quantity": "cds", "amount": "dollars"}),
        ("user_id time item", {"user": "user_id", "time": "time", "item": "item"}),
        ("User ID|Event Time|Product-ID|Event_Type",
         {"user": "User ID", "time": "Event Time", "item": "Product-ID", "event": "Event_Type"}),
        ("InvoiceNo StockCode Quantity InvoiceDate CustomerID",
         {"user": "CustomerID", "time": "InvoiceDate", "item": "StockCode", "order": "InvoiceNo", "quantity": "Quantity"}),
        ("用户 时间 商品 金额 行为", {"user": "用户", "time": "时间", "item": "商品", "amount": "金额", "event": "行为"}),
        ("会员编号 下单时间 订单号 实付金额",
         {"user": "会员编号", "time": "下单时间", "order": "订单号", "amount": "实付金额"}),
        ("customer_id customer_unique_id order_id order_purchase_timestamp price",
         {"user": "customer_unique_id", "time": "order_purchase_timestamp", "order": "order_id", "amount": "price"}),
        ("uid timestamp behavior", {"user": "uid", "time": "timestamp", "event": "behavior"}),
    ],
)  # fmt: skip
def test_usual_names_are_guessed(names, expected):
    assert guess.columns(names.split("|") if "|" in names else names.split(), {}) == expected


def test_exact_name_wins_over_a_normalised_one():
    assert guess.columns(["User", "user_id", "Time", "date"], {}) == {"user": "user_id", "time": "date"}


def test_given_columns_are_not_taken_again_and_a_dash_leaves_a_role_out():
    given = {"user": "time", "time": "date", "amount": "-"}
    assert guess.columns(["user", "time", "date", "amount"], given) == {"user": "time", "time": "date"}
    given = {"discount": "price"}
    assert guess.columns(["uid", "date", "price"], given) == {"user": "uid", "time": "date", "discount": "price"}


@pytest.mark.parametrize("role", ["user", "time"])
def test_what_cannot_be_guessed_lists_the_columns(role):
    names = {"user": ["time", "who"], "time": ["user", "moment"]}[role]
    with pytest.raises(ValueError, match=f"which column is the {role}; pass --{role} with one of {', '.join(names)}"):
        guess.columns(names, {})


@pytest.mark.parametrize(
    ("values", "style"),
    [
        ([19970101, 19980630], {"time_format": "%Y%m%d"}),
        ([19970101, 19981330], {}),
        ([852076800, 1_700_000_000], {"time_unit": "s"}),
        ([1_700_000_000_000, None], {"time_unit": "ms"}),
        ([1_700_000_000_000_000], {"time_unit": "us"}),
        ([1_700_000_000_000_000_000], {"time_unit": "ns"}),
        ([1, 2, 3], {}),
        ([None], {}),
    ],
)
def test_whole_numbers_as_times_are_recognised(values, style):
    assert guess.time_style(pa.chunked_array([pa.array(values, pa.int64())])) == style


def test_usual_words_for_events_are_taken_as_kinds_unless_said_otherwise():
    column = pa.chunked_array([pa.array(["PV", "buy", "view", "stroll", None, "购买"])])
    assert guess.kind_names(column, {"buy": "cart"}) == {"PV": "view", "购买": "purchase"}


# ---- run ----


def test_run_writes_tables_and_report_and_says_what_it_guessed(events, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("run", events, "--out", out) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "patron: guessed --user customer_id",
        "patron: guessed --time date",
        "patron: guessed --item sku",
        "patron: guessed --amount spend",
    ]
    assert sorted(p.name for p in out.iterdir()) == ["audit.parquet", "profiles.parquet", "report.html", "segments.parquet"]
    assert len(said.out.splitlines()) <= 6
    assert str(out / "report.html") in said.out
    assert "120 events of 9 users" in said.out
    profiles, segments = pq.read_table(out / "profiles.parquet"), pq.read_table(out / "segments.parquet")
    assert profiles["user"].to_pylist() == segments["user"].to_pylist() == [f"{i:05d}" for i in range(1, 10)]
    assert sum(profiles["revenue"].to_pylist()) == sum(5.5 + i for i in range(120))


def test_given_columns_are_used_and_not_said(events, tmp_path, capsys):
    assert (
        run("run", events, "--out", tmp_path / "out", "--user", "sku", "--time", "date", "--item", "-", "--amount", "spend")
        == 0
    )
    assert capsys.readouterr().err == ""
    assert pq.read_table(tmp_path / "out/profiles.parquet")["user"].to_pylist() == ["s0", "s1", "s2", "s3"]


def test_several_files_are_one_log_in_any_order(events, tmp_path):
    lines = EVENTS.splitlines(keepends=True)
    (tmp_path / "a.csv").write_text("".join(lines[:50]))
    (tmp_path / "b.csv").write_text(lines[0] + "".join(lines[50:]))
    assert run("run", events, "--out", tmp_path / "one") == 0
    assert run("run", tmp_path / "b.csv", tmp_path / "a.csv", "--out", tmp_path / "two") == 0
    for name in ("profiles.parquet", "segments.parquet"):
        assert pq.read_table(tmp_path / "one" / name) == pq.read_table(tmp_path / "two" / name)
    assert (tmp_path / "one/report.html").read_bytes() == (tmp_path / "two/report.html").read_bytes()


def test_formats_are_written_side_by_side(events, tmp_path):
    pytest.importorskip("openpyxl")
    assert run("run", events, "--out", tmp_path / "out", "--format", "csv,xlsx") == 0
    names = {f"{table}.{kind}" for table in ("profiles", "segments", "audit") for kind in ("csv", "xlsx")}
    assert {p.name for p in (tmp_path / "out").iterdir()} == names | {"report.html"}


def test_chinese_report_and_summary(events, tmp_path, capsys):
    assert run("run", events, "--out", tmp_path / "out", "--lang", "zh") == 0
    assert "120条事件，9位用户" in capsys.readouterr().out
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert "客户报告" in page


def test_numbers_as_dates_are_read_and_said(tmp_path, capsys):
    (tmp_path / "e.csv").write_text(EVENTS.replace("-", ""))
    assert run("run", tmp_path / "e.csv", "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "patron: guessed --time-format %Y%m%d" in said.err.splitlines()
    assert "1 January 2024 to 8 May 2024" in said.out


def test_usual_event_words_are_kinds(tmp_path, capsys):
    (tmp_path / "e.csv").write_text(
        "uid,timestamp,behavior\n"
        + "".join(f"{i % 9},{1_700_000_000 + i * 9000},{'buy' if i % 3 else 'pv'}\n" for i in range(90))
    )
    assert run("run", tmp_path / "e.csv", "--out", tmp_path / "out") == 0
    lines = capsys.readouterr().err.splitlines()
    assert {"patron: guessed --kind buy=purchase", "patron: guessed --kind pv=view", "patron: guessed --time-unit s"} <= set(
        lines
    )
    assert sum(pq.read_table(tmp_path / "out/profiles.parquet")["orders"].to_pylist()) == 60


def test_attributes_are_joined_on_the_same_column(events, tmp_path, capsys):
    (tmp_path / "u.csv").write_text("customer_id,city\n" + "".join(f"{i:05d},c{i}\n" for i in range(1, 10)))
    (tmp_path / "i.csv").write_text("Product,sku\n" + "".join(f"p{i},s{i}\n" for i in range(4)))
    assert run("run", events, "--out", tmp_path / "out", "--users", tmp_path / "u.csv", "--items", tmp_path / "i.csv") == 0
    lines = capsys.readouterr().err.splitlines()
    assert "patron: guessed --users-key customer_id" in lines
    assert "patron: guessed --items-key sku" in lines


def test_progress_is_quiet_unless_asked_for(events, tmp_path, capsys):
    pytest.importorskip("tqdm")
    assert run("run", events, "--out", tmp_path / "out", "--progress") == 0
    assert "segment" in capsys.readouterr().err


def test_input_in_the_output_folder_survives(tmp_path):
    assert run("demo", "--out", tmp_path / "out", "--customers", "60") == 0
    shop = tmp_path / "out/shop"
    before = {path.name: path.read_bytes() for path in shop.iterdir()}
    assert run("run", shop / "events.parquet", "--out", tmp_path / "out") == 0
    assert {path.name: path.read_bytes() for path in shop.iterdir()} == before


# ---- refusals ----


def test_no_such_file_is_one_line(tmp_path, capsys):
    assert refused(capsys, "run", tmp_path / "no.csv", "--out", tmp_path / "out").endswith("no.csv: No such file or directory")
    assert not (tmp_path / "out").exists()


def test_no_such_column_lists_the_columns(events, tmp_path, capsys):
    said = refused(capsys, "run", events, "--out", tmp_path / "out", "--user", "nobody")
    assert "'nobody' for user; the columns are customer_id, date, sku, spend" in said


def test_no_user_to_guess_lists_the_columns(tmp_path, capsys):
    (tmp_path / "e.csv").write_text("who,date\n1,2024-01-01\n")
    assert "--user with one of who, date" in refused(capsys, "run", tmp_path / "e.csv", "--out", tmp_path / "out")


def test_gbk_names_the_file_and_the_way_out_and_then_works(tmp_path, capsys):
    path = tmp_path / "gbk.csv"
    path.write_bytes(
        ("会员,日期,金额\n" + "".join(f"张{i % 7},2024-01-{1 + i % 28:02d},{i}\n" for i in range(60))).encode("gbk")
    )
    said = refused(capsys, "run", path, "--out", tmp_path / "out")
    assert re.search(r"gbk\.csv: byte 0 .*looks like GBK: pass --encoding gbk", said)
    assert run("run", path, "--out", tmp_path / "out", "--encoding", "gbk") == 0
    assert "张3" in pq.read_table(tmp_path / "out/profiles.parquet")["user"].to_pylist()


def test_output_that_is_a_file_or_holds_other_files_is_refused(events, tmp_path, capsys):
    assert "is a file; expected a folder" in refused(capsys, "run", events, "--out", events)
    assert "holds other files (events.csv)" in refused(capsys, "run", events, "--out", tmp_path)
    assert events.read_text() == EVENTS


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run"],
        ["run", "e.csv"],
        ["run", "e.csv", "--out", "o", "--format", "xml"],
        ["demo", "--out", "o", "--customers", "0"],
    ],
)
def test_misuse_is_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert "usage: patron" in capsys.readouterr().err


def child(tmp_path: Path, *arguments: object, before: str = "") -> subprocess.Popen[str]:
    code = f"{before}\nimport sys\nfrom patron.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_leaves_nothing(tmp_path, sent, code):
    pipe = tmp_path / "endless.csv"
    os.mkfifo(pipe)
    # A test run in the background may hand down an ignored SIGINT.
    process = child(
        tmp_path, "run", pipe.name, "--out", "out", before="import signal; signal.signal(2, signal.default_int_handler)"
    )
    deadline, writer = time.monotonic() + 60, None
    while writer is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # nobody reads yet
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.02)
    assert list((tmp_path / "out").glob(".patron-*/new"))
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    os.close(writer)
    assert process.returncode == code, said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_disk_that_fills_leaves_earlier_results(events, tmp_path):
    assert run("run", events, "--out", tmp_path / "out") == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))"
    process = child(tmp_path, "run", events, "--out", "out", "--lang", "zh", before=limit)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert re.search("patron: error: .*File too large", said.splitlines()[-1])
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


# ---- demo, inspect, version ----


def test_demo_keeps_the_truth_beside_the_report_and_repeats_by_seed(tmp_path, capsys):
    for name in ("a", "b"):
        assert run("demo", "--out", tmp_path / name, "--customers", "80", "--seed", "3", "--lang", "zh") == 0
    assert capsys.readouterr().err == ""
    assert (tmp_path / "a/shop/truth_users.parquet").exists()
    categories = pq.read_table(tmp_path / "a/shop/items.parquet")["category"].to_pylist()
    assert all(re.search("[\u4e00-\u9fff]", category) for category in categories)
    for name in ("report.html", "profiles.parquet", "segments.parquet", "audit.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert run("demo", "--out", tmp_path / "b", "--customers", "80", "--seed", "4") == 0
    assert (tmp_path / "a/profiles.parquet").read_bytes() != (tmp_path / "b/profiles.parquet").read_bytes()


def test_inspect_shows_sections_and_their_sum(tmp_path, capsys, monkeypatch):
    import patron._core

    found = {
        "kind": "rfm",
        "version": 1,
        "library": "0.1.0",
        "sections": [("bins", "int64", 1, 8), ("recency", "float64", 4, 32)],
    }
    monkeypatch.setattr(patron._core, "inspect", lambda path: found)
    assert run("inspect", tmp_path / "x") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("x: rfm, file version 1, written by patron 0.1.0")
    assert [line.split() for line in lines[1:]] == [
        ["section", "type", "values", "bytes"],
        ["bins", "int64", "1", "8"],
        ["recency", "float64", "4", "32"],
        ["total", "40"],
    ]


def test_inspect_of_a_missing_file_is_one_line(tmp_path, capsys):
    assert "none.patron" in refused(capsys, "inspect", tmp_path / "none.patron")


def test_version(capsys):
    import patron

    assert run("--version") == 0
    assert capsys.readouterr().out == f"patron {patron.__version__}\n"
