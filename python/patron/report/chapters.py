"""The chapters of the report, each a function from the material to blocks, in one registry.

A chapter that the data cannot support raises `LeftOut` with the reason, and the report says so. A room that brings a new
chapter adds its function to `CHAPTERS`; nothing else has to know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from patron import figures, plot
from patron.report import pictures
from patron.report.blocks import Block, Card, Cards, Cell, Listing, Notes, Picture, Pictures, Rows, Text
from patron.words import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CHAPTERS", "Chapter", "LeftOut", "Material", "headline", "in_short"]

RECENT_DAYS = 90
MOST_ROWS = 40  # of a table on the page, which must stay small whatever the log holds
WIDE, HALF = 760, 372  # widths of pictures, in units of the drawing


class LeftOut(Exception):
    """The data cannot support a chapter; `reason` is a phrase of the catalogue."""

    def __init__(self, reason: str, **values: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass
class Material:
    """What chapters draw on: the log, what was made of it, and the words."""

    log: Any
    activity: figures.Activity
    profiles: Any
    segments: Any  # None: no segments; `why_no_segments` then says why
    rfm: Any
    audit: Any
    quality: Any
    words: Language
    bins: int
    windows: Sequence[str]
    version: str
    as_of: int
    why_no_segments: LeftOut | None = None

    @cached_property
    def orders(self) -> np.ndarray[Any, Any]:
        """Orders of each user."""
        return np.nan_to_num(np.asarray(self.profiles["orders"], dtype=np.float64))

    @cached_property
    def n_customers(self) -> int:
        """Users who bought."""
        return int((self.orders > 0).sum())

    @cached_property
    def n_orders(self) -> int:
        """Orders of all."""
        return int(self.orders.sum())

    @cached_property
    def revenue(self) -> float:
        """Revenue of all, NaN without amounts."""
        if self.activity.amount is None:
            return float("nan")
        return float(np.nansum(np.asarray(self.profiles["revenue"], dtype=np.float64)))

    @cached_property
    def has_revenue(self) -> bool:
        """Whether there is revenue to speak of."""
        return self.revenue > 0

    @cached_property
    def returned(self) -> float:
        """Money returned."""
        return 0.0 if self.activity.returned is None else float(self.activity.returned.sum())

    @cached_property
    def over_time(self) -> plot.Data:
        """Figures by period."""
        return figures.over_time(self.activity)

    @cached_property
    def concentration(self) -> plot.Data:
        """Revenue of the best customers."""
        return figures.concentration(self.profiles)

    @cached_property
    def groups(self) -> plot.Data:
        """Size and value of segments."""
        return figures.groups(self.segments, self.profiles)

    def day(self, micros: int) -> str:
        """The local day of an instant in words."""
        return self.words.date(figures.local_date(micros, self.activity.zone))

    @property
    def first_day(self) -> str:
        """The first day of the log."""
        return self.day(self.activity.start)

    @property
    def last_day(self) -> str:
        """The last day of the log."""
        return self.day(max(self.activity.start, self.activity.end - 1))

    @property
    def as_of_day(self) -> str:
        """The last day that counts."""
        return self.day(self.as_of - 1)

    def need_purchases(self) -> None:
        """Leave the chapter out of a log without purchases."""
        if not self.n_customers:
            raise LeftOut("no_purchases")

    def need_revenue(self) -> None:
        """Leave the chapter out of a log without money."""
        self.need_purchases()
        if self.activity.amount is None:
            raise LeftOut("no_amounts")
        if not self.has_revenue:
            raise LeftOut("no_revenue")


def _draw(
    name: str, size: tuple[int, int], margins: tuple[int, int, int, int], draw: Callable[[Axes], Axes], title: str, text: str
) -> Picture:
    """A picture of `size` units with `margins` left, right, top, bottom."""
    width, height = size
    left, right, top, bottom = margins
    figure = Figure(figsize=(width / pictures.DPI, height / pictures.DPI), dpi=pictures.DPI)
    box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    ax = draw(figure.add_axes(box))
    ax.set_title("", loc="left")  # the page sets it, in its own type
    return Picture(pictures.svg(figure, name, title, text), title)


# ---- headline ----------------------------------------------------------------------------------------------------------


def headline(m: Material) -> Cards:
    """The figures at the top."""
    w = m.words
    cards = [Card(w("customers"), w.short(m.n_customers), w("customers_note"))]
    if m.has_revenue:
        cards.append(Card(w("revenue"), w.money(m.revenue), w("revenue_note")))
    if not m.n_customers:
        return Cards(cards)
    per = w.number(m.n_orders / m.n_customers, 1)
    cards.append(Card(w("orders"), w.short(m.n_orders), w("orders_note", per=per)))
    if m.has_revenue:
        cards.append(Card(w("average_order"), w.money(m.revenue / m.n_orders), w("average_order_note")))
    cards.append(Card(w("repeat"), w.share(_repeat(m)), w("repeat_note")))
    recency = np.asarray(m.profiles["recency_days"], dtype=np.float64)
    recent = float((recency[m.orders > 0] <= RECENT_DAYS).mean())
    cards.append(Card(w("recent"), w.share(recent), w("recent_note", days=w.number(RECENT_DAYS))))
    return Cards(cards)


def _repeat(m: Material) -> float:
    return float((m.orders >= 2).sum()) / m.n_customers


def in_short(m: Material) -> str:
    """The whole in four sentences."""
    w = m.words
    if not m.n_customers:
        return ""
    values = {"start": m.first_day, "end": m.last_day, "customers": w.number(m.n_customers), "orders": w.number(m.n_orders)}
    if not m.has_revenue:
        parts = [w("short_period_no_money", **values), w("short_once", share=w.share(1 - _repeat(m)))]
        return w.sentences(parts)
    parts = [w("short_period", revenue=w.money(m.revenue), **values)]
    parts.append(w("short_top", share=w.share(float(m.concentration["revenue"][20]))))
    parts.append(w("short_once", share=w.share(1 - _repeat(m))))
    if m.segments is not None:
        lapsed = np.isin(m.groups["segment"], ("at risk", "cannot lose"))
        if lapsed.any():
            count, share = int(m.groups["customers"][lapsed].sum()), float(m.groups["share_revenue"][lapsed].sum())
            parts.append(w("short_risk", customers=w.number(count), share=w.share(share)))
    if m.returned > 0:
        parts.append(w("short_returns", returned=w.money(m.returned), share=w.share(m.returned / m.revenue)))
    return w.sentences(parts)


# ---- chapters ----------------------------------------------------------------------------------------------------------


def data(m: Material) -> list[Block]:
    """What the data is."""
    w, a = m.words, m.activity
    n_events = sum(events for _, events, _ in a.kinds)
    n_users = int(m.log.n_users)
    parts = [
        w("data_period", events=w.number(n_events), users=w.number(n_users), start=m.first_day, end=m.last_day, zone=a.zone)
    ]
    n_items = int(getattr(m.log, "n_items", 0) or 0)
    if n_items:
        parts.append(w("data_items", items=w.number(n_items)))
    if n_users > m.n_customers:
        parts.append(w("data_visitors", visitors=w.number(n_users - m.n_customers)))
    most = max((events for _, events, _ in a.kinds), default=1)
    rest = a.kinds[MOST_ROWS:]
    kinds = [
        [
            Cell(w.kind(name), strong=True),
            Cell(w.number(events), bar=events / most),
            Cell(w.share(events / max(1, n_events))),
            Cell(w.number(users)),
        ]
        for name, events, users in a.kinds[:MOST_ROWS]
    ]
    if rest:
        events = sum(count for _, count, _ in rest)
        share = Cell(w.share(events / max(1, n_events)))
        kinds.append([Cell(w("more_kinds", count=w.number(len(rest)))), Cell(w.number(events)), share, Cell("")])
    blocks: list[Block] = [Text(w.sentences(parts))]
    blocks.append(Rows("", [w("kind"), w("events"), w("share"), w("users")], kinds, "lrrr"))
    blocks += _completeness(m)
    notable = _notable(m)
    if notable:
        head = [w("check"), w("column"), w("now"), w("before")]
        blocks.append(Rows(w("quality_title"), head, notable[:MOST_ROWS], "llrr"))
        if len(notable) > MOST_ROWS:
            blocks.append(Text(w("more_checks", count=w.number(len(notable) - MOST_ROWS)), quiet=True))
        blocks.append(Text(w("quality_note"), quiet=True))
    return blocks


def _completeness(m: Material) -> list[Block]:
    """The share of missing values of each column, among purchases and, where there are others, among all events."""
    w = m.words
    columns = [row for row in m.activity.missing if row[0] not in ("user", "time", "event")]
    if not columns:
        return []
    if len(columns) > MOST_ROWS:  # those that lack most
        columns = sorted(columns, key=lambda row: -row[2])[:MOST_ROWS]
    if len(m.activity.kinds) == 1 or not m.n_customers:
        rows = [[Cell(w.role(name), strong=True), Cell(w.share(every))] for name, _, every in columns]
        return [Rows(w("missing_title"), [w("column"), w("missing")], rows, "lr")]
    rows = [[Cell(w.role(name), strong=True), Cell(w.share(bought)), Cell(w.share(every))] for name, bought, every in columns]
    head = [w("column"), w("missing_purchases"), w("missing_all")]
    return [Rows(w("missing_title"), head, rows, "lrr"), Text(w("missing_note"), quiet=True)]


def _notable(m: Material) -> list[list[Cell]]:
    """What the checks of the data's state found worth a look."""
    if m.quality is None or not len(m.quality):
        return []
    w, rows = m.words, []
    columns = [m.quality[name] for name in ("check", "column", "value", "previous", "status")]
    for check, column, value, previous, status in zip(*columns, strict=True):
        if status == "ok":
            continue
        say = w.share if str(check).endswith(("_share", "_went", "_came")) else w.short
        if str(check).startswith("column_"):
            value = previous = float("nan")
        name = "" if column is None else str(column)
        name = w.kind(name) if str(check).startswith("kind_") else w.role(name)
        rows.append([Cell(w.check(str(check)), strong=True), Cell(name), Cell(say(float(value))), Cell(say(float(previous)))])
    return rows


