"""The simulated shop: what is promised of it, checked on its tables."""

from __future__ import annotations

import builtins
import functools
import re
from typing import Any

import numpy as np
import pytest

from patron import demo
from patron.demo.draws import Table
from patron.demo.life import REASONS
from patron.demo.log import KINDS

CHINESE = re.compile("[\u4e00-\u9fff]")
OFFSET = np.timedelta64(8, "h")


@functools.cache
def shop(n: int = 1200, days: int = 730, seed: int = 7, language: Any = "en") -> demo.Shop:
    return demo.simulate(n, days, seed, language)


@pytest.fixture(autouse=True, scope="module")
def shops_are_shared_within_this_file_only():
    yield
    shop.cache_clear()


def small(language: Any = "en") -> demo.Shop:
    return shop(150, 200, 3, language)


def large() -> demo.Shop:
    return shop(3000, seed=0)


def tables(made: demo.Shop) -> dict[str, Table]:
    return {name: value for name, value in vars(made).items() if isinstance(value, dict) and name != "dirt"}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(np.array_equal(a, b) if a.dtype == object else np.array_equal(a, b, equal_nan=a.dtype.kind in "fM"))


def of_kind(made: demo.Shop, kind: str, known_user: bool = True) -> Table:
    keep = made.events["event"] == kind
    if known_user:
        keep &= made.events["user"] != np.array(None)
    return {name: values[keep] for name, values in made.events.items()}


