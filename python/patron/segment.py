"""Segments: which group a customer belongs to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patron import _core
from patron.estimator import Estimator
from patron.frames import core_table
from patron.table import Table

__all__ = ["RFM"]

_MEASURES = ("recency", "frequency", "monetary")


class RFM(Estimator):
    """Scores of recency, frequency and monetary value, and the eleven segments that marketing knows (Hughes 1994).

    Parameters
    ----------
    bins : int
        Scores 1 to `bins`; 2 to 100.
    recency_cuts, frequency_cuts, monetary_cuts : array-like of float, optional
        Cut points by hand, strictly rising; n of them make n + 1 scores. A value on a cut point lies below it. By default
        quantiles of the fitted customers.
    recency, frequency, monetary : str
        The columns of the profiles to score. By default days since the last purchase, orders, and total revenue (not its
        average an order: say ``monetary="avg_basket"`` for that).

    Attributes
    ----------
    thresholds_ : dict of str to float64 array
        The cut points of ``"recency"``, ``"frequency"``, ``"monetary"``.
    labels_ : array of str
        The segment of each fitted customer.

    Notes
    -----
    Equal values always get equal scores, whatever the order of rows. Customers who never bought have scores 0 and the
    segment ``"none"``.

    Examples
    --------
    >>> import patron
    >>> profiles = {"user": [1, 2, 3], "recency_days": [1.0, 50.0, 300.0], "orders": [9, 3, 1], "revenue": [900.0, 80.0, 5.0]}
    >>> rfm = patron.segment.RFM(bins=3).fit(profiles)
    >>> rfm.predict(profiles)["r"].tolist()
    [3, 2, 1]
    """

    thresholds_: dict[str, NDArray[np.float64]]
    labels_: NDArray[np.object_]

    def __init__(
        self,
        bins: int = 5,
        recency_cuts: ArrayLike | None = None,
        frequency_cuts: ArrayLike | None = None,
        monetary_cuts: ArrayLike | None = None,
        recency: str = "recency_days",
        frequency: str = "orders",
        monetary: str = "revenue",
    ) -> None:
        self.bins = bins
        self.recency_cuts = recency_cuts
        self.frequency_cuts = frequency_cuts
        self.monetary_cuts = monetary_cuts
        self.recency = recency
        self.frequency = frequency
        self.monetary = monetary

    @classmethod
    def _wrap(cls, core: _core.RFM) -> RFM:
        kept = {name: column for name, column in zip(_MEASURES, core.columns, strict=True) if column is not None}
        model = cls(bins=core.bins, **kept)
        model._adopt(core)
        return model

    def _adopt(self, core: _core.RFM) -> None:
        self._core = core
        self.thresholds_ = {name: core.thresholds(name) for name in _MEASURES}

    def _columns(self) -> list[str]:
        return [self.recency, self.frequency, self.monetary]

    def _measures(self, profiles: Any, extra: Sequence[str] = ()) -> tuple[list[NDArray[np.float64]], Table]:
        roles = dict(zip(self._columns(), _MEASURES, strict=True)) | {name: name for name in extra}
        wanted = list(dict.fromkeys([*extra, *self._columns()]))
        table = Table._wrap(core_table(profiles, wanted, "profiles", roles))
        out = []
        for name in self._columns():
            # A column of nothing but nulls has no type of its own: customers of whom nothing is known.
            values = np.full(len(table), np.nan) if table.type_of(name) == "null" else table[name]
            if values.dtype.kind not in "iufb":
                raise TypeError(f"Column {name!r} ({roles[name]}) holds {table.type_of(name)}; expected numbers")
            out.append(np.ascontiguousarray(values, dtype=np.float64))
        return out, table

    def fit(self, profiles: Any, y: None = None) -> RFM:
        """Learn the thresholds from customers.

        Parameters
        ----------
        profiles : Table, data frame or dict of arrays
            One row a customer, with the columns `recency` (days), `frequency` (orders) and `monetary` (money). Customers
            who never bought (recency or monetary null, frequency null or 0) are left out.
        y : None
            Not used; for scikit-learn's sake.

        Raises
        ------
        ValueError
            No such column, an infinite value, nobody who bought, cut points that do not rise.
        """
        measures, _ = self._measures(profiles)
        cuts = {}
        for name in _MEASURES:
            given = getattr(self, f"{name}_cuts")
            if given is not None:
                cuts[f"{name}_cuts"] = np.atleast_1d(np.ascontiguousarray(given, dtype=np.float64))
        core = _core.rfm_fit(*measures, bins=self.bins, columns=(self.recency, self.frequency, self.monetary), **cuts)
        self._adopt(core)
        self.labels_ = self._names()[core.predict(*measures)[3]]
        return self

    @staticmethod
    def _names() -> NDArray[np.object_]:
        return np.array(_core.rfm_segment_names(), dtype=object)

    def predict(self, profiles: Any) -> Table:
        """Scores and segments by the fitted thresholds.

        Parameters
        ----------
        profiles : Table, data frame or dict of arrays
            As for `fit`, with a column ``user``.

        Returns
        -------
        Table
            user, r, f, m (uint8; 0 for customers who never bought), segment (dictionary of text), in the order of the rows.
        """
        self._check_fitted("thresholds_")
        measures, table = self._measures(profiles, ("user",))
        r, f, m, segment = self._core.predict(*measures)
        n = len(segment)
        names = np.array(_core.rfm_segment_names(), dtype=object)
        from patron.frames import from_objects

        scores = [(name, ("C", n, [None, values], None)) for name, values in (("r", r), ("f", f), ("m", m))]
        labels = ("segment", ("C", n, [None, segment], from_objects("segment", names)))
        scored = _core.table_from_parts(n, [*scores, labels])
        columns = [("user", table._patron_core, "user"), *((name, scored, name) for name in ("r", "f", "m", "segment"))]
        return Table._wrap(_core.table_combine(n, columns))

    def fit_predict(self, profiles: Any, y: None = None) -> Table:
        """`fit` and `predict` in one call."""
        return self.fit(profiles).predict(profiles)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the thresholds to a file, at once or not at all; `patron.load` brings them back.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        self._check_fitted("thresholds_")
        self._core.save(path)

    def to_bytes(self) -> bytes:
        """The bytes of the file that `save` writes."""
        self._check_fitted("thresholds_")
        return self._core.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> RFM:
        """A model from what `to_bytes` gave.

        Raises
        ------
        FormatError
            Damaged, or of another kind.
        """
        return cls._wrap(_core.rfm_from_bytes(data))

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name not in ("_core", "thresholds_")}
        if hasattr(self, "_core"):
            state["_bytes"] = self._core.to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        data = state.pop("_bytes", None)
        vars(self).update(state)
        if data is not None:
            self._adopt(_core.rfm_from_bytes(data))