def cleaning(m: Material) -> list[Block]:
    """What cleaning did: a sentence each, then the table."""
    w = m.words
    columns = [m.audit[name] for name in ("rule", "column", "rows", "action", "example")]
    lines = [
        (str(rule), column, int(rows), str(action), example)
        for rule, column, rows, action, example in zip(*columns, strict=True)
    ]
    read = sum(rows for rule, _, rows, _, _ in lines if rule == "rows read")
    lines = [line for line in lines if line[2] and line[0] != "rows read"]
    n_events = int(m.log.n_events)
    if not lines:
        return [Text(w("cleaning_none", rows=w.number(read or n_events)))]
    blocks: list[Block] = []
    if read:
        blocks.append(Text(w("cleaning_intro", rows=w.number(read), kept=w.number(n_events))))
    n_lines = len(lines)
    if n_lines > MOST_ROWS:
        lines = sorted(lines, key=lambda line: -line[2])[:MOST_ROWS]
    blocks.append(Listing([w.audit(rule, rows, action) for rule, _, rows, action, _ in lines]))
    table = []
    for rule, column, rows, action, example in lines:
        texts = (str(column or ""), w.number(rows), w.action(action), "" if example is None else str(example)[:60])
        table.append([Cell(w.rule(rule), strong=True), *(Cell(text) for text in texts)])
    head = [w("rule"), w("column"), w("rows"), w("action"), w("example")]
    blocks.append(Rows("", head, table, "llrll"))
    if n_lines > MOST_ROWS:
        blocks.append(Text(w("more_lines", count=w.number(n_lines - MOST_ROWS), table="audit"), quiet=True))
    return blocks


