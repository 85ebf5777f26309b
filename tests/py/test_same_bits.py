"""The same bits from log to segments at every vector width and number of threads: the plain C kernels are the oracle."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WORK = """
import hashlib, sys
import numpy as np
import patron
from patron import _core

rng = np.random.default_rng(5)
n = 300_000
data = {
    "who": rng.zipf(1.3, n) % 40_000,
    "when": np.datetime64("2023-01-01", "us") + rng.integers(0, 500 * 86400, n) * np.timedelta64(1, "s"),
    "what": np.char.add("item ", rng.integers(0, 900, n).astype(str)),
    "paid": np.round(rng.lognormal(3, 2, n), 3) * rng.choice([1, 1, 1, 1, -1], n),
    "rated": np.where(rng.random(n) < 0.7, np.nan, rng.integers(1, 6, n)),
    "kind": rng.choice(["view", "cart", "purchase", "review", "beam"], n),
}
roles = dict(user="who", time="when", item="what", amount="paid", rating="rated", event="kind", tz="Europe/Berlin")
print(_core.cpu())
for threads in (1, 2, 3, 8):
    patron.set_threads(threads)
    log = patron.EventLog(data, **roles)
    halves = log.between("2000-01-01", "2024-01-01").merge(log.between("2024-01-01", "2100-01-01"))
    profiles = patron.profile.Profiler(windows=("7D", "90D", "36H")).fit(log).transform()
    segments = patron.segment.RFM(bins=7).fit(profiles).predict(profiles)
    x = profiles["revenue"] + 0.1
    digest = hashlib.sha256()
    for table in (log.events(), halves.events(), profiles, segments, log.quality(), log.audit):
        for name in table.columns:
            values = table[name]
            digest.update(name.encode())
            digest.update(repr(values.tolist()).encode() if values.dtype == object else np.ascontiguousarray(values).tobytes())
    for values in (_core.log(x), _core.exp(-1 / x), _core.log_gamma(x), np.float64(_core.sum(x))):
        digest.update(values.tobytes())
    print(threads, digest.hexdigest())
"""


def results(level: str) -> tuple[str, dict[str, str]]:
    """The vector width in use, and the digest at each number of threads."""
    environment = os.environ | {"PATRON_CPU": level}
    done = subprocess.run([sys.executable, "-c", WORK], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    used, *lines = done.stdout.splitlines()
    return used, dict(line.split() for line in lines)


@pytest.fixture(scope="module")
def plain() -> str:
    used, digests = results("generic")
    assert used == "generic"
    assert digests.keys() == {"1", "2", "3", "8"}
    assert len(set(digests.values())) == 1
    return digests["1"]


@pytest.mark.parametrize("level", ["avx2", "avx512"])
def test_every_vector_width_gives_the_bits_of_plain_c(level: str, plain: str) -> None:
    used, digests = results(level)
    if used != level:
        pytest.skip(f"this processor has no {level}")
    assert set(digests.values()) == {plain}
