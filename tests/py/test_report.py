"""The report: its figures against slow twins, and the page as a document."""

from __future__ import annotations

import collections
import html.parser
import math
import re
import warnings
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

import pyarrow.csv as pc  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import patron  # noqa: E402
from patron import demo, figures, plot, report, words, words_cleaning  # noqa: E402
from patron.profile import Profiler  # noqa: E402
from patron.report import chapters, pictures  # noqa: E402
from patron.segment import RFM  # noqa: E402

ROLES = "item amount quantity order discount category brand channel query rating currency".split()


def made(language: str) -> SimpleNamespace:
    shop = demo.simulate(400, seed=1, language=language)
    log = patron.EventLog(
        shop.table("events"), user="user", time="time", event="event", tz=shop.timezone, **{role: role for role in ROLES}
    )
    profiles = Profiler().fit(log).transform()
    rfm = RFM().fit(profiles)
    return SimpleNamespace(
        log=log,
        profiles=profiles,
        rfm=rfm,
        segments=rfm.predict(profiles),
        activity=figures.Activity.of(log),
        rows=log.events().to_arrow().to_pylist(),
        page=report.page(log, lang=language),
    )


@pytest.fixture(scope="module")
def shop() -> SimpleNamespace:
    return made("en")


@pytest.fixture(scope="module")
def chinese() -> SimpleNamespace:
    return made("zh")


def log_of(rows: list[tuple[Any, ...]], tz: str = "UTC", **columns: str) -> Any:
    names = ["user", "time", *columns]
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    return patron.EventLog(table, user="user", time="time", tz=tz, **{role: role for role in columns})


# ---- figures and their slow twins ----


def local(row: dict[str, Any], zone: str) -> datetime:
    return row["time"].astimezone(zoneinfo.ZoneInfo(zone))


def test_months_agree_with_a_walk_over_the_rows(shop):
    zone = shop.activity.zone
    seen, first = collections.defaultdict(set), {}
    revenue, returned = collections.Counter(), collections.Counter()
    for row in shop.rows:
        month = f"{local(row, zone):%Y-%m}"
        if row["event"] == "purchase":
            seen[month].add(row["user"])
            first.setdefault(row["user"], month)
            revenue[month] += row["amount"] or 0
        elif row["event"] == "return":
            returned[month] += abs(row["amount"] or 0)
    got = figures.over_time(shop.activity)
    assert str(got["unit"]) == "month"
    months = [str(start)[:7] for start in got["start"]]
    fresh = collections.Counter(first.values())
    assert months[0] == "2024-01"
    assert len(months) == 24
    assert got["customers"].tolist() == [len(seen[month]) for month in months]
    assert got["new"].tolist() == [fresh[month] for month in months]
    np.testing.assert_allclose(got["revenue"], [revenue[month] for month in months], rtol=1e-12)
    np.testing.assert_allclose(got["returned"], [returned[month] for month in months], rtol=1e-12)
    assert got["revenue"].sum() > 0 < got["returned"].sum()


def test_months_are_local_and_follow_summer_time():
    # One minute before and after local midnight on the first of a month, in winter and in summer.
    times = ["2024-01-31T22:59", "2024-01-31T23:01", "2024-06-30T21:59", "2024-06-30T22:01"]
    rows = [("u", datetime.fromisoformat(t).replace(tzinfo=UTC), 1.0) for t in times]
    got = figures.over_time(figures.Activity.of(log_of(rows, tz="Europe/Berlin", amount="float")))
    assert dict(zip([str(s) for s in got["start"]], got["revenue"].tolist(), strict=True)) == {
        "2024-01-01": 1, "2024-02-01": 1, "2024-03-01": 0, "2024-04-01": 0, "2024-05-01": 0, "2024-06-01": 1, "2024-07-01": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2024-01-01", "2024-06-30", [False, False]),
        ("2024-01-02", "2024-06-29", [False, False]),
        ("2024-01-03", "2024-06-28", [True, True]),
        ("2024-01-20", "2024-06-30", [True, False]),
    ],
)
def test_first_and_last_month_are_marked_when_covered_in_part(first, last, expected):
    rows = [("u", datetime.fromisoformat(day).replace(tzinfo=UTC)) for day in (first, last)]
    partial = figures.over_time(figures.Activity.of(log_of(rows)))["partial"]
    assert [partial[0], partial[-1]] == expected
    assert not partial[1:-1].any()