def time(m: Material) -> list[Block]:
    """Customers and revenue over time."""
    m.need_purchases()
    w, t = m.words, m.over_time
    unit = str(t["unit"])
    whole = np.flatnonzero(~t["partial"])
    period = w(unit)
    parts = []
    if m.has_revenue and len(whole):
        best = whole[int(np.argmax(t["revenue"][whole]))]
        parts.append(
            w("time_best", period=period, when=w.period(t["start"][best], unit), revenue=w.money(float(t["revenue"][best])))
        )
        if len(whole) > 1 and t["revenue"][whole[-2]] > 0:
            change = float(t["revenue"][whole[-1]] / t["revenue"][whole[-2]] - 1)
            said = w("more" if change >= 0 else "less", share=w.share(abs(change)))
            parts.append(w("time_change", period=period, when=w.period(t["start"][whole[-1]], unit), change=said))
    if len(whole) and t["customers"][whole[-1]]:
        fresh = float(t["new"][whole[-1]] / t["customers"][whole[-1]])
        parts.append(w("time_new", period=period, share=w.share(fresh)))
    size, margins = (WIDE, 250), (64, 6, 30, 44)
    drawn = [
        _draw(
            "customers",
            size,
            margins,
            lambda ax: plot.customers_over_time(t, ax, lang=w),
            w("customers_over_time", period=w(f"by_{unit}")),
            w.sentences(parts),
        )
    ]
    if m.has_revenue:
        drawn.append(
            _draw(
                "revenue",
                size,
                margins,
                lambda ax: plot.revenue_over_time(t, ax, lang=w),
                w("revenue_over_time", period=w(f"by_{unit}")),
                w.sentences(parts),
            )
        )
    note = ""
    if t["partial"].any():
        names = [w.period(start, unit) for start in t["start"][t["partial"]]]
        note = w("partial_note" if len(names) == 1 else "partial_note_two", when=w("and").join(names))
    return [Text(w.sentences(parts)), *(Pictures([one]) for one in drawn[:-1]), Pictures(drawn[-1:], note)]


