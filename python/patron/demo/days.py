"""Days: the clock of the shop, and what each day brings to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from patron.demo.draws import Bools, Floats, Ints, pick, stream

__all__ = ["DAY", "FUTURE_DAYS", "HORIZONS", "SECOND", "TIMEZONE", "Calendar", "clock", "make_calendar", "midnight", "stamp"]

FUTURE_DAYS = 90
HORIZONS = (30, 60, 90)
SECOND = 1_000_000
DAY = 86_400 * SECOND
TIMEZONE = "Asia/Shanghai"
_UTC_OFFSET = 8 * 3600 * SECOND  # of Asia/Shanghai, which keeps no summer time
_FIRST_DAY = np.datetime64("2024-01-01")  # a Monday; local


@dataclass
class Calendar:
    """What each local day brings to everybody; all of shape (days,)."""

    month: Ints  # 0..11
    weekend: Bools
    season: Floats  # factor on the rate of orders
    promotion: Floats  # typical share taken off the price
    congestion: Floats  # 0..1, parcels are late
    competitor: Floats  # 0..1, strength of the competitor
    campaign: Ints  # campaign that starts on this day, else -1


_MONTHS = (0.95, 0.8, 1.0, 0.95, 1.0, 1.05, 0.9, 0.95, 1.05, 1.0, 1.2, 1.1)
_NEW_YEARS = ("2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03")


def make_calendar(seed: int, days: int) -> Calendar:
    """Seasons, promotions, holidays, the competitor and campaigns, on and after the days of the log."""
    rng = stream(seed, 2)
    total = days + FUTURE_DAYS
    dates = _FIRST_DAY + np.arange(total)
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12
    day = (dates - months).astype(np.int64) + 1
    weekend = np.arange(total) % 7 >= 5
    season = np.array(_MONTHS)[month] * np.where(weekend, 1.2, 0.92) * np.exp(0.08 * rng.standard_normal(total))
    promotion, congestion = np.zeros(total), np.zeros(total)
    eleven, june = (month == 10) & (day == 11), (month == 5) & (day == 18)
    for peak, factor, cut in ((eleven, 13.0, 0.28), (june, 6.0, 0.2)):
        for at in np.flatnonzero(peak).tolist():
            season[max(at - 9, 0) : max(at - 1, 0)] *= 0.8  # customers wait
            season[at] *= factor
            promotion[at] = cut
            for near in (at - 1, at + 1):
                if 0 <= near < total:
                    season[near] *= 0.25 * factor
                    promotion[near] = 0.7 * cut
            season[at + 2 : at + 12] *= 0.85
            congestion[at : at + 8] = factor / 13
    for text in _NEW_YEARS:
        at = int((np.datetime64(text) - _FIRST_DAY).astype(np.int64))
        if at - 14 < total:
            season[at - 14 : at - 4] *= 1.25
            season[at - 1 : at + 7] *= 0.45
            congestion[at - 3 : at + 7] = 0.8
    opened = int(days * (0.5 + 0.2 * rng.random()))
    competitor = np.clip((np.arange(total) - opened) / 30, 0, 1)
    campaign = np.full(total, -1, dtype=np.int64)
    starts = np.arange(40, total, 45)
    campaign[starts] = np.arange(len(starts))
    return Calendar(month, weekend, season, promotion, congestion, competitor, campaign)


_HOURS = (
    0.9, 0.45, 0.25, 0.15, 0.12, 0.15, 0.35, 0.8, 1.3, 1.7, 1.9, 1.8,
    2.2, 2.1, 1.8, 1.7, 1.7, 1.6, 1.7, 2.2, 3.0, 3.4, 3.0, 1.9,
)  # fmt: skip
_WEEKEND_HOURS = (
    1.3, 0.8, 0.4, 0.2, 0.15, 0.15, 0.2, 0.4, 0.8, 1.5, 2.2, 2.3,
    2.2, 2.2, 2.4, 2.4, 2.3, 2.1, 1.8, 2.0, 2.6, 2.9, 2.7, 2.0,
)  # fmt: skip


def clock(rng: np.random.Generator, calendar: Calendar, day: Ints) -> Ints:
    """Draw an instant of each local day, in microseconds UTC."""
    hour = np.where(calendar.weekend[day], pick(rng, len(day), _WEEKEND_HOURS), pick(rng, len(day), _HOURS))
    within = (rng.random(len(day)) * 3600 * SECOND).astype(np.int64)
    out: Ints = midnight(day) + hour * 3600 * SECOND + within
    return out


def midnight(day: Any) -> Any:
    """First instant of a local day, in microseconds UTC."""
    return (int(_FIRST_DAY.astype(np.int64)) + day) * DAY - _UTC_OFFSET


def stamp(value: Any) -> Any:
    """Microseconds UTC as numpy times."""
    return np.asarray(value, dtype=np.int64).astype("datetime64[us]")[()]
