"""The examples in the docstrings run and say what they show."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ["__init__", "log", "profile", "saved", "segment", "table", "timezones"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    module = importlib.import_module("patron" if name == "__init__" else f"patron.{name}")
    found = doctest.testmod(module)
    assert found.failed == 0
    assert found.attempted > 0
