"""Profiles: one row for every user, who this customer is as of an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from patron import _core
from patron.estimator import Estimator
from patron.progress import Progress, shown
from patron.table import Table

if TYPE_CHECKING:
    from patron.log import EventLog

__all__ = ["Profiler"]


class Profiler(Estimator):
    """Profiles of the users of a log: counts, money, rhythm, favourites, in total and per window.

    Parameters
    ----------
    windows : sequence of str
        Local days or hours before `as_of`, e.g. ``"30D"``; the columns of a window end in ``_30d``.
    families : None
        All families of columns. Choosing among them is not possible yet.

    Attributes
    ----------
    definitions_ : Table
        What each column means: name, family, meaning, unit, null_rule, merge, and which role it needs: a log without it has
        no such column.
    columns_ : list of str
        The columns of the profiles, the first of which is ``user``.

    Examples
    --------
    >>> import patron
    >>> log = patron.EventLog({"user": [1, 1, 2], "time": ["2024-01-05", "2024-02-01", "2024-01-20"]}, user="user", time="time")
    >>> profiles = patron.profile.Profiler(windows=("30D",)).fit(log).transform()
    >>> profiles["orders"].tolist()
    [2, 1]
    """

    definitions_: Table
    columns_: list[str]

    def __init__(self, windows: Sequence[str] = ("7D", "30D", "90D", "365D"), families: None = None) -> None:
        self.windows = windows
        self.families = families

    def _windows(self) -> tuple[str, ...]:
        if isinstance(self.windows, str):
            raise TypeError(f"windows is {self.windows!r}; expected a sequence such as ('7D', '30D')")
        return tuple(self.windows)

    def fit(self, log: EventLog, y: None = None) -> Profiler:
        """Take a log; nothing is computed yet but the definitions.

        Parameters
        ----------
        log : EventLog
            The events.
        y : None
            Not used; for scikit-learn's sake.

        Raises
        ------
        TypeError
            Not an EventLog.
        ValueError
            A window that cannot be read, or families that are not None.
        """
        core = _core_log(log)
        if self.families is not None:
            raise ValueError(f"families is {self.families!r}; expected None: this version computes every family")
        windows = self._windows()
        definitions = Table._wrap(_core.profile_definitions(windows))
        names, needs = definitions["name"], definitions["needs"]
        self._log = core
        self._fitted_windows = windows
        self.definitions_ = definitions
        self.columns_ = ["user", *(name for name, need in zip(names, needs, strict=True) if not need or core.has(need))]
        return self

    def transform(self, log: EventLog | None = None, *, as_of: Any = None, progress: Progress = False) -> Table:
        """The profile of every user of the log.

        Parameters
        ----------
        log : EventLog, optional
            Another log than the fitted one.
        as_of : str, date, datetime or numpy.datetime64, optional
            What lies at or after this instant is not seen; by default the end of the log. Naive times are local.
        progress : bool or callable
            Show how far it is.

        Returns
        -------
        Table
            One row a user, in the order of ids, with the columns `columns_`.
        """
        self._check_fitted("definitions_")
        core = self._log if log is None else _core_log(log)
        moment = None
        if as_of is not None:
            from patron.timezones import instant

            moment = instant(as_of, core.timezone, "as_of")
        with shown(progress):
            return Table._wrap(_core.profile_compute(core, self._fitted_windows, moment))

    def fit_transform(self, log: EventLog, y: None = None, *, as_of: Any = None, progress: Progress = False) -> Table:
        """`fit` and `transform` in one call."""
        return self.fit(log).transform(as_of=as_of, progress=progress)

    def get_feature_names_out(self, input_features: None = None) -> NDArray[np.object_]:
        """The columns of the profiles, as scikit-learn asks for them."""
        self._check_fitted("columns_")
        return np.array(self.columns_, dtype=object)


def _core_log(log: Any) -> _core.Log:
    core = getattr(log, "_patron_core", None)
    if not isinstance(core, _core.Log):
        raise TypeError(f"log is of type {type(log).__name__}; expected an EventLog")
    return core
