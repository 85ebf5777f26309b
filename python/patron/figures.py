"""The figures of the report as arrays: customers and revenue over time, concentration, second orders, RFM groups.

What needs single events goes through an `Activity`, the log's purchases and returns as a few flat arrays made once; all
later steps are linear passes of numpy over them. Events come sorted by (user, time), so a user's rows stand together and
"the first row of each user" is where the code changes; no sort is needed. Periods are local: their borders are turned into
instants with the log's time zone, and events are then counted between borders, so summer time needs no further care.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from patron.timezones import zone_named
from patron.words import SEGMENTS

__all__ = ["Activity", "concentration", "groups", "over_time", "rfm_tiles", "second_order"]

Array = NDArray[Any]
Unit = Literal["year", "month", "week", "day"]

DAY = 86_400_000_000  # microseconds
YEARLY = 20 * 365  # days from which on months would be too many to draw: often it is one wrong year among the dates


@dataclass(frozen=True)
class Activity:
    """What the figures need of a log, in flat arrays sorted by (user, time).

    Attributes
    ----------
    user, time, amount, basket : arrays, one value a purchase
        Codes that rise with the user; microseconds UTC; money (0 where missing; None without amounts); codes equal for
        the rows of one order.
    returned_time, returned : arrays, one value a return
        Microseconds UTC; money as a positive number (None without amounts).
    kinds : list of (name, events, users)
        By falling number of events.
    missing : list of (column, share of purchases, share of all events)
    has_orders, zone, start, end
        Whether orders are numbered; the log's time zone; its first instant and one past its last, microseconds UTC.
    """

    user: Array
    time: Array
    amount: Array | None
    basket: Array
    returned_time: Array
    returned: Array | None
    kinds: list[tuple[str, int, int]]
    missing: list[tuple[str, float, float]]
    has_orders: bool
    zone: str
    start: int
    end: int

    @classmethod
    def of(cls, log: Any, as_of: int | None = None) -> Activity:
        """Read a log, or its part before an instant (microseconds UTC). O(events)."""
        import pyarrow as pa

        table = pa.table(log.events())
        end = instant(log.end)
        if as_of is not None and as_of < end:
            end = as_of
            table = table.filter(pa.array(_micros(table["time"]) < as_of))
        user, _ = _codes(table["user"])
        kind, names = _codes(table["event"])
        time = _micros(table["time"])
        bought = kind == _place(names, "purchase")
        back = kind == _place(names, "return")
        amount = _floats(table["amount"]) if "amount" in table.column_names else None
        has_orders = "order" in table.column_names
        if has_orders:
            # A purchase without an order number is an order of its own instant, kept apart by the sign.
            order, _ = _codes(table["order"])
            basket = np.where(order >= 0, order, -1 - time)[bought]
        else:
            basket = time[bought]
        n_bought = max(int(bought.sum()), 1)
        missing = []
        for name in table.column_names:
            lacking = _nulls(table[name])
            every = float(lacking.mean()) if len(lacking) else 0.0
            missing.append((name, float(lacking[bought].sum()) / n_bought, every))
        counts = np.bincount(kind, minlength=len(names))
        users = _users_of(kind, user, len(names))
        kinds = [(str(name), int(counts[i]), int(users[i])) for i, name in enumerate(names) if counts[i]]
        kinds.sort(key=lambda row: (-row[1], row[0]))
        return cls(
            user=user[bought],
            time=time[bought],
            amount=None if amount is None else np.nan_to_num(amount[bought]),
            basket=basket,
            returned_time=time[back],
            returned=None if amount is None else np.abs(np.nan_to_num(amount[back])),
            kinds=kinds,
            missing=missing,
            has_orders=has_orders,
            zone=zone_of(log),
            start=instant(log.start),
            end=end,
        )


def zone_of(log: Any) -> str:
    """The log's time zone by name."""
    zone = getattr(log, "timezone", None) or getattr(log, "tz", None) or "UTC"
    return str(zone)


