"""RFM from Python: scores against a slow twin, the order of rows, given cuts, frames of every kind, files."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import patron
from patron.estimator import NotFittedError

CUSTOMERS = st.lists(
    st.tuples(st.integers(0, 30).map(float), st.integers(0, 8), st.integers(0, 50).map(float)), min_size=1, max_size=30
)


def frame(rows: list[tuple[float, int, float]]) -> dict[str, Any]:
    return {
        "user": np.arange(len(rows)),
        "recency_days": np.array([row[0] if row[1] else np.nan for row in rows]),
        "orders": np.array([row[1] for row in rows]),
        "revenue": np.array([row[2] for row in rows]),
    }


def cuts(values: list[float], bins: int) -> list[float]:
    """Cut k is the least value that k / bins of the customers do not pass, but below the largest where values differ."""
    ordered = sorted(values)
    below = [value for value in ordered if value < ordered[-1]] or ordered
    return [min(ordered[-(-k * len(ordered) // bins) - 1], below[-1]) for k in range(1, bins)]


@given(CUSTOMERS, st.integers(2, 6))
def test_scores_are_what_the_slow_twin_says(rows: list[tuple[float, int, float]], bins: int) -> None:
    data = frame(rows)
    buyers = [row for row in rows if row[1]]
    if not buyers:
        with pytest.raises(ValueError, match=r"(?i)bought"):
            patron.segment.RFM(bins=bins).fit(data)
        return
    rfm = patron.segment.RFM(bins=bins).fit(data)
    scores = rfm.predict(data)
    assert scores.columns == ["user", "r", "f", "m", "segment"]
    for i, (name, letter, sign) in enumerate((("recency", "r", -1), ("frequency", "f", 1), ("monetary", "m", 1))):
        found = rfm.thresholds_[name].tolist()
        values = [row[i] for row in buyers]
        assert found == cuts(values, bins)
        score = dict(zip(values, [s for s, row in zip(scores[letter].tolist(), rows, strict=True) if row[1]], strict=True))
        ordered = [score[value] for value in sorted(score)]
        assert ordered == sorted(ordered, reverse=sign < 0)
        assert all(1 <= s <= bins for s in ordered)
        if len(ordered) > 1:
            assert {min(ordered), max(ordered)} == {1, bins}
    nobody = [segment for segment, row in zip(scores["segment"], rows, strict=True) if not row[1]]
    assert set(nobody) <= {"none"}


@given(CUSTOMERS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[float, int, float]], chance: Any) -> None:
    rows = [*rows, (1.0, 1, 1.0)]
    order = list(range(len(rows)))
    chance.shuffle(order)
    one = patron.segment.RFM(bins=4).fit_predict(frame(rows))
    other = patron.segment.RFM(bins=4).fit_predict(frame([rows[i] for i in order]))
    for name in ("r", "f", "m", "segment"):
        assert [one[name][i] for i in order] == other[name].tolist()


PROFILES = {
    "user": [11, 12, 13, 14],
    "recency_days": [1.0, 20.0, 300.0, None],
    "orders": [20, 5, 1, 0],
    "revenue": [2000.0, 300.0, 10.0, 0.0],
    "avg_basket": [10.0, 60.0, 100.0, None],
}


def test_every_kind_of_frame_gives_the_same_model() -> None:
    expected = patron.segment.RFM(bins=3).fit(PROFILES)
    assert expected.labels_.tolist() == ["champions", expected.labels_[1], "lost", "none"]
    for way in (pd.DataFrame, pl.DataFrame, patron.Table, lambda data: pd.DataFrame(data).convert_dtypes()):
        rfm = patron.segment.RFM(bins=3).fit(way(PROFILES))
        assert rfm.to_bytes() == expected.to_bytes()
        assert pickle.dumps(rfm.predict(way(PROFILES))) == pickle.dumps(expected.predict(PROFILES))


def test_scores_are_numbers_one_can_reckon_with() -> None:
    table = patron.segment.RFM(bins=3).fit_predict(PROFILES)
    assert (table["r"] * 100 + table["f"] * 10 + table["m"]).tolist() == [333, 222, 111, 0]
    assert table["user"].tolist() == [11, 12, 13, 14]


def test_ids_of_every_kind_pass_through() -> None:
    for users in (["甲", "b", "c", "d"], pd.Categorical(["x", "y", "x", "z"]), np.arange(4, dtype=np.uint64) + 2**63):
        table = patron.segment.RFM(bins=2).fit_predict(PROFILES | {"user": users})
        assert table["user"].tolist() == list(users)


def test_cuts_by_hand_are_used_as_given() -> None:
    rfm = patron.segment.RFM(
        recency_cuts=[7, 30], frequency_cuts=np.array([1, 10]), monetary_cuts=(100.0,), monetary="avg_basket"
    )
    table = rfm.fit(PROFILES).predict(PROFILES)
    assert rfm.thresholds_["recency"].tolist() == [7, 30]
    assert table["r"].tolist() == [3, 2, 1, 0]
    assert table["f"].tolist() == [3, 2, 1, 0]
    assert table["m"].tolist() == [1, 1, 1, 0]


def test_a_new_customer_is_scored_by_the_old_thresholds() -> None:
    rfm = patron.segment.RFM(bins=3).fit(PROFILES)
    new = {"user": ["x"], "recency_days": [0.5], "orders": [100], "revenue": [1e6]}
    assert [rfm.predict(new)[name][0] for name in ("r", "f", "m", "segment")] == [3, 3, 3, "champions"]


def test_a_model_is_saved_pickled_and_loaded(tmp_path: Path) -> None:
    rfm = patron.segment.RFM(bins=3, monetary="avg_basket").fit(PROFILES)
    path = tmp_path / "rfm.patron"
    rfm.save(path)
    back = patron.load(path)
    assert isinstance(back, patron.segment.RFM)
    assert back.bins == 3
    assert path.read_bytes() == rfm.to_bytes() == patron.segment.RFM.from_bytes(rfm.to_bytes()).to_bytes()
    copy = pickle.loads(pickle.dumps(rfm))
    assert copy.get_params() == rfm.get_params()
    assert copy.labels_.tolist() == rfm.labels_.tolist()
    assert pickle.dumps(copy.predict(PROFILES)) == pickle.dumps(rfm.predict(PROFILES))
    assert pickle.loads(pickle.dumps(patron.segment.RFM(bins=7))).bins == 7


@pytest.mark.parametrize(
    ("options", "change", "error", "message"),
    [
        ({"bins": 1}, {}, ValueError, "bins is 1"),
        ({"bins": 101}, {}, ValueError, "bins is 101"),
        ({"bins": "five"}, {}, TypeError, "bins is 'five'"),
        ({"recency_cuts": [30, 7]}, {}, ValueError, "(?i)recency"),
        ({"recency_cuts": [[1], [2]]}, {}, TypeError, "recency_cuts has 2 dimensions"),
        ({"recency": "recency"}, {}, ValueError, "no column 'recency'.*Did you mean 'recency_days'"),
        ({}, {"orders": [1, -1, 2, 3]}, ValueError, "(?i)frequency|-1"),
        ({}, {"revenue": [1, float("inf"), 2, 3]}, ValueError, "(?i)monetary|inf"),
        ({}, {"revenue": ["a", "b", "c", "d"]}, TypeError, r"Column 'revenue' \(monetary\) holds string; expected numbers"),
        ({}, {"orders": [0, 0, 0, 0]}, ValueError, "(?i)bought"),
    ],
)
def test_wrong_options_and_profiles_are_named(
    options: dict[str, Any], change: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        patron.segment.RFM(**options).fit(PROFILES | change)


def test_predicting_wants_a_fit_and_users() -> None:
    with pytest.raises(NotFittedError, match="RFM is not fitted"):
        patron.segment.RFM().predict(PROFILES)
    rfm = patron.segment.RFM(bins=2).fit(PROFILES)
    with pytest.raises(ValueError, match="no column 'user'"):
        rfm.predict({name: values for name, values in PROFILES.items() if name != "user"})
