"""Pictures of a shop's customers, each a matplotlib Axes with the numbers behind it in a twin.

Every function takes ``ax=None`` and returns the `Axes`; ``<name>_data`` gives the same figures as a dict of arrays, which
the function takes too, so that nothing is computed twice. Colours come from one small palette; the report turns them into
style sheet variables, which is how its pictures follow a dark page. Words are English or Chinese (``lang="zh"``); Chinese
on a bitmap needs a Chinese font in matplotlib, the report's vector pictures do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from patron import figures
from patron.words import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "customers_over_time",
    "customers_over_time_data",
    "revenue_concentration",
    "revenue_concentration_data",
    "revenue_over_time",
    "revenue_over_time_data",
    "rfm_map",
    "rfm_map_data",
    "second_order",
    "second_order_data",
    "segment_sizes",
    "segment_sizes_data",
]

Data = Mapping[str, NDArray[Any]]

INK, MUTED, LINE = "#1d2733", "#66727f", "#dde2e7"
ACCENT, WARM, BAD = "#2b6a8a", "#cf8a3a", "#b4533c"
PARTIAL = 0.4  # opacity of a period that is covered in part only
MAP_BINS = 7  # tiles of finer maps are too small for words


def _words(lang: str | Language) -> Language:
    return lang if isinstance(lang, Language) else Language(lang)


def _axes(ax: Axes | None, width: float, height: float) -> Axes:
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(figsize=(width, height), layout="constrained")
    for side in ax.spines.values():
        side.set_visible(False)
    ax.tick_params(length=0, colors=MUTED, labelsize=11.5, pad=6)
    ax.set_axisbelow(True)
    return ax


def _title(ax: Axes, text: str) -> None:
    ax.set_title(text, loc="left", fontsize=13, fontweight="bold", color=INK, pad=28)


def _legend(ax: Axes) -> None:
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=11,
        labelcolor=MUTED,
        borderaxespad=0.3,
        borderpad=0.1,
        handlelength=0.9,
        handleheight=0.9,
        handletextpad=0.5,
        columnspacing=1.6,
    )


def _label(ax: Axes, x: str | None = None, y: str | None = None) -> None:
    if x:
        ax.set_xlabel(x, fontsize=11, color=MUTED, labelpad=8)
    if y:
        ax.set_ylabel(y, fontsize=11, color=MUTED, labelpad=8)


# ---- over time ---------------------------------------------------------------------------------------------------------


def _over_time(source: Any, unit: figures.Unit | None) -> Data:
    if isinstance(source, Mapping):
        return source
    activity = source if isinstance(source, figures.Activity) else figures.Activity.of(source)
    return figures.over_time(activity, unit)


def _time_axis(ax: Axes, data: Data, words: Language) -> None:
    starts, unit = data["start"], str(data["unit"])
    n = len(starts)
    steps = {"year": (1, 2, 5, 10, 20, 50), "month": (1, 2, 3, 6, 12, 24, 60, 120)}.get(unit, (1, 2, 4, 7, 14, 28))
    step = next((s for s in steps if n <= 14 * s), steps[-1])
    months = starts.astype("datetime64[M]").astype(np.int64)
    # Months are marked so that every January is among them.
    marked = np.flatnonzero(months % step == 0) if unit == "month" and step <= 12 else np.arange(0, n, step)
    ax.set_xticks(marked, [words.tick(starts[i], unit) for i in marked])
    year = -1
    for i in marked if unit != "year" else ():
        this = int(months[i]) // 12
        if this != year:
            below: dict[str, Any] = {"xycoords": ax.get_xaxis_transform(), "textcoords": "offset points"}
            ax.annotate(str(1970 + this), (i, 0), (0, -30), ha="center", fontsize=11, color=MUTED, **below)
        year = this
    ax.set_xlim(-0.6, n - 0.4)


def _money_axis(axis: Any, words: Language) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.money(value)))


def _count_axis(axis: Any, words: Language) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.short(value)))


def _share_axis(axis: Any, words: Language) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.share(value)))


def _bars(ax: Axes, data: Data, values: NDArray[Any], bottom: Any, color: str, label: str | None) -> None:
    whole = ~data["partial"]
    bottom = np.broadcast_to(bottom, values.shape)
    place = np.arange(len(values))
    ax.bar(place[whole], values[whole], bottom=bottom[whole], width=0.78, color=color, linewidth=0, label=label)
    part = ~whole
    if part.any():
        ax.bar(place[part], values[part], bottom=bottom[part], width=0.78, color=color, linewidth=0, alpha=PARTIAL)


def customers_over_time_data(log: Any, unit: figures.Unit | None = None) -> Data:
    """Buying customers by period; see `patron.figures.over_time`."""
    return _over_time(log, unit)


def customers_over_time(
    log: Any, ax: Axes | None = None, *, unit: figures.Unit | None = None, lang: str | Language = "en"
) -> Axes:
    """Stacked bars of the customers who bought in each period: those who bought before, and those who are new.

    Parameters
    ----------
    log : EventLog, Activity or the result of `customers_over_time_data`
    ax : matplotlib Axes, optional
    unit : {"year", "month", "week", "day"}, optional
        By default what suits the length of the log.
    lang : {"en", "zh"} or Language
    """
    data, words = _over_time(log, unit), _words(lang)
    ax = _axes(ax, 8, 3.2)
    _bars(ax, data, data["returning"], 0, ACCENT, words("returning"))
    _bars(ax, data, data["new"], data["returning"], WARM, words("new"))
    ax.grid(axis="y", color=LINE, linewidth=1)
    _time_axis(ax, data, words)
    _count_axis(ax.yaxis, words)
    _title(ax, words("customers_over_time", period=words(f"by_{data['unit']}")))
    _legend(ax)
    return ax


def revenue_over_time_data(log: Any, unit: figures.Unit | None = None) -> Data:
    """Revenue and returns by period; see `patron.figures.over_time`."""
    return _over_time(log, unit)


def revenue_over_time(
    log: Any, ax: Axes | None = None, *, unit: figures.Unit | None = None, lang: str | Language = "en"
) -> Axes:
    """Bars of revenue in each period, with what was returned below the line.

    Parameters
    ----------
    log : EventLog, Activity or the result of `revenue_over_time_data`
    ax : matplotlib Axes, optional
    unit : {"year", "month", "week", "day"}, optional
    lang : {"en", "zh"} or Language
    """
    data, words = _over_time(log, unit), _words(lang)
    ax = _axes(ax, 8, 3.2)
    _bars(ax, data, data["revenue"], 0, ACCENT, words("revenue"))
    if np.nansum(data["returned"]) > 0:
        _bars(ax, data, -data["returned"], 0, BAD, words("returned"))
        _legend(ax)
    ax.grid(axis="y", color=LINE, linewidth=1)
    ax.axhline(0, color=MUTED, linewidth=0.8)
    _time_axis(ax, data, words)
    _money_axis(ax.yaxis, words)
    _title(ax, words("revenue_over_time", period=words(f"by_{data['unit']}")))
    return ax


# ---- concentration and second orders -----------------------------------------------------------------------------------


def revenue_concentration_data(profiles: Any) -> Data:
    """Cumulative revenue of the best customers; see `patron.figures.concentration`."""
    return profiles if isinstance(profiles, Mapping) else figures.concentration(profiles)


def revenue_concentration(profiles: Any, ax: Axes | None = None, *, lang: str | Language = "en") -> Axes:
    """The share of revenue that the best customers bring, the best first, with the top fifth marked.

    Parameters
    ----------
    profiles : Table of profiles or the result of `revenue_concentration_data`
    ax : matplotlib Axes, optional
    lang : {"en", "zh"} or Language
    """
    data, words = revenue_concentration_data(profiles), _words(lang)
    ax = _axes(ax, 5, 3.6)
    x, y = data["customers"], data["revenue"]
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1, dashes=(3, 3))
    ax.fill_between(x, y, color=ACCENT, alpha=0.12, linewidth=0)
    ax.plot(x, y, color=ACCENT, linewidth=2)
    ax.plot([0.2, 0.2], [0, y[20]], color=INK, linewidth=0.8)
    ax.plot([0.2], [y[20]], "o", color=INK, markersize=5)
    # The curve runs above the point to its right, the even line below.
    ax.annotate(
        words.share(float(y[20])), (0.2, y[20]), (9, -13), textcoords="offset points", fontsize=13, fontweight="bold", color=INK
    )
    ax.grid(axis="y", color=LINE, linewidth=1)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.03)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    ax.set_xticks(ticks, [words.share(t) for t in ticks])
    ax.set_yticks(ticks, [words.share(t) for t in ticks])
    _label(ax, words("concentration_x"))
    _title(ax, words("concentration_y"))
    return ax


def second_order_data(log: Any) -> Data:
    """Share of customers with a second order, by days; see `patron.figures.second_order`."""
    if isinstance(log, Mapping):
        return log
    return figures.second_order(log if isinstance(log, figures.Activity) else figures.Activity.of(log))


def second_order(log: Any, ax: Axes | None = None, *, lang: str | Language = "en") -> Axes:
    """The share of customers who ordered again, by days since the first order.

    Parameters
    ----------
    log : EventLog, Activity or the result of `second_order_data`
    ax : matplotlib Axes, optional
    lang : {"en", "zh"} or Language
    """
    data, words = second_order_data(log), _words(lang)
    ax = _axes(ax, 5, 3.6)
    days, share = data["days"], data["share"]
    ax.fill_between(days, share, color=ACCENT, alpha=0.12, linewidth=0)
    ax.plot(days, share, color=ACCENT, linewidth=2)
    last = float(days[-1]) if len(days) else 1.0
    for mark in (30, 90, 365):
        if mark <= last:
            ax.plot([mark], [share[mark]], "o", color=INK, markersize=5)
            ax.annotate(
                words.share(float(share[mark])),
                (mark, share[mark]),
                (0, 9) if mark > 0.9 * last else (8, -12),
                textcoords="offset points",
                ha="right" if mark > 0.9 * last else "left",
                fontsize=12,
                fontweight="bold",
                color=INK,
            )
    ax.grid(axis="y", color=LINE, linewidth=1)
    ax.set_xlim(0, max(last, 1) * 1.01)
    ax.set_ylim(0, max(0.01, float(share.max(initial=0)) * 1.25))
    ticks = [t for t in ((0, 30, 90, 180, 270, 365) if last > 100 else (0, 7, 14, 30, 60, 90)) if t <= last]
    ax.set_xticks(ticks, [words.number(t) for t in ticks])
    _share_axis(ax.yaxis, words)
    _label(ax, words("second_x"))
    _title(ax, words("second_y"))
    return ax


# ---- segments ----------------------------------------------------------------------------------------------------------


def rfm_map_data(segments: Any, profiles: Any = None) -> Data:
    """Customers and revenue of each pair of scores; see `patron.figures.rfm_tiles`."""
    return segments if isinstance(segments, Mapping) else figures.rfm_tiles(segments, profiles)


def rfm_map(
    segments: Any, profiles: Any = None, ax: Axes | None = None, *, bins: int | None = None, lang: str | Language = "en"
) -> Axes:
    """The RFM map: recency across, frequency upward, a tile for each pair of scores, the stronger the more revenue.

    Parameters
    ----------
    segments : Table of segments or the result of `rfm_map_data`
    profiles : Table, optional
        For revenue; without it the colour shows the number of customers.
    ax : matplotlib Axes, optional
    bins : int, optional
        Number of scores; by default the highest that occurs.
    lang : {"en", "zh"} or Language
    """
    from matplotlib.patches import Rectangle

    data, words = rfm_map_data(segments, profiles), _words(lang)
    ax = _axes(ax, 8, 4.6)
    n = bins or int(max(data["r"].max(initial=1), data["f"].max(initial=1)))
    by_value = bool(data["share_revenue"].any())
    weight = data["share_revenue"] if by_value else data["share_customers"]
    most = float(weight.max(initial=0)) or 1.0
    taken = set(zip(data["r"].tolist(), data["f"].tolist(), strict=True))
    for r in range(1, n + 1):
        for f in (f for f in range(1, n + 1) if (r, f) not in taken):
            ax.add_patch(Rectangle((r - 0.485, f - 0.475), 0.97, 0.95, facecolor=LINE, alpha=0.35, linewidth=0))
    for i in range(len(data["r"])):
        r, f = int(data["r"][i]), int(data["f"][i])
        strength = 0.06 + 0.6 * (float(weight[i]) / most) ** 0.6
        ax.add_patch(Rectangle((r - 0.485, f - 0.475), 0.97, 0.95, facecolor=ACCENT, alpha=round(strength, 3), linewidth=0))
        if n > MAP_BINS:
            continue
        share = words.share(float(data["share_revenue"][i]))
        lines = [
            (0.2, words.short(int(data["customers"][i])), 14, "bold", INK),
            (
                -0.08,
                f"{words('share_revenue')} {share}" if words.name == "zh" else f"{share} {words('share_revenue')}",
                10,
                "normal",
                INK,
            ),
            (-0.32, words.segment(str(data["segment"][i])), 10, "normal", INK),
        ]
        for dy, text, size, weight_name, color in lines if by_value else [lines[0], lines[2]]:
            ax.text(r, f + dy, text, ha="center", va="center_baseline", fontsize=size, fontweight=weight_name, color=color)
    ax.set_xlim(0.5, n + 0.5)
    ax.set_ylim(0.5, n + 0.5)
    every = max(1, n // 10)
    scores = [s for s in range(1, n + 1) if n <= 10 or s % every == 0]
    ax.set_xticks(scores, [str(s) for s in scores])
    ax.set_yticks(scores, [str(s) for s in scores])
    _label(ax, words("rfm_x"), words("rfm_y"))
    return ax


def segment_sizes_data(segments: Any, profiles: Any = None) -> Data:
    """Size and value of each segment; see `patron.figures.groups`."""
    if isinstance(segments, Mapping):
        return segments
    if profiles is None:
        raise TypeError("segment_sizes needs the profiles beside the segments; pass segment_sizes(segments, profiles)")
    return figures.groups(segments, profiles)


def segment_sizes(segments: Any, profiles: Any = None, ax: Axes | None = None, *, lang: str | Language = "en") -> Axes:
    """Each segment's share of customers beside its share of revenue.

    Parameters
    ----------
    segments : Table of segments or the result of `segment_sizes_data`
    profiles : Table
        The profiles the segments were made from.
    ax : matplotlib Axes, optional
    lang : {"en", "zh"} or Language
    """
    data, words = segment_sizes_data(segments, profiles), _words(lang)
    ax = _axes(ax, 8, 4.2)
    kept = data["segment"] != "none"
    names = data["segment"][kept]
    size, value = data["share_customers"][kept], data["share_revenue"][kept]
    place = np.arange(len(names))
    with_value = bool(value.any())
    height = 0.34 if with_value else 0.6
    ax.barh(
        place - height / 2 * with_value,
        size,
        height=height,
        color=MUTED,
        alpha=0.55,
        linewidth=0,
        label=words("share_customers"),
    )
    if with_value:
        ax.barh(place + height / 2, value, height=height, color=ACCENT, linewidth=0, label=words("share_revenue"))
    for i in range(len(names)):
        for shift, share in ((-height / 2 * with_value, size[i]), *(((height / 2, value[i]),) if with_value else ())):
            ax.annotate(
                words.share(float(share)), (float(share), i + shift), (5, 0), textcoords="offset points",
                va="center_baseline", fontsize=10, color=MUTED,
            )  # fmt: skip
    ax.set_yticks(place, [words.segment(str(name)) for name in names])
    ax.tick_params(axis="y", colors=INK)
    ax.set_xticks([])
    ax.set_xlim(0, max(0.05, float(np.max(np.concatenate((size, value)), initial=0))) * 1.12)
    ax.set_ylim(len(names) - 0.4, -0.6)
    if with_value:
        _legend(ax)
    return ax