def instant(value: Any) -> int:
    """A time as microseconds UTC: numpy's datetime64, or Python's datetime (naive means UTC)."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
    return int(np.datetime64(value, "us").astype(np.int64))


def local_date(micros: int, zone: str) -> np.datetime64:
    """The local day of an instant."""
    seconds = micros // 1_000_000
    local = datetime.fromtimestamp(seconds, zone_named(zone))
    return np.datetime64(local.date(), "D")


def _midnights(days: Array, zone: str) -> Array:
    """The instants at which local days begin, microseconds UTC."""
    tz = zone_named(zone)
    return np.array(
        [int(datetime(d.year, d.month, d.day, tzinfo=tz).timestamp()) * 1_000_000 for d in days.astype(object)],
        dtype=np.int64,
    )


def _codes(column: Any) -> tuple[Array, Array]:
    """Codes of a column in order of first appearance (-1 for null), and the values behind them."""
    import pyarrow as pa

    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    joined = column.unify_dictionaries().combine_chunks()
    if isinstance(joined, pa.ChunkedArray):
        joined = pa.concat_arrays(joined.chunks) if joined.num_chunks else pa.array([], type=column.type)
    codes = joined.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return codes, np.asarray(joined.dictionary.to_pylist(), dtype=object)


def _micros(column: Any) -> Array:
    import pyarrow as pa

    zone = getattr(column.type, "tz", None)
    return np.asarray(column.cast(pa.timestamp("us", tz=zone)).cast(pa.int64()).to_numpy(), dtype=np.int64)


def _floats(column: Any) -> Array:
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _nulls(column: Any) -> Array:
    import pyarrow.compute as pc

    return np.asarray(pc.is_null(column, nan_is_null=True).to_numpy(), dtype=np.bool_)


def _place(names: Array, name: str) -> int:
    found = np.flatnonzero(names == name)
    return int(found[0]) if len(found) else -2


def _users_of(kind: Array, user: Array, n: int) -> Array:
    """How many users each kind has, in one pass however many kinds there are; rows of a user stand together."""
    order = np.argsort(kind.astype(np.uint16), kind="stable")  # a log has fewer kinds than that
    by_kind, by_user = kind[order], user[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (by_kind[1:] != by_kind[:-1]) | (by_user[1:] != by_user[:-1])
    return np.bincount(by_kind[fresh], minlength=n)


def _starts(codes: Array) -> Array:
    """Where a new code begins."""
    if not len(codes):
        return np.zeros(0, dtype=np.int64)
    return np.concatenate(([0], np.flatnonzero(codes[1:] != codes[:-1]) + 1))


def _n_changes(codes: Array) -> int:
    return len(_starts(codes))


# ---- over time ---------------------------------------------------------------------------------------------------------


def over_time(activity: Activity, unit: Unit | None = None) -> dict[str, Array]:
    """Customers and revenue by month (year, week, day) of the log's time zone.

    Parameters
    ----------
    activity : Activity
    unit : {"year", "month", "week", "day"}, optional
        By default months, weeks for a log shorter than 100 days, days for one shorter than 22, years from 20 years on.

    Returns
    -------
    dict of arrays
        ``start`` (first local day of the period), ``partial`` (the log covers it in part only), ``customers`` (distinct
        buyers), ``new`` (whose first purchase in the log it is), ``returning``, ``revenue`` and ``returned`` (NaN without
        amounts), ``unit``.
    """
    first, last = local_date(activity.start, activity.zone), local_date(max(activity.start, activity.end - 1), activity.zone)
    if unit is None:
        days = int((last - first).astype(np.int64)) + 1
        unit = "day" if days < 22 else "week" if days < 100 else "month" if days < YEARLY else "year"
    if unit == "year":
        borders = np.arange(first.astype("datetime64[Y]"), last.astype("datetime64[Y]") + 2).astype("datetime64[D]")
    elif unit == "month":
        months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]") + 2)
        borders = months.astype("datetime64[D]")
    elif unit == "week":
        monday = first - int((first.astype(np.int64) + 3) % 7)  # 1970-01-01 was a Thursday
        borders = np.arange(monday, last + 8, 7)
        borders = borders[: int(np.searchsorted(borders, last, side="right")) + 1]
    else:
        borders = np.arange(first, last + 2)
    edges = _midnights(borders, activity.zone)
    n = len(borders) - 1

    def place(time: Array) -> Array:
        return np.searchsorted(edges, time, side="right") - 1

    when = place(activity.time)
    starts = _starts(activity.user)
    new = np.bincount(when[starts], minlength=n)
    seen = _starts(activity.user * (n + 1) + when)  # rows of one user rise in time, so equal periods stand together
    customers = np.bincount(when[seen], minlength=n)
    if activity.amount is None or activity.returned is None:
        revenue = returned = np.full(n, np.nan)
    else:
        revenue = np.bincount(when, weights=activity.amount, minlength=n)
        returned = np.bincount(place(activity.returned_time), weights=activity.returned, minlength=n)
    # One missing day at either end is no more than a quiet day.
    partial = np.zeros(n, dtype=np.bool_)
    partial[0] |= bool(first > borders[0] + 1)
    partial[-1] |= bool(last < borders[-1] - 2)
    if unit == "day":
        partial[:] = False
    return {
        "start": borders[:-1],
        "partial": partial,
        "customers": customers,
        "new": new,
        "returning": customers - new,
        "revenue": revenue,
        "returned": returned,
        "unit": np.array(unit),
    }


# ---- second orders -----------------------------------------------------------------------------------------------------

MARKS = (30, 60, 90, 180, 365)
LEAST_OBSERVED = 30


def second_order(activity: Activity, horizon: int = 365) -> dict[str, Array]:
    """The share of customers who ordered a second time, by days since the first order.

    Only customers whose first order lies at least d days before the end count for d, so that the young do not pull the share
    down. The curve ends where fewer than thirty (or, in a small shop, a tenth) of the customers have been known that long.

    Returns
    -------
    dict of arrays
        ``days``, ``share``, ``customers`` (known for at least that long); ``gap``: the days between first and second order
        of those who have both.
    """
    user, time, basket = activity.user, activity.time, activity.basket
    starts = _starts(user)
    if not len(starts):
        empty = np.zeros(0)
        return {"days": empty, "share": empty, "customers": empty, "gap": empty}
    owner = np.zeros(len(user), dtype=np.int64)
    owner[starts[1:]] = 1
    owner = np.cumsum(owner)
    other = np.flatnonzero(basket != basket[starts][owner])
    seconds = other[_starts(owner[other])]
    gap = np.full(len(starts), np.iinfo(np.int64).max // 2)
    gap[owner[seconds]] = time[seconds] - time[starts[owner[seconds]]]
    known = (activity.end - time[starts]) // DAY  # whole days of being observed
    gap_days = -(-gap // DAY)  # a second order within d days has gap <= d
    days = np.arange(horizon + 1)
    at_least = (
        len(starts)
        - np.concatenate(([0], np.cumsum(np.bincount(np.minimum(known, horizon + 1), minlength=horizon + 2))))[: horizon + 1]
    )
    came = np.cumsum(np.bincount(np.minimum(gap_days, horizon + 1), minlength=horizon + 2))[: horizon + 1]
    # Those who came but are not observed for d days: they drop out of d from known + 1 on.
    gone = np.cumsum(np.bincount(np.minimum(np.maximum(gap_days, known + 1), horizon + 1), minlength=horizon + 2))[
        : horizon + 1
    ]
    enough = at_least >= max(1, min(LEAST_OBSERVED, len(starts) // 10))
    share = (came - gone) / np.maximum(at_least, 1)
    return {
        "days": days[enough],
        "share": share[enough],
        "customers": at_least[enough],
        "gap": np.sort(gap[owner[seconds]]) / DAY,
    }


# ---- concentration -----------------------------------------------------------------------------------------------------


def concentration(profiles: Any) -> dict[str, Array]:
    """How much of revenue the best customers bring.

    Returns
    -------
    dict of arrays
        ``customers`` and ``revenue``: shares of one at 0, 1, ... 100 percent of customers (rounded up to whole ones), best
        first; ``half``: the share of customers who bring half of revenue.
    """
    orders = _column(profiles, "orders")
    revenue = np.nan_to_num(_column(profiles, "revenue"))[orders > 0]
    ranked = np.sort(revenue)[::-1]
    running = np.concatenate(([0.0], np.cumsum(ranked)))
    total = running[-1]
    n = len(ranked)
    percent = np.arange(101)
    whole = -(-percent * n // 100)
    share = running[whole] / total if total > 0 else np.zeros(101)
    half = int(np.searchsorted(running, total / 2)) / n if n and total > 0 else float("nan")
    return {"customers": percent / 100, "revenue": share, "half": np.array(half)}


# ---- RFM ---------------------------------------------------------------------------------------------------------------


def _column(table: Any, name: str) -> Array:
    return np.asarray(table[name], dtype=np.float64)


def _money(profiles: Any, n: int) -> Array:
    if profiles is None or "revenue" not in list(profiles.columns):
        return np.zeros(n)
    return np.nan_to_num(_column(profiles, "revenue"))


def _segment_codes(segments: Any) -> tuple[Array, list[str]]:
    names = np.asarray(segments["segment"], dtype=object)
    known = [*SEGMENTS, *sorted(set(names.tolist()) - set(SEGMENTS))]
    lookup = {name: i for i, name in enumerate(known)}
    return np.fromiter((lookup[name] for name in names), dtype=np.int64, count=len(names)), known


def rfm_tiles(segments: Any, profiles: Any = None) -> dict[str, Array]:
    """The customers of each pair of recency and frequency scores.

    Parameters
    ----------
    segments : Table
        As `RFM.predict` gives it: user, r, f, m, segment.
    profiles : Table, optional
        The profiles the segments were made from, row for row; gives revenue.

    Returns
    -------
    dict of arrays
        One value a pair that occurs: ``r``, ``f``, ``customers``, ``share_customers``, ``revenue``, ``share_revenue``,
        ``segment`` (the one most of them belong to).
    """
    r, f = _column(segments, "r").astype(np.int64), _column(segments, "f").astype(np.int64)
    codes, names = _segment_codes(segments)
    value = _money(profiles, len(r))
    bought = r > 0
    r, f, codes, value = r[bought], f[bought], codes[bought], value[bought]
    width = int(f.max(initial=0)) + 1
    pairs, place = np.unique(r * width + f, return_inverse=True)
    customers = np.bincount(place, minlength=len(pairs))
    revenue = np.bincount(place, weights=value, minlength=len(pairs))
    mix = np.bincount(place * len(names) + codes, minlength=len(pairs) * len(names)).reshape(len(pairs), len(names))
    return {
        "r": pairs // width,
        "f": pairs % width,
        "customers": customers,
        "share_customers": customers / max(1, customers.sum()),
        "revenue": revenue,
        "share_revenue": revenue / revenue.sum() if revenue.sum() > 0 else np.zeros(len(pairs)),
        "segment": np.array(names, dtype=object)[mix.argmax(axis=1)] if len(pairs) else np.array([], dtype=object),
    }


def groups(segments: Any, profiles: Any) -> dict[str, Array]:
    """Size and value of each segment that occurs, in their fixed order.

    Returns
    -------
    dict of arrays
        ``segment``, ``customers``, ``share_customers`` (of those who bought; NaN for "none"), ``revenue``,
        ``share_revenue``, ``per_customer``, ``orders`` (mean), ``recency`` (median days; NaN where never bought).
    """
    codes, names = _segment_codes(segments)
    n = len(names)
    value = _money(profiles, len(codes))
    orders, recency = _column(profiles, "orders"), _column(profiles, "recency_days")
    size = np.bincount(codes, minlength=n)
    revenue = np.bincount(codes, weights=value, minlength=n)
    ordered = np.bincount(codes, weights=np.nan_to_num(orders), minlength=n)
    there = np.flatnonzero(size)
    never = np.array([names[i] == "none" for i in there], dtype=np.bool_)
    buyers = max(1, int(size[there][~never].sum()))
    rank = np.argsort(codes, kind="stable")
    cuts = np.concatenate(([0], np.cumsum(size)))
    middle = np.full(len(there), np.nan)
    for row, code in enumerate(there):
        days = recency[rank[cuts[code] : cuts[code + 1]]]
        days = days[np.isfinite(days)]
        if len(days):
            middle[row] = float(np.median(days))
    total = revenue.sum()
    return {
        "segment": np.array([names[i] for i in there], dtype=object),
        "customers": size[there],
        "share_customers": np.where(never, np.nan, size[there] / buyers),
        "revenue": revenue[there],
        "share_revenue": revenue[there] / total if total > 0 else np.zeros(len(there)),
        "per_customer": revenue[there] / np.maximum(size[there], 1),
        "orders": ordered[there] / np.maximum(size[there], 1),
        "recency": middle,
    }