def codes(values: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Position of each value among the keys, -1 for None."""
    place = {key: i for i, key in enumerate(keys)}
    return np.array([-1 if value is None else place[value] for value in values], dtype=np.int64)


def row_keys(table: Table) -> list[tuple[str, ...]]:
    return list(zip(*(map(str, table[name]) for name in table), strict=True))


def test_the_same_seed_gives_the_same_shop():
    a, b = small(), demo.simulate(150, 200, 3)
    for name, table in tables(a).items():
        for column, values in table.items():
            assert same(values, tables(b)[name][column]), (name, column)
    assert a.dirt == b.dirt


def test_another_seed_gives_another_shop():
    a, b = small(), demo.simulate(150, 200, 4)
    for name, column in (("events", "time"), ("users", "signup"), ("items", "price"), ("truth_users", "rate")):
        assert not same(tables(a)[name][column], tables(b)[name][column]), (name, column)


@pytest.mark.parametrize(("n", "days"), [(1, 1), (1, 400), (5, 3), (40, 45)])
def test_small_shops_have_all_columns_and_rows_of_equal_number(n, days):
    for seed in range(5):
        made = demo.simulate(n, days, seed)
        for name, table in tables(made).items():
            assert len({len(values) for values in table.values()}) == 1, name
        assert len(made.users["user"]) == len(made.truth_users["user"]) == n


def test_the_columns_are_the_roles_of_an_event_log_and_have_plain_types():
    events = shop().events
    names = "user time event item amount quantity discount order category brand seller channel campaign surface query rating"
    assert " ".join(events) == names + " text currency"
    for name, values in events.items():
        if name == "time":
            assert values.dtype == np.dtype("datetime64[us]")
        elif name in ("amount", "quantity", "discount", "rating"):
            assert values.dtype == np.float64
        else:
            assert values.dtype == object
            assert all(value is None or (type(value) is str and value and value == value.strip()) for value in values), name
    assert set(events["event"]) == set(KINDS)


def test_the_default_shop_is_of_the_promised_size():
    made = large()
    assert 170_000 <= len(made.events["user"]) <= 215_000
    assert len(made.users["user"]) == 3000
    assert made.end - made.start == np.timedelta64(730, "D")


def test_times_lie_in_the_log_and_are_ordered():
    made = shop()
    time = made.events["time"]
    assert time.min() >= made.start
    assert time.max() < made.end
    assert (np.diff(time) >= np.timedelta64(0)).all()
    assert (made.start + OFFSET).astype("datetime64[D]") == made.start + OFFSET  # a local midnight
    signup = made.users["signup"]
    assert signup.min() >= made.start
    assert signup.max() < made.end


def test_nobody_acts_before_signing_up():
    made = shop()
    user = codes(made.events["user"], made.users["user"])
    known = user >= 0
    assert (made.events["time"][known] >= made.users["signup"][user[known]]).all()


def test_people_buy_in_the_evening_and_sleep_at_night_in_shanghai():
    hour = (of_kind(shop(), "purchase")["time"] + OFFSET).astype("datetime64[h]").astype(int) % 24
    counts = np.bincount(hour, minlength=24)
    assert counts[19:23].sum() > 8 * counts[2:6].sum()


def test_the_dirt_is_as_counted_and_as_marked():
    made = shop()
    events, truth = made.events, made.truth_events
    keys = row_keys(events)
    assert len(keys) - len(set(keys)) == made.dirt["duplicate"] > 0
    assert sum(user is None for user in events["user"]) == made.dirt["missing_user"] > 0
    money = (events["event"] == "purchase") | (events["event"] == "return")
    assert np.isnan(events["amount"][money]).sum() == made.dirt["missing_amount"] > 0
    assert np.isnan(events["amount"][~money]).all()
    for kind, count in made.dirt.items():
        assert (truth["dirt"] == kind).sum() == count
    clean = truth["dirt"] == np.array(None)
    assert (events["user"] == truth["true_user"])[clean].all()
    assert same(events["amount"][clean], truth["true_amount"][clean])
    assert set(truth["dirt"][codes(events["user"], made.users["user"]) < 0]) == {"missing_user"}
    assert not np.isnan(truth["true_amount"][money]).any()
    assert sum(made.dirt.values()) < 0.01 * len(keys)


def test_every_id_in_the_log_is_in_its_table():
    made = shop()
    for column in ("user", "item"):
        known = set(tables(made)[column + "s"][column])
        assert len(known) == len(tables(made)[column + "s"][column])
        assert set(made.events[column]) - {None} <= known
    at = codes(made.events["item"], made.items["item"])
    with_item = at >= 0
    for column in ("category", "brand", "seller"):
        assert (made.events[column][with_item] == made.items[column][at[with_item]]).all()
        assert set(made.events[column][~with_item]) <= {None}
    assert set(made.users["referred_by"]) - {None} <= set(made.users["user"])
    assert not (made.users["referred_by"] == made.users["user"]).any()
    assert all(re.fullmatch(r"C\d{6}", user) for user in made.users["user"])
    assert all(re.fullmatch(r"P\d{5}", item) for item in made.items["item"])


def test_an_order_has_one_user_and_one_instant_and_no_item_twice():
    made = shop()
    lines = {name: values[made.truth_events["dirt"] != "duplicate"] for name, values in made.events.items()}
    user = made.truth_events["true_user"][made.truth_events["dirt"] != "duplicate"]
    bought = lines["event"] == "purchase"
    seen: dict[str, tuple[str, Any]] = {}
    for order, who, time in zip(lines["order"][bought], user[bought], lines["time"][bought], strict=True):
        assert seen.setdefault(order, (who, time)) == (who, time)
    assert len(set(seen.values())) == len(seen)
    pairs = list(zip(lines["order"][bought], lines["item"][bought], strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(seen) == set(made.truth_orders["order"])


def test_items_sell_only_after_their_launch():
    made = shop()
    bought = of_kind(made, "purchase")
    launched = made.items["launched"][codes(bought["item"], made.items["item"])]
    assert (bought["time"] >= launched).all()
    assert (made.items["launched"] > made.start).any()


@pytest.mark.parametrize("kind", ["return", "review"])
def test_returns_and_reviews_follow_the_purchase_of_the_same_item(kind):
    made = shop()
    bought = {}
    sold = of_kind(made, "purchase", known_user=False)
    for order, item, time in zip(sold["order"], sold["item"], sold["time"], strict=True):
        bought[order, item] = time
    after = of_kind(made, kind, known_user=False)
    assert len(after["order"]) > 50
    for order, item, time in zip(after["order"], after["item"], after["time"], strict=True):
        assert bought[order, item] < time


def test_a_return_gives_back_what_was_paid():
    made = shop()
    clean = made.truth_events["dirt"] == np.array(None)
    events = {name: values[clean] for name, values in made.events.items()} | {"true": made.truth_events["true_amount"][clean]}
    paid = {}
    for row in np.flatnonzero(events["event"] == "purchase"):
        paid[events["order"][row], events["item"][row]] = events["amount"][row], events["quantity"][row]
    for row in np.flatnonzero(events["event"] == "return"):
        key = events["order"][row], events["item"][row]
        if key in paid:
            assert (-events["amount"][row], -events["quantity"][row]) == paid[key]


def test_the_share_of_returns_is_that_of_a_shop():
    made = shop()
    share = len(of_kind(made, "return")["user"]) / len(of_kind(made, "purchase")["user"])
    assert 0.03 <= share <= 0.08


def test_money_is_in_cents_and_adds_up():
    sold = of_kind(shop(), "purchase")
    amount, discount, quantity = (sold[name] for name in ("amount", "discount", "quantity"))
    known = ~np.isnan(amount)
    assert (amount[known] > 0).all()
    assert (discount >= 0).all()
    assert (quantity >= 1).all()
    assert np.allclose(amount[known] * 100, np.round(amount[known] * 100), atol=1e-6)
    price = shop().items["price"][codes(sold["item"], shop().items["item"])]
    full = ((amount + discount) / quantity)[known]
    assert (full >= price[known] - 0.011).all()  # prices only rise
    assert set(sold["currency"]) == {"CNY"}


def test_revenue_is_concentrated_and_many_buy_once():
    made = large()
    sold = of_kind(made, "purchase")
    user = codes(sold["user"], made.users["user"])
    revenue = np.sort(np.bincount(user, np.nan_to_num(sold["amount"])))[::-1]
    buyers = revenue[revenue > 0]
    assert 0.6 <= buyers[: len(buyers) // 5].sum() / buyers.sum() <= 0.85
    orders = np.bincount(codes(np.array([u for u, _ in {*zip(sold["user"], sold["order"], strict=True)}]), made.users["user"]))
    assert 0.3 <= (orders == 1).sum() / (orders > 0).sum() <= 0.5


def test_double_eleven_towers_over_its_year():
    made = shop()
    sold = of_kind(made, "purchase")
    day = (sold["time"] + OFFSET).astype("datetime64[D]")
    days, place = np.unique(day, return_inverse=True)
    revenue = np.bincount(place, np.nan_to_num(sold["amount"]))
    lines = np.bincount(place)
    for year in ("2024", "2025"):
        inside = days.astype("datetime64[Y]") == np.datetime64(year)
        peak = np.flatnonzero(days == np.datetime64(f"{year}-11-11"))
        assert lines[peak] == lines[inside].max()
        assert revenue[peak] > 4 * np.median(revenue[inside])
    on = day == np.datetime64("2025-11-11")
    share = sold["discount"] / (sold["amount"] + sold["discount"])
    assert np.nanmean(share[on]) > 2 * np.nanmean(share[~on])


def test_planted_complements_are_bought_together_more_often_than_chance():
    made = large()
    baskets: dict[str, set[str]] = {}
    sold = of_kind(made, "purchase")
    for order, item in zip(sold["order"], sold["item"], strict=True):
        baskets.setdefault(order, set()).add(item)
    assert len(made.truth_pairs["item"]) >= 20
    expected = together = chance = 0.0
    for left, right, probability in zip(*made.truth_pairs.values(), strict=True):
        with_left = [basket for basket in baskets.values() if left in basket]
        expected += probability * len(with_left)
        together += sum(right in basket for basket in with_left)
        chance += len(with_left) * sum(right in basket for basket in baskets.values()) / len(baskets)
    assert together > 5 * chance
    assert expected * 0.9 < together < expected * 1.3  # others come together by themselves


def test_who_left_never_buys_again_and_who_lives_does():
    made = large()
    truth = made.truth_users
    alive = truth["is_alive"]
    left = ~np.isnat(truth["quit_time"])
    assert not (alive & left).any()
    assert (truth["purchases_next_90d"][~alive] == 0).all()
    assert (truth["expected_purchases_90d"][~alive] == 0).all()
    assert (truth["p_no_purchase_90d"][~alive] == 1).all()
    assert truth["purchases_next_90d"][alive].mean() > 1
    last = np.full(len(alive), made.start)
    np.maximum.at(last, codes(made.truth_orders["user"], truth["user"]), made.truth_orders["time"])
    assert (last[left] < truth["quit_time"][left]).all()
    assert (truth["quit_time"][left] < made.end).all()
    reasons = set(truth["quit_reason"][left])
    assert reasons == set(REASONS) - {"never_bought"}
    never = ~truth["ever_buys"]
    assert not np.isin(made.users["user"][never], made.truth_orders["user"]).any()


def test_the_future_agrees_with_its_expectation():
    total, expected, living, spread = 0.0, 0.0, 0, 0.0
    for made in (shop(), large()):
        truth = made.truth_users
        assert (truth["purchases_next_30d"] <= truth["purchases_next_60d"]).all()
        assert (truth["expected_purchases_60d"] <= truth["expected_purchases_90d"]).all()
        assert ((truth["spend_next_60d"] > 0) == (truth["purchases_next_60d"] > 0)).all()
        total += truth["purchases_next_60d"].sum()
        expected += truth["expected_purchases_60d"].sum()
        alive = truth["is_alive"]
        living += alive.sum()
        spread += (truth["quits_within_60d"][alive] - truth["p_quit_60d"][alive]).sum()
        none = truth["purchases_next_60d"][alive] == 0
        high = truth["p_no_purchase_60d"][alive] > 0.5
        assert none[high].mean() > none[~high].mean() + 0.3
    assert abs(total / expected - 1) < 0.08
    assert abs(spread / living) < 0.05


def test_the_campaign_truth_predicts_who_buys_in_its_days():
    made = large()
    seen, truth = made.campaigns, made.truth_campaigns
    assert (seen["user"] == truth["user"]).all()
    treated = truth["treated"]
    assert 0.48 < treated.mean() < 0.52
    place = codes(made.truth_orders["user"], made.users["user"])
    day = (made.truth_orders["time"] + OFFSET).astype("datetime64[D]").astype(int)
    who = codes(seen["user"], made.users["user"])
    first = (seen["time"] + OFFSET).astype("datetime64[D]").astype(int)
    keys = set(zip(place.tolist(), day.tolist(), strict=True))
    full = first + 10 <= (made.end + OFFSET).astype("datetime64[D]").astype(int)
    bought = np.array([any((w, f + d) in keys for d in range(10)) for w, f in zip(who.tolist(), first.tolist(), strict=True)])
    for arm, column in ((treated, "p_buy_treated"), (~treated, "p_buy_control")):
        chance = truth[column][arm & full]
        error = (bought[arm & full].mean() - chance.mean()) / chance.mean()
        assert abs(error) < 0.1, (column, error)
    kind = made.truth_users["campaign_response"][who]
    assert truth["uplift"][kind == "persuadable"].mean() > 0.02
    assert truth["uplift"][kind == "annoyed"].mean() < -0.01
    sent = of_kind(made, "impression", known_user=False)
    kept = made.truth_events["dirt"][made.events["event"] == "impression"] != "duplicate"
    assert kept.sum() == treated.sum()
    assert set(sent["campaign"]) == set(seen["campaign"])


def test_gaps_between_orders_are_too_regular_for_a_poisson_process():
    made = large()
    user = codes(made.truth_orders["user"], made.users["user"])
    order = np.lexsort((made.truth_orders["time"], user))
    user, time = user[order], made.truth_orders["time"][order]
    gap = np.diff(time) / np.timedelta64(1, "D")
    gap, user = gap[user[1:] == user[:-1]], user[1:][user[1:] == user[:-1]]
    spread = [gap[user == who].std(ddof=1) / gap[user == who].mean() for who in np.flatnonzero(np.bincount(user) >= 6)]
    assert len(spread) > 200
    assert np.median(spread) < 0.7


def test_late_parcels_bring_worse_reviews_and_complaints():
    made = large()
    truth = made.truth_orders
    late = dict(zip(truth["order"], truth["late"], strict=True))
    reviews = of_kind(made, "review", known_user=False)
    slow = np.array([late[order] for order in reviews["order"]])
    assert set(reviews["rating"]) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert reviews["rating"][slow].mean() < reviews["rating"][~slow].mean() - 0.7
    assert truth["complained"][truth["late"]].mean() > 5 * truth["complained"][~truth["late"]].mean()
    assert not truth["resolved"][~truth["complained"]].any()


def test_a_session_is_one_visit_of_one_user():
    made = shop()
    session, user, time = made.truth_events["session"], made.truth_events["true_user"], made.events["time"]
    inside = session >= 0
    order = np.lexsort((time[inside], session[inside]))
    number, who, when = session[inside][order], user[inside][order], time[inside][order]
    together = number[1:] == number[:-1]
    assert (who[1:] == who[:-1])[together].all()
    assert (np.diff(when)[together] < np.timedelta64(30, "m")).all()


def test_chinese_changes_the_words_and_nothing_else():
    english, chinese = small(), small("zh")
    for name in ("time", "event", "user", "item", "order", "amount", "rating", "campaign", "surface"):
        assert same(english.events[name], chinese.events[name]), name
    for name in ("category", "brand", "seller", "query", "text"):
        theirs = [value for value in chinese.events[name] if value is not None]
        assert theirs
        assert all(CHINESE.search(value) for value in theirs), name
        assert not any(CHINESE.search(value) for value in english.events[name] if value is not None), name
        assert [v is None for v in english.events[name]] == [v is None for v in chinese.events[name]]
    for table, names in (
        ("users", ("gender", "city", "member_level", "acquisition_channel")),
        ("items", ("title", "category")),
    ):
        for name in names:
            values = [value for value in tables(chinese)[table][name] if value is not None]
            assert all(CHINESE.search(value) for value in values), name
    assert len(set(chinese.items["title"])) > 0.95 * len(chinese.items["title"])
    assert not any("{" in value for value in chinese.events["text"] if value is not None)


def test_some_attributes_are_missing_and_most_are_not():
    users, items = shop().users, shop().items
    for name in ("gender", "city"):
        assert 0 < sum(value is None for value in users[name]) < 0.2 * len(users["user"])
    assert 0 < np.isnan(users["birth_year"]).mean() < 0.2
    assert 0 < np.isnan(items["cost"]).mean() < 0.1
    assert (items["cost"] < items["price"])[~np.isnan(items["cost"])].all()


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_written_files_read_back_as_they_were(tmp_path, form):
    pytest.importorskip("pyarrow")
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    made = small("zh")
    paths = made.write(tmp_path / "new" / "folder", format=form)
    assert next(iter(paths)) == "events"
    assert set(paths) == set(tables(made))
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == {f"{name}.{form}" for name in paths}
    for name, path in paths.items():
        back = pyarrow.parquet.read_table(path) if form == "parquet" else pyarrow.csv.read_csv(path)
        assert back.column_names == list(tables(made)[name])
        assert back.num_rows == len(next(iter(tables(made)[name].values())))
    events = pyarrow.parquet.read_table(paths["events"]) if form == "parquet" else pyarrow.csv.read_csv(paths["events"])
    assert events.schema.field("time").type.tz == "UTC"
    assert (events["time"].cast(pa.timestamp("us", "UTC")).to_numpy() == made.events["time"]).all()
    if form == "parquet":
        assert events["text"].to_pylist() == list(made.events["text"])
        assert events["amount"].null_count == np.isnan(made.events["amount"]).sum()
    assert made.table("users").num_rows == 150


def test_writing_without_pyarrow_says_what_is_missing(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        small("zh").write(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"n_customers": 0}, "n_customers is 0"),
        ({"days": 1.5}, "days is 1.5"),
        ({"seed": -1}, "seed is -1"),
        ({"n_customers": True}, "n_customers is True"),
        ({"language": "fr"}, "language is 'fr'"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        demo.simulate(**arguments)


def test_unknown_tables_and_formats_are_named(tmp_path):
    made = small("zh")
    with pytest.raises(ValueError, match="No table 'orders'"):
        made.table("orders")
    with pytest.raises(ValueError, match="Unknown format 'xlsx'"):
        made.write(tmp_path, format="xlsx")  # type: ignore[arg-type]
