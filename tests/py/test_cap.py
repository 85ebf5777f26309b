"""A memory cap holds through Python: a call that wants more raises MemoryError, names the cap and changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import patron
from conftest import SANITIZED
from patron import _core

N = 60_000


class Shop:
    """A log and what its calls are given."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(1)
        self.path = folder / "log"
        self.data = patron.Table(
            {
                "user": rng.integers(0, N // 20, N),
                "time": np.datetime64("2023-01-01", "us") + rng.integers(0, 5 * 10**13, N),
                "item": rng.integers(0, 500, N).astype(str).astype(object),
                "amount": rng.integers(-100, 10_000, N) / 100,
            }
        )
        self.users = patron.Table({"user": np.arange(N // 10), "city": np.array(["x", "y"] * (N // 20), dtype=object)})
        self.log = self.build()
        self.log.save(self.path)
        self.bytes = self.log.to_bytes()
        self.profiles = {name: rng.random(4 * N) * 90 + 1 for name in ("user", "recency_days", "orders", "revenue")}

    def build(self) -> patron.EventLog:
        return patron.EventLog(self.data, user="user", time="time", item="item", amount="amount")


CALLS: dict[str, Callable[[Shop], Any]] = {
    "build": lambda s: s.build(),
    "append": lambda s: s.log.append(s.data),
    "merge": lambda s: s.log.merge(s.log),
    "between": lambda s: s.log.between("2023-06-01", None),
    "split": lambda s: s.log.split("2023-06-01"),
    "with_users": lambda s: s.log.with_users(s.users),
    "events": lambda s: s.log.events(),
    "quality": lambda s: s.log.quality(),
    "save": lambda s: s.log.save(s.path),
    "to_bytes": lambda s: s.log.to_bytes(),
    "load": lambda s: patron.load(s.path),
    "from_bytes": lambda s: patron.EventLog.from_bytes(s.bytes),
    "profile": lambda s: patron.profile.Profiler().fit_transform(s.log),
    "fit": lambda s: patron.segment.RFM().fit(s.profiles),
    "sort_order": lambda s: _core.sort_order(np.arange(N)[::-1].copy()),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(autouse=True)
def without_a_cap_afterwards() -> Iterator[None]:
    yield
    patron.set_memory_cap(None)


def refusal(call: Callable[[], Any]) -> str | None:
    """What the MemoryError says; None when there is none."""
    try:
        call()
    except MemoryError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", CALLS)
def test_a_call_does_its_work_or_names_the_cap(name: str, shop: Shop) -> None:
    call = CALLS[name]
    call(shop)
    held = _core.memory()
    _core.memory_peak_reset()
    call(shop)
    need = _core.memory_peak() - held
    before = shop.path.read_bytes()
    refused = 0
    for share in (0, 0.01, 0.1, 0.3, 0.6, 0.9):
        cap = max(1, held + int(share * need))
        _core.memory_peak_reset()
        patron.set_memory_cap(cap)
        message = refusal(lambda: call(shop))
        patron.set_memory_cap(None)
        refused += message is not None
        assert message is None or message.startswith(f"The memory cap of {cap} bytes is reached: ")
        assert _core.memory_peak() <= cap
        assert _core.memory() <= held
        assert [entry.name for entry in shop.path.parent.iterdir()] == ["log"]
        assert shop.path.read_bytes() == before
    assert refused >= 2
    patron.set_memory_cap(held + 2 * need + 2**22)
    call(shop)


def test_a_cap_is_a_number_of_bytes() -> None:
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=str(wrong)):
            patron.set_memory_cap(wrong)
    for other in ("1 GB", 1.5):
        with pytest.raises(TypeError):
            patron.set_memory_cap(other)  # type: ignore[arg-type]
    assert patron.Table({"x": [1]}).columns == ["x"]


@pytest.mark.skipif(SANITIZED, reason="the shadow of a sanitizer counts too")
def test_the_process_stays_below_the_cap() -> None:
    """A log of ten million rows under a cap of 64 MiB: refused before the process has grown by much more than that."""
    code = """
import resource, numpy as np, patron
n = 10_000_000
data = patron.Table({"user": np.arange(n) % 999_983, "time": np.arange(n).astype("datetime64[s]")})
patron.EventLog({"user": [1], "time": ["2024-01-01"]}, user="user", time="time")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
patron.set_memory_cap(64 << 20)
try:
    patron.EventLog(data, user="user", time="time")
except MemoryError as error:
    assert "67108864" in str(error), error
else:
    raise AssertionError("expected a MemoryError")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < (64 + 16) * 1024
