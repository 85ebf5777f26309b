"""The event log: a shop's events, cleaned once, coded once, sorted by user and time once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from patron import _core
from patron.frames import core_table
from patron.progress import Progress, shown
from patron.table import Table
from patron.timezones import instant, name_of, table_of

__all__ = ["EventLog"]

_UNITS = {"s": 0, "ms": 1, "us": 2, "ns": 3, "D": 4}
_ALWAYS, _NEVER = -(2**63), 2**63 - 1


class EventLog:
    """A shop's events, cleaned, coded and sorted by (user, time); immutable.

    Parameters
    ----------
    df : data frame
        pandas or polars DataFrame, pyarrow Table or RecordBatchReader, DuckDB relation, dict of arrays, or anything that speaks
        Arrow. Only the columns named below are read. The order of rows does not matter.
    user, time : str
        The columns of user ids (integers or text) and of times: timestamps, dates, ISO 8601 text, text with `time_format`,
        integers with `time_unit` or `time_format`. Times without a zone are local times of `tz`.
    item, order, category, brand, seller, channel, campaign, surface : str, optional
        Columns of ids or names (integers or text). `order` groups rows into baskets; without it one user at one instant is
        one.
    event : str, optional
        The column that says what happened; without it every row is a purchase. Known kinds: impression, view, search, cart,
        remove_cart, purchase, return, review, share, login, refer, contact, click, favorite, signup, delivery, complaint,
        cancel.
    amount, quantity, discount : str, optional
        The total of the line in units of money, pieces, and money taken off. A negative amount or quantity on a
        purchase makes it a return.
    query, text, rating, currency : str, optional
        What was searched for, free text, a number, the currency (one for the whole log).
    seq : str, optional
        Integers that order the events of one user at one instant.
    properties : sequence of str
        Further columns to carry along.
    kinds : dict, optional
        Names in `event` -> known kinds, e.g. ``{"buy": "purchase"}``. Other names stay as they are and are counted in
        the audit.
    time_format : str, optional
        How times are written, in strptime's directives, e.g. ``"%Y%m%d"``.
    time_unit : {"s", "ms", "us", "ns", "D"}, optional
        What integer times count since 1970.
    tz : str
        The time zone of the shop: of naive times, days and months.
    drop_duplicates : bool
        Drop rows that repeat another in every column. By default they are counted.
    event_id : str, optional
        The column of an event's own id; rows that share one are duplicates.
    users, items : data frame or tuple, optional
        Attributes, as for `with_users`: a frame whose key column is named as in `df`, or ``(frame, key)`` or
        ``(frame, key, valid_from)``.
    time_range : tuple, optional
        ``(from, to)``, half-open, None for open: rows outside are dropped and counted. Without it, times before 1970 or from
        2200 on are errors.
    winsorize : bool
        Cap outlying amounts at the fence; the raw ones stay in ``amount_raw``.
    trim_ids : bool
        Strip white space around ids.
    progress : bool or callable
        Show how far it is (tqdm), or be told: ``progress(what, done, total)``.

    Raises
    ------
    ValueError
        No such column, a time that cannot be read or lies outside [1970, 2200), two currencies, no row left.
    TypeError
        A column of the wrong type, e.g. floats as user ids; not a data frame.

    Notes
    -----
    Nothing vanishes without a row in `audit`.

    Examples
    --------
    >>> import patron
    >>> log = patron.EventLog(
    ...     {"customer": ["a", "b", "a"], "day": ["2024-01-05", "2024-01-06", "2024-02-01"], "paid": [10, 20, -3]},
    ...     user="customer",
    ...     time="day",
    ...     amount="paid",
    ... )
    >>> log.n_users, log.kinds
    (2, {'purchase': 2, 'return': 1})
    """

    __slots__ = ("__weakref__", "_patron_core")

    _patron_core: _core.Log

    def __init__(
        self,
        df: Any,
        user: str,
        time: str,
        item: str | None = None,
        amount: str | None = None,
        *,
        event: str | None = None,
        quantity: str | None = None,
        order: str | None = None,
        discount: str | None = None,
        category: str | None = None,
        brand: str | None = None,
        seller: str | None = None,
        channel: str | None = None,
        campaign: str | None = None,
        surface: str | None = None,
        query: str | None = None,
        rating: str | None = None,
        text: str | None = None,
        currency: str | None = None,
        seq: str | None = None,
        properties: Sequence[str] = (),
        kinds: Mapping[str, str] | None = None,
        time_format: str | None = None,
        time_unit: str | None = None,
        tz: Any = "UTC",
        drop_duplicates: bool = False,
        event_id: str | None = None,
        users: Any = None,
        items: Any = None,
        time_range: tuple[Any, Any] | None = None,
        winsorize: bool = False,
        trim_ids: bool = False,
        progress: Progress = False,
    ) -> None:
        roles = {
            "user": user,
            "time": time,
            "item": item,
            "amount": amount,
            "event": event,
            "quantity": quantity,
            "order": order,
            "discount": discount,
            "category": category,
            "brand": brand,
            "seller": seller,
            "channel": channel,
            "campaign": campaign,
            "surface": surface,
            "query": query,
            "rating": rating,
            "text": text,
            "currency": currency,
            "seq": seq,
            "event_id": event_id,
        }
        given = {role: name for role, name in roles.items() if name is not None}
        for role in ("user", "time"):
            if role not in given:
                raise TypeError(f"{role} is None; expected the name of a column")
        if isinstance(properties, str):
            raise TypeError(f"properties is {properties!r}; expected a list of names")
        if time_unit is not None and time_unit not in _UNITS:
            raise ValueError(f"time_unit is {time_unit!r}; expected one of {', '.join(map(repr, _UNITS))}")
        if kinds and event is None:
            raise ValueError("kinds is given without event; expected the column whose names it explains")
        zone = name_of(tz)
        table_zone = table_of(zone)
        wanted = list(dict.fromkeys([*given.values(), *properties]))
        table = core_table(df, wanted, "df", {name: role for role, name in given.items()})
        with shown(progress):
            core = _core.log_build(
                table,
                **given,
                properties=tuple(properties),
                kinds=_kind_names(kinds),
                time_format=time_format,
                time_unit=None if time_unit is None else _UNITS[time_unit],
                time_range=None if time_range is None else _interval(time_range, zone, "time_range"),
                zone=table_zone,
                drop_duplicates=drop_duplicates,
                trim_ids=trim_ids,
                winsorize=winsorize,
            )
            del table
            self._patron_core = core
            for attributes, role in ((users, "user"), (items, "item")):
                if attributes is not None:
                    self._patron_core = self._attached(attributes, role)._patron_core

    @classmethod
    def _wrap(cls, core: _core.Log) -> EventLog:
        log = cls.__new__(cls)
        log._patron_core = core
        return log

    # ---- what is in it

    @property
    def n_events(self) -> int:
        """How many events."""
        return self._patron_core.n_events

    @property
    def n_users(self) -> int:
        """How many users with an event."""
        return self._patron_core.n_users

    @property
    def n_items(self) -> int:
        """How many items; 0 without an item column."""
        return self._patron_core.n_items

    def __len__(self) -> int:
        return self._patron_core.n_events

    @property
    def start(self) -> np.datetime64:
        """The time of the first event, UTC; NaT for an empty log."""
        return self._instant(self._patron_core.start)

    @property
    def end(self) -> np.datetime64:
        """One microsecond after the last event, UTC, so that [start, end) holds every event; NaT for an empty log."""
        return self._instant(self._patron_core.end)

    def _instant(self, micros: int) -> np.datetime64:
        return np.datetime64(micros, "us") if self.n_events else np.datetime64("NaT", "us")

    @property
    def tz(self) -> str:
        """The name of the time zone."""
        return self._patron_core.timezone

    @property
    def currency(self) -> str | None:
        """The currency, None if none was given."""
        return self._patron_core.currency

    @property
    def kinds(self) -> dict[str, int]:
        """How many events there are of each kind."""
        return self._patron_core.kinds()

    @property
    def audit(self) -> Table:
        """What cleaning found and did: rule, column, rows, action, example."""
        return Table._wrap(self._patron_core.audit())

    def quality(self, previous: EventLog | None = None) -> Table:
        """The state of the data.

        Parameters
        ----------
        previous : EventLog, optional
            The log of the load before, to compare with.

        Returns
        -------
        Table
            check, column, value, previous, status ("ok", "watch", "alarm"), note.
        """
        return Table._wrap(self._patron_core.quality(None if previous is None else _core_of(previous, "previous")))

    def events(self) -> Table:
        """Every event in log order: user, time, event, then the roles and properties of the log under the roles' names."""
        return Table._wrap(self._patron_core.events())

    # ---- attributes

    def with_users(self, df: Any, key: str | None = None, valid_from: str | None = None) -> EventLog:
        """The log with attributes of users, in place of those it had.

        Parameters
        ----------
        df : data frame
            A column of user ids and any others.
        key : str, optional
            The column of ids; by default the one named as the user column of the events, or ``user``.
        valid_from : str, optional
            A time column: from when on a row holds. Without it a row has always held.

        Returns
        -------
        EventLog
            Keys without an event stay, and are counted in the audit.
        """
        return self._with("user", df, key, valid_from)

    def with_items(self, df: Any, key: str | None = None, valid_from: str | None = None) -> EventLog:
        """The log with attributes of items; as `with_users`."""
        return self._with("item", df, key, valid_from)

    def _attached(self, attributes: Any, role: str) -> EventLog:
        if isinstance(attributes, tuple):
            if not 1 <= len(attributes) <= 3:
                raise ValueError(f"{role}s has {len(attributes)} parts; expected (frame, key) or (frame, key, valid_from)")
            return self._with(role, *attributes)
        return self._with(role, attributes)

    def _with(self, role: str, df: Any, key: str | None = None, valid_from: str | None = None) -> EventLog:
        table = core_table(df, None, f"{role}s")
        names = table.names
        guesses = [self._patron_core.columns.get(role, role), role]
        chosen = key if key is not None else next((name for name in guesses if name in names), None)
        if chosen is None:
            raise ValueError(
                f"{role}s has no column {guesses[0]!r} to match {role} ids; pass key= with one of {', '.join(map(repr, names))}"
            )
        for name, what in ((chosen, "key"), (valid_from, "valid_from")):
            if name is not None and name not in names:
                from patron.frames import no_such_column

                raise no_such_column(name, names, what)
        attach = self._patron_core.with_users if role == "user" else self._patron_core.with_items
        return self._wrap(attach(table, chosen, valid_from))

    def users(self, as_of: Any = None) -> Table:
        """The attributes of every user as of an instant.

        Parameters
        ----------
        as_of : str, date, datetime or numpy.datetime64, optional
            Of each user the last row valid before it; by default the end of the log.

        Returns
        -------
        Table
            One row a user in the order of ids; the first column is ``user``.
        """
        return Table._wrap(self._patron_core.users(self._as_of(as_of)))

    def items(self, as_of: Any = None) -> Table:
        """The attributes of every item as of an instant; as `users`."""
        return Table._wrap(self._patron_core.items(self._as_of(as_of)))

    def _as_of(self, as_of: Any) -> int:
        return self._patron_core.end if as_of is None else instant(as_of, self.tz, "as_of")

    # ---- other logs of it

    def append(self, df: Any, *, progress: Progress = False) -> EventLog:
        """The log with more rows, read as the first ones were.

        Parameters
        ----------
        df : data frame
            With the columns this log was built from.

        Returns
        -------
        EventLog
            Equal, byte for byte, to one built from all rows at once.
        """
        columns = self._patron_core.columns
        table = core_table(df, list(dict.fromkeys(columns.values())), "df", {name: role for role, name in columns.items()})
        with shown(progress):
            return self._wrap(self._patron_core.append(table))

    def merge(self, other: EventLog, *, progress: Progress = False) -> EventLog:
        """The log of the events of both, equal byte for byte to one built from all their rows.

        Raises
        ------
        ValueError
            Different roles, kinds of ids, time zones (also other data of the same) or currencies (also amounts in none).
        """
        core = _core_of(other, "other")
        with shown(progress):
            return self._wrap(self._patron_core.merge(core))

    def between(self, start: Any = None, end: Any = None) -> EventLog:
        """The events with start <= time < end, and the users who have any.

        Parameters
        ----------
        start, end : str, date, datetime or numpy.datetime64, optional
            None: open. Text, dates and naive datetimes are local times of the log; a numpy.datetime64 is UTC, as `start` and
            `end` are.

        Notes
        -----
        The audit keeps what was found in the whole log, and counts the events left out.
        """
        return self._wrap(self._patron_core.between(*_interval((start, end), self.tz, "between")))

    def split(self, cutoff: Any) -> tuple[EventLog, EventLog]:
        """The events before an instant, and those at or after it.

        Parameters
        ----------
        cutoff : str, date, datetime or numpy.datetime64
            As for `between`.
        """
        moment = instant(cutoff, self.tz, "cutoff")
        before = self._wrap(self._patron_core.between(_ALWAYS, moment))
        after = self._wrap(self._patron_core.between(moment, _NEVER))
        return before, after

    # ---- files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the log to a file, at once or not at all; `patron.load` brings it back.

        Raises
        ------
        OSError
            The file cannot be written; one that was there is as it was.
        """
        self._patron_core.save(path)

    def to_bytes(self) -> bytes:
        """The bytes of the file that `save` writes: equal logs have equal bytes."""
        return self._patron_core.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> EventLog:
        """A log from what `to_bytes` gave.

        Raises
        ------
        FormatError
            Damaged, or of another kind.
        """
        return cls._wrap(_core.log_from_bytes(data))

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self._patron_core.to_bytes(),)

    def __copy__(self) -> EventLog:
        return self

    def __deepcopy__(self, memo: Any) -> EventLog:
        return self

    # ---- showing

    def _summary(self) -> list[tuple[str, str]]:
        lines = [("events", f"{self.n_events:,}"), ("users", f"{self.n_users:,}")]
        if self.n_items:
            lines.append(("items", f"{self.n_items:,}"))
        if self.n_events:
            from patron.table_files import local_times

            first, last = local_times(np.array([self._patron_core.start, self._patron_core.end - 1], "datetime64[us]"), self.tz)
            lines.append(("period", f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} ({self.tz})"))
        lines.append(("kinds", ", ".join(f"{name} {count:,}" for name, count in self.kinds.items())))
        if self.currency is not None:
            lines.append(("currency", self.currency))
        return lines

    def __repr__(self) -> str:
        return "patron.EventLog\n" + "\n".join(f"  {name:<9} {value}" for name, value in self._summary())

    def _repr_html_(self) -> str:
        import html

        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in self._summary())
        return f"<table><caption>patron.EventLog</caption>{rows}</table>"


def _unpickle(data: bytes) -> EventLog:
    return EventLog._wrap(_core.log_from_bytes(data))


def _core_of(log: Any, what: str) -> _core.Log:
    core = getattr(log, "_patron_core", None)
    if not isinstance(core, _core.Log):
        raise TypeError(f"{what} is of type {type(log).__name__}; expected an EventLog")
    return core


def _kind_names(kinds: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    if kinds is None:
        return ()
    if not isinstance(kinds, Mapping):
        raise TypeError(f"kinds is {kinds!r}; expected a dict such as {{'buy': 'purchase'}}")
    return tuple(sorted(kinds.items()))


def _interval(given: Any, zone: str, what: str) -> tuple[int, int]:
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(f"{what} is {given!r}; expected (from, to)")
    start, end = given
    low = _ALWAYS if start is None else instant(start, zone, "start")
    return low, _NEVER if end is None else instant(end, zone, "end")
