"""Random draws, and the kinds of arrays that they fill."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Column", "Floats", "Ints", "Table", "draw", "pick", "stream"]

Column = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Table = dict[str, Column]


def stream(seed: int, room: int) -> np.random.Generator:
    """Give one part of the simulation its own random numbers, so that a change in it leaves the others alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, room])))


def draw(rng: np.random.Generator, weights: Floats) -> Ints:
    """One index a row, with chances in proportion to the row of `weights`, shape (rows, choices)."""
    steps = np.cumsum(weights, axis=1)
    chosen = (rng.random(len(weights))[:, None] * steps[:, -1:] >= steps).sum(axis=1)
    out: Ints = np.minimum(chosen, weights.shape[1] - 1)
    return out


def pick(rng: np.random.Generator, count: int, weights: Any) -> Ints:
    """`count` independent indices with chances in proportion to the vector `weights`."""
    steps = np.cumsum(np.asarray(weights, dtype=np.float64))
    out: Ints = np.minimum(np.searchsorted(steps, rng.random(count) * steps[-1], side="right"), len(steps) - 1)
    return out
