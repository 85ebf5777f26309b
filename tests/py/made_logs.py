"""The log that tests of processes, threads and signals build, share and hand around."""

from __future__ import annotations

from typing import Any

import numpy as np

import patron


def events(n: int, seed: int | np.random.Generator = 1) -> dict[str, Any]:
    """Columns of n events."""
    rng = np.random.default_rng(seed)
    return {
        "user": rng.integers(0, n // 20 + 1, n),
        "time": np.datetime64("2023-01-01", "us") + rng.integers(0, 5 * 10**13, n),
        "item": rng.integers(0, 5000, n),
        "amount": rng.integers(-100, 10_000, n) / 100,
    }


def build(data: Any, **options: Any) -> patron.EventLog:
    return patron.EventLog(data, user="user", time="time", item="item", amount="amount", **options)
