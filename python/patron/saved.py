"""Loading what was saved, whatever it is: the file says its kind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from patron import _core

if TYPE_CHECKING:
    from patron.log import EventLog
    from patron.segment import RFM

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> EventLog | RFM:
    """Load a log or model that was saved.

    Every byte of the file is verified. The file is mapped, not read: replace it by saving or renaming, never in place.

    Parameters
    ----------
    path : path-like
        A file made by ``save``.

    Returns
    -------
    EventLog or RFM
        What the file holds.

    Raises
    ------
    OSError
        The file cannot be read.
    FormatError
        The file is damaged, from a newer version, or no file of patron.

    Examples
    --------
    >>> import os, tempfile, patron
    >>> path = os.path.join(tempfile.mkdtemp(), "shop.patron")
    >>> patron.EventLog({"user": [1], "time": ["2024-01-05"]}, user="user", time="time").save(path)
    >>> patron.load(path).n_users
    1
    """
    kind = _core.inspect(path)["kind"]
    if kind == "log":
        from patron.log import EventLog

        return EventLog._wrap(_core.log_load(path))
    if kind == "rfm":
        from patron.segment import RFM

        return RFM._wrap(_core.rfm_load(path))
    raise _core.FormatError(f"'{os.fspath(path)}' holds a {kind!r}; this version loads 'log' and 'rfm'")
