"""What an acceptance test of a new user broke once: ordinary data in unusual dress, and misuse that went unsaid."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

import patron  # noqa: E402
from patron import guess, report  # noqa: E402
from patron.__main__ import main  # noqa: E402

HEAD = "customer_id,order_date,amount\n"


def run(path: Path, text: str | bytes, *more: str, name: str = "events.csv") -> tuple[int, Path]:
    """The exit code of `patron run` on a file of this text, and the folder of results."""
    source = path / name
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    return main(["run", str(source), "--out", str(path / "out"), *more]), path / "out"


def spread(n: int = 60) -> str:
    return "".join(f"{i % 20},2024-{i % 12 + 1:02d}-{i % 28 + 1:02d},{i + 1}\n" for i in range(n))


# ---- times -------------------------------------------------------------------------------------------------------------


def test_dates_without_leading_zeros_lose_no_row() -> None:
    days = [dt.datetime(2024, 10, 1) + dt.timedelta(days=i, minutes=61 * i) for i in range(92)]
    text = [f"{day.year}/{day.month}/{day.day} {day.hour}:{day.minute:02d}" for day in days]
    log = patron.EventLog({"user": np.arange(92), "time": text}, user="user", time="time")
    assert log.n_events == 92
    assert log.events()["time"].tolist() == days
    dashed = [f"{day.year}-{day.month}-{day.day}" for day in days]
    log = patron.EventLog({"user": np.arange(92), "time": dashed}, user="user", time="time")
    assert log.events()["time"].tolist() == [dt.datetime(day.year, day.month, day.day) for day in days]


def test_the_command_says_how_many_rows_were_dropped_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, HEAD + spread() + ",2024-01-05,3\n4,soon,3\n5,later,3\n")[0] == 0
    said = capsys.readouterr().err
    assert "dropped 1 of 63 rows: missing user in 'customer_id'\n" in said
    assert "dropped 2 of 63 rows: unreadable time in 'order_date', e.g. 'later'\n" in said


# ---- the page stays small ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_wrong_year_does_not_cost_the_report(lang: str, tmp_path: Path) -> None:
    code, out = run(tmp_path, HEAD + spread() + "3,2199-12-31,5\n", "--lang", lang)
    assert code == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 200_000
    assert {"en": "per year", "zh": "按年"}[lang] in page


def test_thousands_of_unknown_event_names_do_not_cost_the_report() -> None:
    n = 6000
    log = patron.EventLog(
        {
            "user": np.arange(n) % 50,
            "time": np.datetime64("2024-01-01") + np.arange(n) % 300,
            "event": ["purchase" if i % 2 else f"名字{i}" for i in range(n)],
            "amount": np.ones(n),
        },
        user="user",
        time="time",
        event="event",
        amount="amount",
    )
    page = report.page(log)
    assert len(page.encode()) < 200_000
    assert "2,961 more names" in page  # of 3,001 kinds, 40 have a row
    assert "more lines stand in the table audit." in page


def test_users_of_each_kind_are_counted() -> None:
    from patron.figures import Activity

    rng = np.random.default_rng(4)
    user, event = rng.integers(0, 30, 900), np.array(["view", "purchase", "x", "y"])[rng.integers(0, 4, 900)]
    log = patron.EventLog(
        {"user": user, "time": np.datetime64("2024-01-01") + rng.integers(0, 90, 900), "event": event},
        user="user",
        time="time",
        event="event",
    )
    expected = {name: (int((event == name).sum()), len(set(user[event == name].tolist()))) for name in set(event.tolist())}
    assert {name: (events, users) for name, events, users in Activity.of(log).kinds} == expected


# ---- files in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["free", "1,234.50", "¥5.00", "5_0"])
def test_a_word_among_the_amounts_is_named_with_its_row(value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = HEAD + spread() + f'7,2024-05-05,"{value}"\n' + spread()
    assert run(tmp_path, text)[0] == 1
    said = capsys.readouterr().err
    assert f"events.csv: column 'amount', row 60: {value!r} is not a number" in said
    assert not (tmp_path / "out").exists()


def test_a_workbook_in_place_of_a_csv_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patron.Table({"user": [1], "time": ["2024-01-05"]}).to_excel(tmp_path / "book.xlsx")
    assert run(tmp_path, (tmp_path / "book.xlsx").read_bytes(), name="events.xlsx")[0] == 1
    assert "events.xlsx is an Excel workbook" in capsys.readouterr().err


def test_a_head_without_rows_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, HEAD.strip())[0] == 1
    assert "events.csv holds names of columns and no rows" in capsys.readouterr().err


def test_usual_chinese_names_of_columns_are_guessed() -> None:
    names = ["会员卡号", "下单时间", "商品名称", "实付金额(元)"]
    given = dict.fromkeys(guess.ROLES)
    assert guess.columns(names, given) == dict(zip(["user", "time", "item", "amount"], names, strict=True))
    assert guess.columns([*names, "商品编码"], given)["item"] == "商品编码"


# ---- tables out --------------------------------------------------------------------------------------------------------


def test_long_numbers_keep_every_digit_in_a_sheet(tmp_path: Path) -> None:
    orders = [4_123_456_789_012_345_678, -(10**15), 10**15 - 1]
    patron.Table({"order": np.array(orders)}).to_excel(tmp_path / "t.xlsx")
    cells = [row[0].value for row in openpyxl.load_workbook(tmp_path / "t.xlsx").active]
    assert cells == ["order", "4123456789012345678", "-1000000000000000", 10**15 - 1]


def test_times_beyond_the_year_9999_stay_in_a_csv_file(tmp_path: Path) -> None:
    table = patron.Table(pa.table({"n": [1, 2, 3], "t": pa.array([2**60, 0, None], pa.timestamp("us", "Asia/Shanghai"))}))
    table.to_csv(tmp_path / "t.csv")
    beyond = str(np.datetime64(2**60, "us")).replace("T", " ")
    rows = (tmp_path / "t.csv").read_text().splitlines()
    assert rows == ["n,t", f"1,{beyond}+00:00", "2,1970-01-01 08:00:00+08:00", "3,"]


def test_a_zone_that_is_an_offset_or_not_known_still_shows(tmp_path: Path) -> None:
    for zone, expected in (
        ("+08:00", "1970-01-01 08:00"),
        ("-03:30", "1969-12-31 20:30"),
        ("Nowhere/Here", "1970-01-01 00:00"),
    ):
        table = patron.Table(pa.table({"t": pa.array([0], pa.timestamp("us", zone))}))
        assert expected in repr(table)
        assert expected in table._repr_html_()
    patron.Table(pa.table({"t": pa.array([0], pa.timestamp("us", "+08:00"))})).to_csv(tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().splitlines()[1] == "1970-01-01 08:00:00+08:00"


@pytest.mark.parametrize("write", ["to_csv", "to_excel"])
def test_a_file_that_cannot_be_written_is_named_as_the_caller_named_it(write: str, tmp_path: Path) -> None:
    table = patron.Table({"a": [1]})
    missing = tmp_path / "no" / "t.out"
    with pytest.raises(FileNotFoundError) as error:
        getattr(table, write)(missing)
    assert error.value.filename == str(missing)
    with pytest.raises(IsADirectoryError) as folder:
        getattr(table, write)(tmp_path)
    assert folder.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- misuse that went unsaid -------------------------------------------------------------------------------------------


def test_kinds_without_an_event_column_are_refused() -> None:
    with pytest.raises(ValueError, match=r"kinds is given without event"):
        patron.EventLog({"user": [1], "time": ["2024-01-05"]}, user="user", time="time", kinds={"buy": "purchase"})


def frames_with_a_name_twice() -> list[Any]:
    import pandas as pd

    arrow = pa.table([pa.array([1]), pa.array(["2024-01-05"]), pa.array([2])], names=["user", "time", "user"])
    return [arrow, arrow.to_reader(), pd.DataFrame([[1, "2024-01-05", 2]], columns=["user", "time", "user"])]


def test_a_column_whose_name_is_there_twice_is_refused() -> None:
    for frame in frames_with_a_name_twice():
        with pytest.raises(ValueError, match=r"2 columns named 'user'"):
            patron.EventLog(frame, user="user", time="time")
    frame = frames_with_a_name_twice()[0].append_column("who", pa.array([3]))
    assert patron.EventLog(frame, user="who", time="time").n_users == 1


def test_a_category_of_floats_is_refused_by_the_name_of_its_column() -> None:
    import pandas as pd

    frame = pd.DataFrame({"who": pd.Categorical([5.0, 3.0]), "time": ["2024-01-05"] * 2})
    with pytest.raises(TypeError, match=r"Column 'who' holds a dictionary of float64"):
        patron.EventLog(frame, user="who", time="time")


def test_customers_of_whom_all_is_null_score_none() -> None:
    rfm = patron.segment.RFM(bins=2).fit({"recency_days": [1.0, 2.0], "orders": [1, 2], "revenue": [3.0, 4.0]})
    for frame in (
        {"user": [7], "recency_days": [None], "orders": [0], "revenue": [None]},
        pl.DataFrame({"user": [7], "recency_days": [None], "orders": [0], "revenue": [None]}),
    ):
        assert rfm.predict(frame).to_polars().rows() == [(7, 0, 0, 0, "none")]
    with pytest.raises(ValueError, match="bought"):
        patron.segment.RFM().fit({"recency_days": [None], "orders": [0], "revenue": [None]})


def test_a_loaded_model_scores_the_columns_it_was_fitted_on(tmp_path: Path) -> None:
    profiles = {
        "user": [1, 2, 3, 4],
        "recency_days": [1.0, 2.0, 3.0, 4.0],
        "orders": [4, 3, 2, 1],
        "revenue": [1.0, 2.0, 3.0, 4.0],
        "篮": [40.0, 30.0, 20.0, 10.0],
    }
    model = patron.segment.RFM(bins=4, monetary="篮").fit(profiles)
    assert model.predict(profiles)["m"].tolist() == [4, 3, 2, 1]
    model.save(tmp_path / "model")
    for other in (patron.load(tmp_path / "model"), patron.segment.RFM.from_bytes(model.to_bytes())):
        assert other.monetary == "篮"
        assert other.predict(profiles)["m"].tolist() == [4, 3, 2, 1]
        assert other.to_bytes() == model.to_bytes()


def test_inspect_tells_what_a_log_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = patron.EventLog({"user": ["甲", "乙"], "time": ["2024-01-05", "2024-02-06"]}, user="user", time="time")
    log.save(tmp_path / "log")
    assert main(["inspect", str(tmp_path / "log")]) == 0
    said = capsys.readouterr().out
    assert "users     2" in said
    assert "2024-01-05 00:00 to 2024-02-06 00:00 (UTC)" in said


@pytest.mark.parametrize(
    ("first", "second"),
    [([1, 2], [None, None]), ([1.5, 2.5], [None, None]), (["a", "b"], [np.nan, np.nan]), ([1, 2], [3.0, np.nan])],
)
def test_a_batch_without_a_value_in_a_property_goes_with_the_others(first: list[object], second: list[object]) -> None:
    def log_of(values: list[object], day: int) -> patron.EventLog:
        frame = {"u": [1, 2], "t": [f"2024-01-0{day}", f"2024-01-0{day}"], "p": values}
        return patron.EventLog(frame, "u", "t", properties=["p"])

    one, other = log_of(first, 1), log_of(second, 2)
    both, swapped = one.merge(other), other.merge(one)
    assert both.to_bytes() == swapped.to_bytes()
    values = both.events().to_pandas().sort_values(["time", "user"])["p"].tolist()
    assert values[:2] == first
    assert [None if value != value or value is None else value for value in values[2:]] == [
        None if value is None or value != value else value for value in second
    ]


def test_a_loaded_log_knows_its_columns(tmp_path: Path) -> None:
    frame = {"who": [1, 2], "when": ["2024-01-01", "2024-01-02"], "paid": [1.0, 2.0], "unused": [object(), object()]}
    log = patron.EventLog(frame, "who", "when", amount="paid")
    log.save(tmp_path / "log")
    loaded = patron.load(tmp_path / "log")
    assert loaded.append(frame).to_bytes() == log.append(frame).to_bytes()
    users = loaded.with_users({"who": [1, 2], "city": ["Wuhan", "Jinan"]}).users()
    assert users["city"].tolist() == ["Wuhan", "Jinan"]
