"""Every notebook runs from its first line to its last."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.py"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_without_a_warning(path):
    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
        for number in pyplot.get_fignums():
            pyplot.figure(number).canvas.draw()
    assert pyplot.get_fignums()
    pyplot.close("all")