def concentration(m: Material) -> list[Block]:
    """How much the best customers bring, and how many come back."""
    m.need_purchases()
    w = m.words
    texts, drawn = [], []
    size, margins = (HALF, 272), (48, 16, 10, 46)
    if m.has_revenue:
        c = m.concentration
        text = w("concentration_text", top=w.share(0.2), share=w.share(float(c["revenue"][20])), half=w.share(float(c["half"])))
        texts.append(text)
        drawn.append(
            _draw(
                "concentration",
                size,
                margins,
                lambda ax: plot.revenue_concentration(c, ax, lang=w),
                w("concentration_y"),
                w.sentences([w("concentration_alt"), text]),
            )
        )
    s = figures.second_order(m.activity)
    if len(s["days"]) > 7:
        marks = [d for d in (30, 90, 365) if d < len(s["days"])] or [int(s["days"][-1])]
        items = [w("second_item", share=w.share(float(s["share"][d])), days=w.number(d)) for d in marks]
        text = w("second_text", list=w.listing(items))
        if len(s["gap"]):
            middle = float(np.median(s["gap"]))
            text = w.sentences([text, w("second_median", days=w.number(middle))])
        texts.append(text)
        drawn.append(
            _draw(
                "second",
                size,
                margins,
                lambda ax: plot.second_order(s, ax, lang=w),
                w("second_y"),
                w.sentences([w("second_alt"), text]),
            )
        )
    if not drawn:
        raise LeftOut("no_second")
    return [*(Text(text) for text in texts), Pictures(drawn)]


def rfm(m: Material) -> list[Block]:
    """The RFM map and where its scores change."""
    if m.why_no_segments is not None:
        raise m.why_no_segments
    w = m.words
    tiles = figures.rfm_tiles(m.segments, m.profiles)
    drawn = _draw(
        "rfm",
        (WIDE, 430),
        (56, 6, 6, 50),
        lambda ax: plot.rfm_map(tiles, None, ax, bins=m.bins, lang=w),
        w("rfm"),
        w("rfm_alt"),
    )
    notes = []
    for which, column in (("recency", "r"), ("frequency", "f"), ("monetary", "m")):
        used = np.unique(np.asarray(m.segments[column])[np.asarray(m.segments[column]) > 0])
        if len(used) < m.bins:
            notes.append(w(which))
    blocks: list[Block] = [Text(w("rfm_text", bins=m.bins)), Pictures([Picture(drawn.svg)])]
    if notes:
        blocks.append(Text(w("rfm_ties", which=w.listing(notes), bins=m.bins), quiet=True))
    if m.bins <= plot.MAP_BINS:
        blocks += [_thresholds(m), Text(w("thresholds_note"), quiet=True)]
    return blocks


def _thresholds(m: Material) -> Rows:
    w, bins = m.words, m.bins
    rows = []
    for which, label in (("recency", "r_row"), ("frequency", "f_row"), ("monetary", "m_row")):
        cuts = [float(cut) for cut in np.asarray(m.rfm.thresholds_[which])]
        ranges = {}
        for k in range(len(cuts) + 1):
            low = cuts[k - 1] if k else None
            high = cuts[k] if k < len(cuts) else None
            score = bins - k if which == "recency" else k + 1
            ranges[score] = _range(w, which, low, high)
        rows.append([Cell(w(label), strong=True), *(Cell(ranges.get(score, "–")) for score in range(1, bins + 1))])
    head = [w("score"), *(str(score) for score in range(1, bins + 1))]
    return Rows(w("thresholds"), head, rows, "l" + "r" * bins)


def _range(w: Language, which: str, low: float | None, high: float | None) -> str:
    """The values over `low` up to `high`."""
    if low is not None and high is not None and low >= high:
        return "–"
    if which == "frequency":  # whole orders
        low = None if low is None else np.floor(low) + 1
        high = None if high is None else np.floor(high)
        if high is None and low is not None:
            return w("at_least", low=w.number(low))
        if high is not None and (low is None or low == high):
            return w.number(high) if low is not None or high <= 1 else w("up_to", high=w.number(high))
        if low is not None and high is not None:
            return w("between", low=w.number(low), high=w.number(high)) if low < high else "–"
        return "–"
    say = w.money if which == "monetary" else w.number
    if low is None:
        return "–" if high is None else w("up_to", high=say(high))
    return w("over", low=say(low)) if high is None else w("between", low=say(low), high=say(high))


