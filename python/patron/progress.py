"""Showing how far a long call is, with tqdm, when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from patron import _core

__all__ = ["Progress", "shown"]

Progress = bool | Callable[[str, int, int], object]


class _Bar:
    """One tqdm bar a stage."""

    def __init__(self) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError as error:
            raise ImportError("progress=True needs tqdm: pip install tqdm") from error
        self._make: Callable[..., Any] = tqdm
        self._bar: Any = None
        self._what: str | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._what or self._bar is None:
            self.close()
            self._bar, self._what = self._make(total=total, desc=what, leave=False), what
        self._bar.update(max(0, done - self._bar.n))

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def shown(progress: Progress) -> Iterator[None]:
    """Calls of this thread inside the context report how far they are.

    Parameters
    ----------
    progress : bool or callable
        True: a tqdm bar. A callable is called as ``progress(what, done, total)``; what it raises ends the call.
    """
    if progress is False or progress is None:
        yield
        return
    bar = _Bar() if progress is True else None
    before = _core.set_progress(bar if bar is not None else progress)
    try:
        yield
    finally:
        _core.set_progress(before)
        if bar is not None:
            bar.close()