@pytest.mark.parametrize(("days", "unit", "n"), [(300, "month", 10), (60, "week", 9), (10, "day", 10)])
def test_short_logs_are_counted_by_week_or_day(days, unit, n):
    start = datetime(2024, 1, 1, 12, tzinfo=UTC)
    rows = [("u", start + timedelta(days=i)) for i in range(days)]
    got = figures.over_time(figures.Activity.of(log_of(rows)))
    assert str(got["unit"]) == unit
    assert len(got["start"]) == n
    assert got["customers"].tolist() == [1] * n
    if unit == "week":
        assert all(start.astype(object).weekday() == 0 for start in got["start"])


def test_second_orders_agree_with_a_walk_over_customers(shop):
    end = np.datetime64(shop.log.end, "us").astype(np.int64)
    orders = collections.defaultdict(list)
    for row in shop.rows:
        if row["event"] == "purchase":
            time = int(np.datetime64(row["time"].astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
            orders[row["user"]].append((time, row["order"] if row["order"] is not None else time))
    day = 86_400_000_000
    got = figures.second_order(shop.activity)
    for d in (0, 1, 7, 30, 90, 180, 365):
        known = came = 0
        for rows in orders.values():
            first, basket = min(rows)
            if end - first >= d * day:
                known += 1
                came += any(other != basket and time - first <= d * day for time, other in rows)
        assert got["customers"][d] == known
        assert got["share"][d] == came / known
    assert 0.2 < got["share"][90] < 0.9


def test_one_order_at_several_times_is_one_order():
    rows = [("a", datetime(2024, 1, day, tzinfo=UTC), order) for day, order in ((1, "x"), (2, "x"), (9, "y"))]
    got = figures.second_order(figures.Activity.of(log_of(rows, order="order")))
    assert got["gap"].tolist() == [8.0]


def test_concentration_agrees_with_a_sorted_list(shop):
    revenue = sorted((r for r, n in zip(shop.profiles["revenue"], shop.profiles["orders"], strict=True) if n > 0), reverse=True)
    got = figures.concentration(shop.profiles)
    for percent in (0, 1, 20, 50, 100):
        top = revenue[: math.ceil(percent * len(revenue) / 100)]
        assert got["revenue"][percent] == pytest.approx(sum(top) / sum(revenue))
    running = np.cumsum(revenue)
    assert float(got["half"]) == pytest.approx((1 + int(np.argmax(running >= sum(revenue) / 2))) / len(revenue))


def test_tiles_and_groups_agree_with_a_walk_over_customers(shop):
    columns = [shop.segments[name].tolist() for name in ("r", "f", "segment")]
    revenue, orders = shop.profiles["revenue"].tolist(), shop.profiles["orders"].tolist()
    tiles, sizes, values, ordered = (collections.defaultdict(float) for _ in range(4))
    mixes = collections.defaultdict(collections.Counter)
    for r, f, segment, money, n in zip(*columns, revenue, orders, strict=True):
        tiles[r, f] += 1 if r else 0
        mixes[r, f][segment] += 1
        sizes[segment] += 1
        values[segment] += money
        ordered[segment] += n
    got = figures.rfm_tiles(shop.segments, shop.profiles)
    assert {(r, f): n for r, f, n in zip(*(got[k].tolist() for k in ("r", "f", "customers")), strict=True)} == {
        pair: n for pair, n in tiles.items() if n
    }
    for r, f, segment in zip(*(got[k].tolist() for k in ("r", "f", "segment")), strict=True):
        assert mixes[r, f][segment] == max(mixes[r, f].values())
    assert got["share_revenue"].sum() == pytest.approx(1)
    groups = figures.groups(shop.segments, shop.profiles)
    names = groups["segment"].tolist()
    assert names == sorted(sizes, key=words.SEGMENTS.index)
    assert dict(zip(names, groups["customers"].tolist(), strict=True)) == sizes
    np.testing.assert_allclose(groups["revenue"], [values[name] for name in names])
    np.testing.assert_allclose(groups["orders"], [ordered[name] / sizes[name] for name in names])
    buyers = sum(n for name, n in sizes.items() if name != "none")
    np.testing.assert_allclose(groups["share_customers"][:-1], [sizes[name] / buyers for name in names[:-1]])
    assert names[-1] == "none"
    assert math.isnan(groups["share_customers"][-1])


def test_nothing_after_as_of_counts(shop):
    cut = np.datetime64("2024-12-31T16:00", "us")  # midnight in Shanghai
    activity = figures.Activity.of(shop.log, figures.instant(cut))
    assert activity.time.max() < cut.astype(np.int64) <= shop.activity.time.max()
    page = report.page(shop.log, as_of=cut)
    orders = int(np.nansum(Profiler().fit(shop.log).transform(as_of=cut)["orders"]))
    assert f"placed {orders:,} orders" in page
    assert " to 31 December 2024</p>" in page
    assert "2025" not in page


def test_cdnow_agrees_with_polars(data):
    pl = pytest.importorskip("polars")
    table = pc.read_csv(
        data / "cdnow/cdnow_master.csv.gz", convert_options=pc.ConvertOptions(column_types={"date": pa.string()})
    )
    log = patron.EventLog(table, user="customer_id", time="date", amount="dollars", quantity="cds", time_format="%Y%m%d")
    frame = pl.from_arrow(table).with_columns(pl.col("date").str.to_date("%Y%m%d"))
    got = figures.over_time(figures.Activity.of(log))
    months = (
        frame.with_columns(first=pl.col("date").min().over("customer_id"), month=pl.col("date").dt.truncate("1mo"))
        .group_by("month")
        .agg(
            customers=pl.col("customer_id").n_unique(),
            revenue=pl.col("dollars").sum(),
            new=pl.col("customer_id").filter(pl.col("first").dt.truncate("1mo") == pl.col("month")).n_unique(),
        )
        .sort("month")
    )
    assert got["customers"].tolist() == months["customers"].to_list()
    assert got["new"].tolist() == months["new"].to_list()
    np.testing.assert_allclose(got["revenue"], months["revenue"].to_numpy(), rtol=1e-9)
    assert not got["partial"].any()
    customers = frame.group_by("customer_id").agg(n=pl.col("date").n_unique(), revenue=pl.col("dollars").sum())
    ranked = customers.sort("revenue", descending=True)["revenue"]
    page = report.page(log)
    say = words.Language("en")
    assert f"<strong>{say.short(len(customers))}</strong>" in page
    assert f"<strong>{say.money(customers['revenue'].sum())}</strong>" in page
    assert f"{say.number(len(customers))} customers placed {say.number(customers['n'].sum())} orders" in page
    assert f"<strong>{say.share((customers['n'] >= 2).mean())}</strong>" in page
    top = ranked.head(math.ceil(0.2 * len(ranked))).sum() / ranked.sum()
    assert f"The best fifth of them bring {say.share(top)} of revenue." in page


# ---- pictures ----


def draw_all(made: SimpleNamespace, lang: str) -> dict[str, str]:
    draws = {
        "customers": lambda ax: plot.customers_over_time(made.log, ax, lang=lang),
        "revenue": lambda ax: plot.revenue_over_time(made.log, ax, lang=lang),
        "concentration": lambda ax: plot.revenue_concentration(made.profiles, ax, lang=lang),
        "second": lambda ax: plot.second_order(made.log, ax, lang=lang),
        "rfm": lambda ax: plot.rfm_map(made.segments, made.profiles, ax, lang=lang),
        "segments": lambda ax: plot.segment_sizes(made.segments, made.profiles, ax, lang=lang),
    }
    drawn = {}
    for name, draw in draws.items():
        figure = Figure(figsize=(8, 4), dpi=pictures.DPI)
        ax = figure.add_axes((0.1, 0.2, 0.85, 0.7))
        assert draw(ax) is ax
        drawn[name] = pictures.svg(figure, name, "<Title>", "a & b")
    return drawn


def test_chinese_pictures_need_no_font_and_no_silence(chinese):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = draw_all(chinese, "zh")
    for name, svg in drawn.items():
        assert re.search("<text[^>]*>[^<]*[\u4e00-\u9fff]", svg), name
        assert "font-family" not in svg


def test_pictures_repeat_byte_for_byte_and_carry_no_date(shop):
    first, again = draw_all(shop, "en"), draw_all(shop, "en")
    assert first == again
    for svg in first.values():
        assert "metadata" not in svg
        assert "http" not in svg


def test_pictures_are_titled_escaped_and_coloured_by_the_page(shop):
    for name, svg in draw_all(shop, "en").items():
        assert f'<title id="{name}-title">&lt;Title&gt;</title><desc id="{name}-desc">a &amp; b</desc>' in svg
        assert f'aria-labelledby="{name}-title {name}-desc"' in svg
        colours = set(re.findall(r"(?:fill|stroke)[:=]\"?(#[0-9a-f]{6})", svg))
        assert not colours, f"{name} has colours that a dark page cannot change: {colours}"


def test_ids_of_pictures_do_not_meet(shop):
    ids = [found for svg in draw_all(shop, "en").values() for found in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in draw_all(shop, "en").values():
        for target in re.findall(r'(?:url\(#|href="#)([^)"]+)', svg):
            assert f'id="{target}"' in svg


def test_every_plot_makes_its_own_axes_and_takes_its_twin(shop):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    calls = [
        (plot.customers_over_time, plot.customers_over_time_data(shop.log)),
        (plot.revenue_over_time, plot.revenue_over_time_data(shop.log, "week")),
        (plot.revenue_concentration, plot.revenue_concentration_data(shop.profiles)),
        (plot.second_order, plot.second_order_data(shop.log)),
        (plot.rfm_map, plot.rfm_map_data(shop.segments, shop.profiles)),
        (plot.segment_sizes, plot.segment_sizes_data(shop.segments, shop.profiles)),
    ]
    for function, data in calls:
        ax = function(data)
        ax.figure.canvas.draw()
        assert ax.get_figure() is pyplot.gcf()
        pyplot.close(ax.figure)


def test_bars_show_the_twin(shop):
    data = plot.customers_over_time_data(shop.log)
    ax = Figure().add_subplot()
    plot.customers_over_time(data, ax)
    bars = collections.defaultdict(list)
    for bar in ax.patches:
        bars[round(bar.get_x() + bar.get_width() / 2)].append((bar.get_y(), bar.get_y() + bar.get_height()))
    for i, (returning, customers) in enumerate(zip(data["returning"].tolist(), data["customers"].tolist(), strict=True)):
        assert sorted(bars[i]) == [(0, returning), (returning, customers)]


# ---- the page ----


class Reader(html.parser.HTMLParser):
    """What a page refers to, and whether its elements close."""

    VOID = frozenset({"meta", "path", "use", "rect", "br", "defs", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: collections.Counter[str] = collections.Counter()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attributes:
            if name in ("href", "src", "xlink:href"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_is_self_contained_small_and_well_formed(shop, chinese, language):
    page = {"en": shop, "zh": chinese}[language].page
    assert len(page.encode()) < 500_000
    reader = read(page)
    assert reader.tags["script"] == reader.tags["img"] == reader.tags["link"] == 0
    assert reader.links
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert len(reader.ids) == len(set(reader.ids))
    assert not re.search(r"(?:https?:)?//[a-z]", page)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert reader.tags["svg"] == reader.tags["desc"] == 6


def test_chinese_page_has_no_english_left(chinese):
    page = chinese.page
    text = " ".join(read(page).text)
    rest = re.sub(r"patron 0|RFM|CNY|UTC|Asia/Shanghai|\b[RFMDd]\b|\d+D|T\d", "", text)
    events = {row["event"] for row in chinese.rows}
    found = set(re.findall("[A-Za-z]{2,}", rest)) - events
    audit_examples = {str(value) for value in chinese.log.audit["example"]} | {
        str(value) for value in chinese.log.audit["column"]
    }
    found = {word for word in found if not any(word in example for example in audit_examples)}
    assert not found - {"patron", "Customer"}


def test_same_data_gives_the_same_page(shop):
    assert report.page(shop.log) == shop.page


def test_markup_in_the_data_is_shown_not_obeyed():
    evil = "<script>alert('x')</script>&<b>"
    rows = [
        (f"u{i % 9}", datetime(2024, 1 + i % 6, 1 + i % 27, tzinfo=UTC), 5.0 + i, evil if i % 7 == 0 else "purchase")
        for i in range(90)
    ]
    log = log_of(rows, amount="amount", event="event")
    page = report.page(log, title=evil)
    reader = read(page)
    assert reader.tags["script"] == reader.tags["b"] == 0
    assert "&lt;script&gt;alert" in page


def test_dollars_are_no_formulas():
    rows = [(f"u{i % 9}", datetime(2024, 1 + i % 6, 1 + i % 27, tzinfo=UTC), 1000.0 + i, "BRL") for i in range(90)]
    page = report.page(log_of(rows, amount="amount", currency="currency"))
    assert re.search(r"<text[^>]*>R\$[\d.]+ k</text>", page)
    assert "\\$" not in page


def test_log_without_amounts_leaves_chapters_out_with_the_reason(tmp_path):
    rows = [(f"u{i % 9}", datetime(2024, 1 + i % 6, 1 + i % 27, tzinfo=UTC)) for i in range(90)]
    made = report.build(log_of(rows), tmp_path / "out")
    left = dict(made.left_out)
    assert left["The RFM map"] == left["Segments"] == "the log has no amounts"
    page = made.report.read_text(encoding="utf-8")
    assert "The RFM map: the log has no amounts" in page
    assert 'id="time"' in page
    assert 'id="rfm"' not in page
    assert set(made.tables) == {"profiles", "audit"}


def test_log_without_purchases_still_makes_a_page():
    rows = [(f"u{i % 3}", datetime(2024, 1, 1 + i, tzinfo=UTC), "view") for i in range(9)]
    page = report.page(log_of(rows, event="event"))
    assert "Customers and revenue over time: the log has no purchases" in page
    assert 'id="data"' in page


def test_single_event_makes_a_page():
    page = report.page(log_of([("u", datetime(2024, 1, 1, tzinfo=UTC), 5.0)], amount="amount"))
    assert "fewer than 5 customers bought" in page


def test_empty_log_is_refused():
    log = log_of([("u", datetime(2024, 1, 1, tzinfo=UTC))])
    with pytest.raises(ValueError, match="The log is empty"):
        report.page(log.between(np.datetime64("2030-01-01"), np.datetime64("2031-01-01")))


def test_build_writes_the_tables_it_names(shop, tmp_path):
    made = report.build(shop.log, tmp_path / "out", formats=("parquet", "csv"))
    assert sorted(made.tables) == ["audit", "profiles", "segments"]
    files = sorted(path for paths in made.tables.values() for path in paths)
    assert sorted([*files, made.report]) == sorted((tmp_path / "out").iterdir())
    assert made.report.read_text(encoding="utf-8") == shop.page
    assert dict(made.headline)["Customers"] == str(sum(n > 0 for n in shop.profiles["orders"]))


def test_unknown_language_or_format_is_refused_before_anything_is_made(shop, tmp_path):
    with pytest.raises(ValueError, match="Unknown language 'fr'"):
        report.build(shop.log, tmp_path / "out", lang="fr")
    with pytest.raises(ValueError, match="Unknown format 'xml'"):
        report.build(shop.log, tmp_path / "out", formats=["xml"])
    assert list(tmp_path.iterdir()) == []


def test_scores_on_the_page_are_those_of_the_model(shop):
    """A customer's score in the table of bounds is the score that predict gives."""
    frequency = shop.rfm.thresholds_["frequency"]
    say = words.Language("en")
    cuts = [float(cut) for cut in frequency]
    bounds = {}
    for k in range(len(cuts) + 1):
        bounds[k + 1] = chapters._range(say, "frequency", cuts[k - 1] if k else None, cuts[k] if k < len(cuts) else None)
    for orders, score in set(zip(shop.profiles["orders"].tolist(), shop.segments["f"].tolist(), strict=True)):
        if not score:
            continue
        low, high = (re.findall(r"\d+", bounds[score]) * 2)[:2]
        if "or more" in bounds[score]:
            assert orders >= int(low)
        elif "up to" in bounds[score]:
            assert orders <= int(high)
        else:
            assert int(low) <= orders <= int(high), (orders, score, bounds)


# ---- words and numbers ----


def test_every_phrase_fills_alike_in_both_languages():
    holes = re.compile(r"{(\w+)}")
    for key, pair in words._WORDS.items():
        assert len(pair) == 2
        assert all(pair), key
        english, chinese = (set(holes.findall(text)) for text in pair)
        if chinese <= english and key in ("time_change", "second_median", "time_best"):
            continue
        assert english == chinese, key
    for name in words.SEGMENTS:
        for lang in words.LANGUAGES:
            assert all(words.Language(lang).segment_text(name))


def test_every_rule_check_and_action_of_the_core_has_words():
    """The keys of the catalogue are texts that the core really says, and what cleaning says here is among them."""
    core = Path(__file__).resolve().parents[2] / "csrc/data"
    said = set(re.findall(r'"([^"\n]*)"', "".join(path.read_text(encoding="utf-8") for path in core.glob("*.c"))))
    assert set(words_cleaning.RULES) <= said
    assert set(words_cleaning.CHECKS) <= said
    noted = set(re.findall(r'note\(r, "(\w+)"', (core / "quality.c").read_text(encoding="utf-8")))
    assert noted <= set(words_cleaning.CHECKS)
    for action in words_cleaning.ACTIONS:
        assert any(text.startswith(action) or text.startswith("%s " + action) for text in said), action


def test_actions_keep_their_value_in_chinese():
    assert words.Language("zh").action("capped at 12.5") == "截断至 12.5"
    assert words.Language("zh").audit("missing user", 1234, "dropped") == "1,234行没有客户编号：已删除。"
    assert words.Language("en").audit("missing user", 1, "dropped") == "1 row without a customer id: dropped."
    assert words.Language("en").audit("moon phase", 2, "kept") == "2 rows: moon phase: kept."


def test_every_phrase_is_used():
    sources = "".join(
        path.read_text(encoding="utf-8") for path in Path(words.__file__).parent.rglob("*") if path.suffix in (".py", ".html")
    )
    for key in words._WORDS:
        assert len(re.findall(rf"\b{key}\b", sources)) > 1 or key.startswith("by_"), key


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (0, "0", "0"), (7, "7", "7"), (12.345, "12.3", "12.3"), (999.6, "1,000", "1,000"), (9_994, "9,994", "9,994"),
        (10_000, "10 k", "1万"), (12_345, "12.3 k", "1.23万"), (999_600, "1 M", "100万"), (1_234_567, "1.23 M", "123万"),
        (123_456_789, "123 M", "1.23亿"), (9_876_543_210, "9.88 bn", "98.8亿"), (-12_345, "−12.3 k", "−1.23万"),
        (float("nan"), "–", "–"),
    ],
)  # fmt: skip
def test_large_numbers_are_short(value, english, chinese):
    assert words.Language("en").short(value) == english
    assert words.Language("zh").short(value) == chinese


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.0004, "<0.1%"), (0.0123, "1.2%"), (0.05, "5%"), (0.504, "50%"), (0.994, "99.4%"),
     (0.9999, ">99.9%"), (1, "100%")],
)  # fmt: skip
def test_shares_never_round_to_none_or_all(share, text):
    assert words.Language("en").share(share) == text


def test_money_wears_its_currency():
    assert words.Language("zh", "CNY").money(1_200_000) == "¥120万"
    assert words.Language("en", "EUR").money(-5) == "−€5"
    assert words.Language("en", "XYZ").money(5) == "5 XYZ"
    assert words.Language("en").money(1234.5, exact=True) == "1,234.50"


def test_dates_are_in_words():
    day = np.datetime64("1998-06-30")
    assert words.Language("en").date(day) == "30 June 1998"
    assert words.Language("zh").date(day) == "1998年6月30日"
