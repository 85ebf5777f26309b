"""A process that is killed while it saves loses nothing: the file at the path is one version or the other, byte for byte.

A child saves two versions over each other without end; the parent kills it at a random moment, again and again. What the child
leaves beside the file is hidden, ends in ``.tmp``, is refused unless it is whole, and goes with a later save.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import patron
from conftest import LONG_ONCE

KILLS = 1000 if LONG_ONCE else 100
LEFTOVER = re.compile(r"\.shop\.patron\.patron-\d+-\d+\.tmp")

Saved = patron.EventLog | patron.segment.RFM


def logs() -> tuple[Saved, Saved]:
    rng = np.random.default_rng(1)
    n = 250_000
    days = np.datetime64("2024-01-01", "us") + rng.integers(0, 10**12, n)
    data = {"user": rng.integers(0, 900, n), "time": days, "amount": rng.integers(0, 9000, n) / 100}
    old = patron.EventLog(data, user="user", time="time", amount="amount")
    return old, old.between(None, "2024-01-09")


def models() -> tuple[Saved, Saved]:
    rng = np.random.default_rng(2)
    profiles = {name: rng.random(500) * 90 + 1 for name in ("recency_days", "orders", "revenue")}
    return patron.segment.RFM(bins=100).fit(profiles), patron.segment.RFM(bins=7).fit(profiles)


def killed_child(versions: tuple[Saved, Saved], path: Path, alive: float) -> None:
    """A child that saves until it is killed, `alive` seconds after it has begun to."""
    began, begun = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(began)
            versions[1].save(path)
            os.write(begun, b"!")
            while True:
                for version in versions:
                    version.save(path)
        finally:
            os._exit(1)  # an exception: the parent sees that it was not killed
    os.close(begun)
    assert os.read(began, 1) == b"!"
    os.close(began)
    time.sleep(alive)
    os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("make", [logs, models])
def test_a_process_killed_while_saving_loses_nothing(make: Callable[[], tuple[Saved, Saved]], tmp_path: Path) -> None:
    versions = make()
    path = tmp_path / "shop.patron"
    whole = [version.to_bytes() for version in versions]
    assert whole[0] != whole[1]
    versions[0].save(path)
    began = time.perf_counter()
    for version in versions * 5:
        version.save(path)
    once = (time.perf_counter() - began) / 10
    moments = random.Random(3)
    found = [0, 0]
    left: dict[str, bool] = {}
    for _ in range(KILLS // 2):
        killed_child(versions, path, moments.uniform(0, 4 * once))
        data = path.read_bytes()
        assert data in whole
        found[whole.index(data)] += 1
        assert patron.load(path).to_bytes() == data
        for entry in tmp_path.iterdir():
            if entry == path or entry.name in left:
                continue
            assert LEFTOVER.fullmatch(entry.name)
            try:
                left[entry.name] = patron.load(entry).to_bytes() in whole
                assert left[entry.name]
            except patron.FormatError:
                left[entry.name] = False
    print(f"{KILLS // 2} kills: {found} of each version, {len(left)} leftovers, {sum(left.values())} of them whole")
    assert min(found) > KILLS // 20
    assert len(left) > KILLS // 20  # many died before the file was renamed
    assert make is models or not all(left.values())  # and some in the middle of writing it
    # What looks for models by name does not see them; what was left long ago goes with the next save.
    assert list(tmp_path.glob("[!.]*")) == [path]
    assert list(tmp_path.glob("*.patron")) == [path]
    versions[0].save(path)
    assert len(list(tmp_path.iterdir())) == 1 + len(left)
    for name in left:
        os.utime(tmp_path / name, (time.time() - 4000,) * 2)
    versions[1].save(path)
    assert list(tmp_path.iterdir()) == [path]
