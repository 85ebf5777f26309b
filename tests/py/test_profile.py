"""Profiles from Python: the figures against a slow twin in plain Python, as_of, windows, definitions, scikit-learn's habits."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import patron
from patron.estimator import NotFittedError

START = dt.datetime(2024, 1, 1)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 24 * 60),
        st.none() | st.integers(-3000, 30_000),
        st.sampled_from(["purchase", "view", "return"]),
    ),
    min_size=1,
    max_size=25,
)
Event = tuple[str, int, int | None, str]


def build(rows: list[Event]) -> patron.EventLog:
    return patron.EventLog(
        {
            "user": [row[0] for row in rows],
            "time": [START + dt.timedelta(hours=row[1]) for row in rows],
            "amount": np.array([np.nan if row[2] is None else row[2] / 100 for row in rows]),
            "event": [row[3] for row in rows],
        },
        user="user",
        time="time",
        amount="amount",
        event="event",
    )


def twin(rows: list[Event], user: str, as_of: dt.datetime, days: int | None) -> dict[str, Any]:
    """What the profile of a user holds, said slowly."""
    seen = []
    for who, hours, cents, kind in rows:
        when = START + dt.timedelta(hours=hours)
        if who != user or when >= as_of or (days is not None and when < as_of - dt.timedelta(days=days)):
            continue
        if kind == "purchase" and cents is not None and cents < 0:
            kind = "return"
        seen.append((when, abs(cents or 0) if kind == "return" else cents or 0, kind))
    bought = [(when, cents) for when, cents, kind in seen if kind == "purchase"]
    orders = len({when for when, _ in bought})
    revenue = sum(cents for _, cents in bought) / 100
    returned = sum(cents for _, cents, kind in seen if kind == "return") / 100
    out: dict[str, Any] = {
        "events": len(seen),
        "orders": orders,
        "revenue": revenue,
        "returns": sum(kind == "return" for _, _, kind in seen),
        "net_revenue": (round(revenue * 100) - round(returned * 100)) / 100,
        "avg_basket": revenue / orders if orders else None,
        "active_days": len({when.date() for when, _, _ in seen}),
    }
    if days is None:
        out |= {
            "first_event": min((when for when, _, _ in seen), default=None),
            "last_event": max((when for when, _, _ in seen), default=None),
            "last_purchase": max((when for when, _ in bought), default=None),
            "recency_days": (as_of - max(when for when, _ in bought)) / dt.timedelta(days=1) if bought else None,
        }
    return out


def agree(found: Any, expected: Any) -> bool:
    if expected is None:
        return bool(found is None or found != found)
    if isinstance(expected, float):
        return bool(abs(found - expected) <= 1e-9 * max(1, abs(expected)))
    return bool(found == expected)


@given(EVENTS, st.integers(0, 24 * 70))
def test_profiles_are_what_the_slow_twin_says(rows: list[Event], hours: int) -> None:
    log = build(rows)
    as_of = START + dt.timedelta(hours=hours)
    table = patron.profile.Profiler(windows=("7D", "30D")).fit(log).transform(as_of=as_of)
    for i, user in enumerate(table["user"].tolist()):
        for days, suffix in ((None, ""), (7, "_7d"), (30, "_30d")):
            for name, expected in twin(rows, user, as_of, days).items():
                found = table[name + suffix][i]
                found = found.tolist() if hasattr(found, "tolist") else found
                assert agree(found, expected), (user, name + suffix, found, expected)


@given(EVENTS, st.integers(0, 24 * 70))
def test_nothing_after_as_of_is_seen(rows: list[Event], hours: int) -> None:
    as_of = START + dt.timedelta(hours=hours)
    before = [row for row in rows if START + dt.timedelta(hours=row[1]) < as_of]
    profiler = patron.profile.Profiler(windows=("7D",))
    whole = profiler.fit(build(rows)).transform(as_of=as_of)
    if not before:
        assert whole["events"].sum() == 0
        return
    part = profiler.fit(build(before)).transform(as_of=as_of)
    places = [whole["user"].tolist().index(user) for user in part["user"]]
    for name in part.columns:
        assert str(whole[name][places].tolist()) == str(part[name].tolist())


def small() -> patron.EventLog:
    return build([("a", 0, 1000, "purchase"), ("a", 100, 500, "purchase"), ("b", 50, None, "view")])


def test_users_without_purchases_have_rows_and_nulls() -> None:
    table = patron.profile.Profiler(windows=()).fit_transform(small())
    assert table["user"].tolist() == ["a", "b"]
    assert table["orders"].tolist() == [2, 0]
    assert np.isnan(table["recency_days"][1])
    assert np.isnat(table["last_purchase"][1])


def test_the_default_is_the_end_of_the_log() -> None:
    log = small()
    profiler = patron.profile.Profiler().fit(log)
    assert pickle.dumps(profiler.transform()) == pickle.dumps(profiler.transform(as_of=log.end))
    assert pickle.dumps(profiler.transform(log)) == pickle.dumps(profiler.transform())


def test_every_column_has_a_definition() -> None:
    profiler = patron.profile.Profiler(windows=("7D", "365D")).fit(small())
    table = profiler.transform()
    assert profiler.columns_ == table.columns
    assert profiler.get_feature_names_out().tolist() == table.columns
    defined = profiler.definitions_["name"].tolist()
    assert set(table.columns) - {"user"} <= set(defined)
    assert set(profiler.definitions_["merge"]) <= {"order-free", "sequential"}
    assert all(profiler.definitions_["meaning"])


def test_columns_of_roles_the_log_lacks_are_left_out() -> None:
    log = patron.EventLog({"u": [1], "t": ["2024-01-01"]}, user="u", time="t")
    profiler = patron.profile.Profiler(windows=("7D",)).fit(log)
    assert "revenue" not in profiler.columns_
    assert profiler.columns_ == profiler.transform().columns


def test_windows_follow_local_days() -> None:
    """The clocks went forward on 31 March 2024: seven local days were 167 hours."""
    data = {"u": [1, 1], "t": ["2024-03-25 11:30", "2024-04-01 11:30"]}
    log = patron.EventLog(data, user="u", time="t", tz="Europe/Berlin")
    table = patron.profile.Profiler(windows=("7D", "168h")).fit(log).transform(as_of="2024-04-01 12:00")
    assert table["events_7d"].tolist() == [1]
    assert patron.profile.Profiler(windows=("7D",)).fit(log).transform(as_of="2024-04-01 11:30")["events_7d"].tolist() == [1]
    assert patron.profile.Profiler(windows=("168H",)).fit(log).transform(as_of="2024-04-01 12:00")["events_168h"].tolist() == [
        2
    ]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"windows": ("soon",)}, ValueError, "soon"),
        ({"windows": ("0D",)}, ValueError, "0D"),
        ({"windows": ("7D", "7D")}, ValueError, "7D|twice"),
        ({"windows": "7D"}, TypeError, "expected a sequence"),
        ({"windows": (7,)}, TypeError, "A window is 7 of type int"),
        ({"families": ["activity"]}, ValueError, "families is .*expected None"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        patron.profile.Profiler(**options).fit(small())


def test_a_profiler_wants_a_log_and_a_fit() -> None:
    with pytest.raises(TypeError, match="log is of type dict; expected an EventLog"):
        patron.profile.Profiler().fit({})  # type: ignore[arg-type]
    with pytest.raises(NotFittedError, match="call fit first"):
        patron.profile.Profiler().transform()
    with pytest.raises(ValueError, match="as_of is 'later'"):
        patron.profile.Profiler().fit(small()).transform(as_of="later")


def test_parameters_follow_scikit_learn() -> None:
    profiler = patron.profile.Profiler(windows=("7D",))
    assert profiler.get_params() == {"windows": ("7D",), "families": None}
    assert repr(profiler) == "Profiler(windows=('7D',))"
    assert repr(patron.profile.Profiler()) == "Profiler()"
    assert profiler.set_params(windows=("30D",)) is profiler
    assert type(profiler)(**profiler.get_params()).get_params() == profiler.get_params()
    assert "events_30d" in profiler.fit_transform(small()).columns
    with pytest.raises(ValueError, match="no parameter 'window'; it has families, windows"):
        profiler.set_params(window=1)
    assert not patron.profile.Profiler().__sklearn_is_fitted__()
    assert profiler.__sklearn_is_fitted__()
