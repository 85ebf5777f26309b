"""Errors and warnings of the library's own; everything else is what Python expects (ValueError, TypeError, OSError ...)."""

from __future__ import annotations

from patron._core import FormatError

__all__ = ["ConvergenceWarning", "FormatError"]


class ConvergenceWarning(UserWarning):
    """A fit stopped before it converged: the result is usable but doubtful."""
