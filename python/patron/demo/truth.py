"""The tables of what really held: customers, items, orders, channels, complements, days."""

from __future__ import annotations

import math

import numpy as np

from patron.demo.days import DAY, FUTURE_DAYS, HORIZONS, SECOND, midnight, stamp
from patron.demo.draws import Floats, Ints, Table, stream
from patron.demo.life import NEVER, REASONS, State
from patron.demo.orders import Story
from patron.demo.vocabulary import CATEGORIES, CHANNELS, UPLIFT, column, labels, words
from patron.demo.world import taste

__all__ = ["true_channels", "true_days", "true_items", "true_orders", "true_pairs", "true_users"]


def true_users(
    story: Story, at_end: State, later: State, expected: dict[int, tuple[Floats, Floats, Floats]], signup: Ints
) -> Table:
    """Traits, leaving, and the days after the end of each customer."""
    rng = stream(story.seed, 15)
    people, n = story.people, len(story.people.arrival)
    who = np.arange(n)
    buyer = people.first_day < story.days + FUTURE_DAYS
    left = at_end.quit_day >= 0
    # A quit falls on a day without an order, after all orders; its instant is any of that day.
    quit_time = midnight(np.maximum(at_end.quit_day, 0)) + (rng.random(n) * DAY).astype(np.int64)
    first = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first, story.orders["who"], story.instant)
    stamps = stamp(quit_time)
    stamps[~left] = np.datetime64("NaT")
    lifetime = np.where(left, quit_time, story.end) - first
    reason = np.where(buyer, at_end.reason, NEVER)
    mean_gap = people.scale * np.array([math.gamma(1 + 1 / k) for k in people.shape])
    before = taste(people, who, people.arrival)
    after = taste(people, who, np.full(n, story.days))
    slugs = labels(CATEGORIES, 0)
    table: Table = {
        "user": story.customer_ids[:-1],
        "rate": 1 / mean_gap,
        "gap_scale_days": people.scale,
        "gap_shape": people.shape,
        "rhythm": words(["frequent", "regular", "rare"])[people.rhythm],
        "patience": people.patience,
        "price_sensitivity": people.price_sensitivity,
        "spend_level": people.spend,
        "habit": people.habit,
        "fussiness": people.fussiness,
        "competitor_exposure": people.exposed,
        "p_late": people.late,
        "channel_rate_factor": column(CHANNELS, "rate")[people.channel],
        "campaign_response": words(UPLIFT)[people.kind],
        "campaign_factor": people.respond,
        "one_purchase_only": people.leaves_after < 1 << 40,
        "ever_buys": buyer,
        "life_events": at_end.life_events,
        "signup": stamp(signup),
        "quit_time": stamps,
        "quit_reason": words(REASONS)[reason],
        "is_alive": buyer & ~left,
        "lifetime_days": np.where(buyer & (first < story.end), lifetime / DAY, np.nan),
        "main_category_first": slugs[before.argmax(axis=1)],
        "main_category_last": slugs[after.argmax(axis=1)],
    }
    for c, spec in enumerate(CATEGORIES):
        table["taste_" + spec.english.lower().replace("'", "").replace(" & ", "_").replace(" ", "_")] = after[:, c]
    line_time = story.line_instant
    for h in HORIZONS:
        until = story.end + h * DAY
        ahead = (story.instant >= story.end) & (story.instant < until)
        paid = (line_time >= story.end) & (line_time < until)
        table[f"purchases_next_{h}d"] = np.bincount(story.orders["who"][ahead], minlength=n)
        table[f"spend_next_{h}d"] = np.bincount(story.line_who[paid], story.paid[paid], minlength=n).round(2)
        table[f"quits_within_{h}d"] = (later.quit_day >= story.days) & (later.quit_day < story.days + h)
        table[f"expected_purchases_{h}d"], table[f"p_no_purchase_{h}d"], table[f"p_quit_{h}d"] = expected[h]
    return table


def true_items(story: Story) -> Table:
    """What makes an item sell."""
    catalogue = story.catalogue
    return {
        "item": story.item_ids[:-1],
        "quality": catalogue.quality,
        "popularity": catalogue.popularity,
        "price_level": catalogue.level,
        "price_rise": catalogue.price_index[catalogue.category, story.days - 1] - 1,
    }


def true_orders(story: Story, returned: Ints) -> Table:
    """What became of the orders in the log; `returned` is the line that came back of each, or -1."""
    orders, inside = story.orders, story.instant < story.end
    goods = np.where(returned >= 0, story.line_item[np.maximum(returned, 0)], -1) if len(returned) else returned
    delivered = midnight(orders["day"] + orders["transit"]) + 12 * 3600 * SECOND
    truth: Table = {
        "order": story.order_ids[:-1],
        "user": story.customer_ids[orders["who"]],
        "time": stamp(story.instant),
        "delivered": stamp(delivered),
        "late": orders["late"] > 0,
        "returned_item": story.item_ids[goods],
        "complained": orders["complained"] > 0,
        "resolved": orders["resolved"] > 0,
    }
    return {name: values[inside] for name, values in truth.items()}


def true_channels(word: int) -> Table:
    """What acquisition channels do."""
    return {
        "channel": labels(CHANNELS, word)[:-1],
        "rate_factor": column(CHANNELS, "rate"),
        "p_one_purchase_only": column(CHANNELS, "once"),
        "spend_factor": column(CHANNELS, "spend"),
        "cost": column(CHANNELS, "cost"),
    }


def true_pairs(story: Story) -> Table:
    """Give the planted complements."""
    names = story.item_ids
    left, right, chance = zip(*story.catalogue.pairs, strict=True)
    return {"item": names[np.array(left)], "consequent": names[np.array(right)], "probability": np.array(chance)}


def true_days(story: Story) -> Table:
    """What each day of the log brought to all."""
    table: Table = {"day": stamp(midnight(np.arange(story.days)))}
    for name in ("season", "promotion", "congestion", "competitor"):
        table[name] = getattr(story.calendar, name)[: story.days]
    return table
