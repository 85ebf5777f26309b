"""The result of a simulation, and its way to Arrow and to files."""

from __future__ import annotations

import dataclasses
import pathlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np

from patron.demo.draws import Table

__all__ = ["Shop"]


@dataclass(frozen=True)
class Shop:
    """A simulated shop: what it saw, and what was true.

    Every table is a dict of numpy arrays of equal length. Strings are object arrays with None for missing, numbers are
    float64 with NaN for missing, times are datetime64[us] in UTC without a zone mark. An `EventLog` takes unmarked times
    for local ones, so give it ``shop.table("events")``, where they are marked, with ``tz=shop.timezone``.

    Attributes
    ----------
    events : dict
        The log, ordered by time: user, time, event, item, amount (line total after discount; negative for a return),
        quantity (likewise), discount (money taken off the line), order, category, brand, seller, channel, campaign,
        surface, query, rating, text, currency.
    users, items : dict
        Attributes, keyed by ``user`` and ``item``. ``member_level`` is that of the last day: it knows the future of
        every earlier day, as such columns do in real shops. ``price`` is the list price of the first day.
    campaigns : dict
        One row for every customer and campaign: who was drawn for treatment and who was held out.
    truth_users : dict
        One row a customer, in the order of `users`: traits, tastes, leaving (``quit_time``, ``quit_reason``,
        ``is_alive`` at the end of the log; whoever left never buys again, but may look in for another 120 days), and the
        days after the end, both as they came (``purchases_next_60d``, ``spend_next_60d``, ``quits_within_60d``) and in
        expectation (``expected_purchases_60d``, ``p_no_purchase_60d``, ``p_quit_60d``); likewise for 30 and 90 days.
    truth_items : dict
        One row an item: quality, popularity.
    truth_events : dict
        One row for every row of `events`: ``dirt`` (None, or what was done to the row), ``true_user``,
        ``true_amount``, and ``session``, the visit it belongs to (-1: none).
    truth_orders : dict
        Delivery, return and complaint of each order in the log.
    truth_campaigns : dict
        For each row of `campaigns`, the chance to buy within its ten days, with and without treatment, given the state
        on its first day and leaving aside that the customer may leave meanwhile.
    truth_channels, truth_pairs, truth_days : dict
        What acquisition channels do; the planted complements (item, consequent, chance); what each day brought to all:
        the factor on orders, the typical discount, congestion of deliveries, strength of the competitor.
    dirt : dict of str to int
        How many rows of `events` were spoilt, by kind: ``duplicate``, ``missing_user``, ``missing_amount``.
    start, end : numpy.datetime64
        The log covers ``[start, end)``, in UTC; both are local midnights.
    timezone : str
        Zone of the shop.
    """

    events: Table
    users: Table
    items: Table
    campaigns: Table
    truth_users: Table
    truth_items: Table
    truth_events: Table
    truth_orders: Table
    truth_campaigns: Table
    truth_channels: Table
    truth_pairs: Table
    truth_days: Table
    dirt: dict[str, int]
    start: np.datetime64
    end: np.datetime64
    timezone: str

    def table(self, name: str) -> Any:
        """One table as a `pyarrow.Table`, with nulls, and with times marked as UTC.

        Parameters
        ----------
        name : str
            Name of a table attribute, such as ``"events"``.

        Raises
        ------
        ValueError
            No such table.
        ImportError
            pyarrow is not installed.
        """
        if name not in _table_names():
            raise ValueError(f"No table {name!r} in a simulated shop; expected one of {', '.join(_table_names())}")
        return _to_arrow(_pyarrow(), getattr(self, name))

    def write(self, folder: str | pathlib.Path, format: Literal["parquet", "csv"] = "parquet") -> dict[str, pathlib.Path]:
        """Write every table to a file of its own.

        Parameters
        ----------
        folder : path
            Made when it does not exist; files of the same names are replaced.
        format : {"parquet", "csv"}

        Returns
        -------
        dict
            Name of the table to the path of its file, ``events`` first.

        Raises
        ------
        ImportError
            pyarrow is not installed.
        OSError
            The folder cannot be made or written to.
        """
        if format not in ("parquet", "csv"):
            raise ValueError(f"Unknown format {format!r}; expected 'parquet' or 'csv'")
        arrow = _pyarrow()
        root = pathlib.Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        paths = {}
        for name in _table_names():
            paths[name] = root / f"{name}.{format}"
            table = _to_arrow(arrow, getattr(self, name))
            if format == "parquet":
                import pyarrow.parquet

                pyarrow.parquet.write_table(table, paths[name])
            else:
                import pyarrow.csv

                pyarrow.csv.write_csv(table, paths[name])
        return paths


def _table_names() -> list[str]:
    return [field.name for field in dataclasses.fields(Shop) if field.type == "Table"]


def _pyarrow() -> ModuleType:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("Writing a simulated shop needs pyarrow, which is not installed; pip install pyarrow") from error
    return pyarrow  # type: ignore[no-any-return,unused-ignore]


def _to_arrow(arrow: ModuleType, table: Table) -> Any:
    columns = {}
    for name, values in table.items():
        if values.dtype.kind == "M":
            columns[name] = arrow.array(values.astype("datetime64[us]"), type=arrow.timestamp("us", tz="UTC"))
        elif values.dtype.kind == "O":
            columns[name] = arrow.array(values, type=arrow.string())
        else:
            columns[name] = arrow.array(values, from_pandas=True)
    return arrow.table(columns)
