"""Time zones as tables of transitions, and instants from whatever stands for a time.

The core knows no time zone database. It takes each zone as the instants at which its offset changes, found here by asking
`zoneinfo` week by week from 1900 to 2200 and bisecting where two weeks differ. No zone has changed there and back within a
week. The table is made once a name and stored with the log, so a log means the same on a machine with another database.
"""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ZoneTable", "instant", "name_of", "table_of", "zone_named"]

ZoneTable = tuple[str, int, NDArray[np.int64], NDArray[np.int32]]

_EPOCH = datetime(1970, 1, 1)
_FIRST, _LAST = datetime(1900, 1, 1), datetime(2200, 1, 1)
_SECOND = timedelta(seconds=1)
_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Z", "utc"})


def name_of(tz: Any) -> str:
    """The name of a time zone: of a str, a `zoneinfo.ZoneInfo`, a pytz zone or `datetime.UTC`.

    Raises
    ------
    TypeError
        Something without a name, e.g. a fixed offset.
    """
    if isinstance(tz, str):
        return "UTC" if tz in _UTC_NAMES else tz
    name = getattr(tz, "key", None) or getattr(tz, "zone", None)
    if isinstance(name, str):
        return name_of(name)
    if tz is UTC:
        return "UTC"
    raise TypeError(f"tz is {tz!r}; expected the name of a time zone such as 'Asia/Shanghai'")


def zone_named(name: str) -> tzinfo:
    """The time zone of that name; ValueError if there is none."""
    if name in _UTC_NAMES:
        return UTC
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        hint = "" if zoneinfo.available_timezones() else " (this machine has no time zone database: pip install tzdata)"
        raise ValueError(f"tz is {name!r}, which is no time zone{hint}; expected a name such as 'Asia/Shanghai'") from error


@functools.lru_cache(maxsize=64)
def table_of(name: str) -> ZoneTable | None:
    """The transitions of a time zone; None for UTC.

    Parameters
    ----------
    name : str
        E.g. ``"Asia/Shanghai"``.

    Returns
    -------
    tuple (name, first_offset, transitions, offsets) or None
        Seconds east of UTC before the first transition; instants in microseconds UTC, int64; seconds east of UTC from each
        on, int32.

    Raises
    ------
    ValueError
        No such time zone.

    Examples
    --------
    >>> name, first, transitions, offsets = table_of("Asia/Tokyo")
    >>> int(offsets[-1])
    32400
    """
    if name == "UTC":
        return None
    zone = zone_named(name)

    def offset_at(moment: datetime) -> int:
        offset = zone.fromutc(moment.replace(tzinfo=zone)).utcoffset()
        assert offset is not None
        return offset // _SECOND

    first = before = offset_at(_FIRST)
    low = _FIRST
    transitions: list[int] = []
    offsets: list[int] = []
    week = timedelta(days=7)
    while low < _LAST:
        high = low + week
        after = offset_at(high)
        if after != before:
            early, late = low, high
            while late - early > _SECOND:
                middle = early + (late - early) // 2
                middle = middle.replace(microsecond=0)
                if middle <= early:
                    break
                if offset_at(middle) == before:
                    early = middle
                else:
                    late = middle
            transitions.append((late - _EPOCH) // _SECOND * 1_000_000)
            offsets.append(after)
            before = after
        low = high
    return name, first, np.array(transitions, dtype=np.int64), np.array(offsets, dtype=np.int32)


def instant(value: Any, zone: str, what: str) -> int:
    """A time as microseconds since 1970 UTC.

    Parameters
    ----------
    value : str, date, datetime, pandas.Timestamp or numpy.datetime64
        ISO 8601 text, dates and naive datetimes are local times of `zone`; a numpy.datetime64 is UTC, as every time array
        of the library is.
    zone : str
        The name of a time zone.
    what : str
        What the value is, for the error.

    Raises
    ------
    TypeError, ValueError
        Not a time; text that is not ISO 8601; NaT.

    Examples
    --------
    >>> instant("1970-01-02", "UTC", "cutoff")
    86400000000
    """
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            raise ValueError(f"{what} is NaT; expected a time")
        return int(value.astype("datetime64[us]").astype(np.int64))
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{what} is {value!r}; expected a time such as '2024-01-31' or '2024-01-31 18:00'") from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise TypeError(
            f"{what} is {value!r} of type {type(value).__name__}; expected a str, date, datetime or numpy.datetime64"
        )
    if value != value:  # pandas.NaT
        raise ValueError(f"{what} is {value!r}; expected a time")
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone_named(zone))
    moment: datetime = value.astimezone(UTC)
    return (moment.replace(tzinfo=None) - _EPOCH) // timedelta(microseconds=1)
