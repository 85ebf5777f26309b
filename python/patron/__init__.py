"""patron: from a shop's event log to who its customers are.

Everything starts from a log, which is made from any data frame::

    >>> import patron
    >>> log = patron.EventLog(
    ...     {"who": [7, 7, 9], "when": ["2024-01-05", "2024-02-01", "2024-01-20"], "paid": [10.0, 2.5, 8.0]},
    ...     user="who",
    ...     time="when",
    ...     amount="paid",
    ... )
    >>> profiles = patron.profile.Profiler(windows=("30D",)).fit_transform(log)
    >>> profiles["revenue"].tolist()
    [12.5, 8.0]

Rooms (`patron.profile`, `patron.segment`, ...) are imported when they are first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from patron._core import FormatError, __version__, get_threads, set_memory_cap, set_threads

if TYPE_CHECKING:
    from patron import demo, plot, profile, report, segment
    from patron.errors import ConvergenceWarning
    from patron.log import EventLog
    from patron.saved import load
    from patron.table import Table

__all__ = [
    "ConvergenceWarning",
    "EventLog",
    "FormatError",
    "Table",
    "__version__",
    "demo",
    "get_include",
    "get_threads",
    "load",
    "plot",
    "profile",
    "report",
    "segment",
    "set_memory_cap",
    "set_threads",
]

# Where the names live that are fetched on first use, so that `import patron` stays quick.
_HOMES = {
    "ConvergenceWarning": "patron.errors",
    "EventLog": "patron.log",
    "Table": "patron.table",
    "load": "patron.saved",
}
_ROOMS = frozenset({"demo", "plot", "profile", "report", "segment"})


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _ROOMS:
        return import_module(f"patron.{name}")
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'patron' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def get_include() -> str:
    """Folder of the C headers, for ``-I``.

    Returns
    -------
    str
        The folder that holds ``patron.h``.

    Raises
    ------
    FileNotFoundError
        This installation has no headers.
    """
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "include")
    if not os.path.isfile(os.path.join(folder, "patron.h")):
        raise FileNotFoundError(f"{folder} holds no patron.h: this installation came without the C headers")
    return folder
