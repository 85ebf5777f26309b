"""Fixtures and options that all Python tests share.

data
    The folder of real data sets: beside the project, or where PATRON_DATA says. Tests that need it are skipped without it.
threads
    Runs the test at 1, 2, 3 and 8 threads: results must not depend on their number.

Environment: PATRON_LONG=1 runs the tests marked `long`; PATRON_SANITIZED=1 (set by tests/run under a sanitizer) leaves out
those marked `timing` and lets hypothesis try fewer examples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[2]
SANITIZED = os.environ.get("PATRON_SANITIZED", "") not in ("", "0")
LONG = os.environ.get("PATRON_LONG", "") not in ("", "0")
# For what takes minutes and does not depend on the vector width: not again at each of them.
LONG_ONCE = LONG and not os.environ.get("PATRON_CPU")

# The same examples on every run: a failure seen once is seen again. --long looks further, with fresh ones.
settings.register_profile(
    "patron",
    max_examples=15 if SANITIZED else 1000 if LONG else 60,
    derandomize=not LONG,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("patron")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not LONG and item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="runs with tests/run --long"))
        if SANITIZED and item.get_closest_marker("timing"):
            item.add_marker(pytest.mark.skip(reason="a sanitizer makes times meaningless"))


@pytest.fixture(scope="session")
def data() -> Path:
    folder = Path(os.environ.get("PATRON_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real data sets are not here; PATRON_DATA names their folder")
    return folder


@pytest.fixture(params=[1, 2, 3, 8])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    import patron

    patron.set_threads(request.param)
    yield request.param
    patron.set_threads(0)