def segments(m: Material) -> list[Block]:
    """Segments by size and value, with a sentence each."""
    if m.why_no_segments is not None:
        raise m.why_no_segments
    w, g = m.words, m.groups
    buyers = np.flatnonzero(g["segment"] != "none")
    largest = buyers[int(np.argmax(g["customers"][buyers]))]
    richest = buyers[int(np.argmax(g["revenue"][buyers]))]
    text = w(
        "segments_text",
        largest=w.segment(str(g["segment"][largest])),
        share=w.share(float(g["share_customers"][largest])),
        richest=w.segment(str(g["segment"][richest])),
        value=w.share(float(g["share_revenue"][richest])),
    )
    drawn = _draw(
        "segments",
        (WIDE, 46 + 34 * len(buyers)),
        (138, 6, 34, 4),
        lambda ax: plot.segment_sizes(g, None, ax, lang=w),
        w("segments"),
        w.sentences([w("segments_alt"), text]),
    )
    rows = []
    for i in range(len(g["segment"])):
        never = g["segment"][i] == "none"
        cells = [
            w.number(int(g["customers"][i])),
            w.share(float(g["share_customers"][i])),
            "–" if never else w.money(float(g["revenue"][i])),
            "–" if never else w.share(float(g["share_revenue"][i])),
            "–" if never else w.money(float(g["per_customer"][i])),
            "–" if never else w.number(float(g["orders"][i]), 1),
            w.number(float(g["recency"][i])),
        ]
        rows.append([Cell(w.segment(str(g["segment"][i])), strong=True), *(Cell(cell) for cell in cells)])
    keys = "segment customers share_customers revenue share_revenue per_customer mean_orders median_recency".split()
    table = Rows("", [w(key) for key in keys], rows, "lrrrrrrr")
    notes = [(w.segment(str(name)), *w.segment_text(str(name))) for name in g["segment"]]
    return [Text(text), Pictures([Picture(drawn.svg)]), table, Text(heading=w("segments_who")), Notes(notes)]


def method(m: Material) -> list[Block]:
    """How it was made: definitions and parameters."""
    w, as_of = m.words, m.as_of_day
    period = w(str(m.over_time["unit"])) if m.n_customers else w("month")
    currency = w("currency_suffix", currency=w.currency) if w.currency else ""
    notes = [
        (w("term_customer"), w("customer_def", as_of=as_of), ""),
        (w("term_order"), w("order_def" if m.activity.has_orders else "order_def_instant"), ""),
    ]
    if m.has_revenue:
        notes += [
            (w("revenue"), w("revenue_def", currency=currency), ""),
            (w("term_return"), w("return_def"), ""),
            (w("top_share"), w("top_def"), ""),
        ]
    notes += [
        (w("repeat"), w("repeat_def"), ""),
        (w("term_recent"), w("recent_def", days=RECENT_DAYS, as_of=as_of), ""),
        (w("term_new"), w("new_def", period=period), ""),
        (w("term_second"), w("second_def", as_of=as_of), ""),
    ]
    if m.segments is not None:
        notes += [(w("term_scores"), w("rfm_def"), ""), (w("term_recency"), w("recency_def", as_of=as_of), "")]
    parameters = [
        (w("p_version"), f"patron {m.version}"),
        (w("p_as_of"), f"{np.datetime64(m.as_of, 'us')} UTC"),
        (w("p_zone"), m.activity.zone),
        (w("p_events"), w.number(int(m.log.n_events))),
        (w("p_users"), w.number(int(m.log.n_users))),
        (w("p_bins"), str(m.bins)),
        (w("p_windows"), ", ".join(m.windows)),
    ]
    if w.currency:
        parameters.append((w("p_currency"), w.currency))
    rows = [[Cell(name, strong=True), Cell(value)] for name, value in parameters]
    return [
        Text(w("method_text", as_of=as_of)),
        Notes(notes),
        Rows(w("parameters"), [], rows, "ll"),
    ]


# ---- the registry ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chapter:
    """A chapter: the phrase of its title, and what writes it (None: not part of this version)."""

    key: str
    write: Callable[[Material], list[Block]] | None


CHAPTERS = (
    Chapter("time", time),
    Chapter("concentration", concentration),
    Chapter("rfm", rfm),
    Chapter("segments", segments),
    Chapter("chapter_value", None),
    Chapter("chapter_churn", None),
    Chapter("chapter_recommend", None),
    Chapter("data", data),
    Chapter("cleaning", cleaning),
    Chapter("method", method),
)
