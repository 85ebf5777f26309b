"""The tables that the shop has: events with their dirt, users, items."""

from __future__ import annotations

import numpy as np

from patron.demo.days import DAY, midnight, stamp
from patron.demo.draws import Column, Ints, Table, stream
from patron.demo.log import KINDS, Log, phrase
from patron.demo.orders import Story
from patron.demo.vocabulary import (
    BRANDS,
    CATEGORIES,
    CHANNELS,
    CITIES,
    GENDERS,
    LEVELS,
    MEETINGS,
    SURFACES,
    TRADERS,
    labels,
    words,
)

__all__ = ["events_table", "items_table", "users_table"]


def _sellers(word: int) -> Column:
    store = (" flagship store", "旗舰店")[word]
    return words([pair[word] + store for pair in BRANDS] + [pair[word] for pair in TRADERS])


def events_table(log: Log) -> tuple[Table, Table, dict[str, int]]:
    """Codes to words, then the dirt: few rows, no row spoilt twice."""
    story, rng = log.story, stream(log.story.seed, 12)
    rows = log.columns(story.start, story.end)
    catalogue, word = story.catalogue, story.word
    n = len(rows["time"])
    order = rng.permutation(n)
    copied, stray, blank = order[: n // 800], order[n // 800 : n // 800 + n // 1500], order[n // 800 + n // 1500 :]
    blank = blank[rows["kind"][blank] == KINDS.index("purchase")]
    blank = blank[: len(blank) // 300]
    index = np.concatenate([np.arange(n), copied])
    index = index[np.lexsort((index, rows["time"][index]))]
    rows = {name: values[index] for name, values in rows.items()}
    stain = np.full(n, -1, dtype=np.int64)
    stain[stray], stain[blank] = 1, 2
    stain = stain[index]
    stain[1:][index[1:] == index[:-1]] = 0
    names = story.customer_ids
    goods = rows["item"]
    spoken = words(log.texts)
    money = (rows["kind"] == KINDS.index("purchase")) | (rows["kind"] == KINDS.index("return"))
    user = names[np.where(stain == 1, -1, rows["who"])]
    # An extra last entry of -1 sends a missing item to the missing category, brand and seller.
    through = {name: np.append(getattr(catalogue, name), -1)[goods] for name in ("category", "brand", "seller")}
    events: Table = {
        "user": user,
        "time": stamp(rows["time"]),
        "event": words(KINDS)[rows["kind"]],
        "item": story.item_ids[goods],
        "amount": np.where(stain == 2, np.nan, rows["amount"]),
        "quantity": rows["quantity"],
        "discount": rows["discount"],
        "order": story.order_ids[rows["order"]],
        "category": labels(CATEGORIES, word)[through["category"]],
        "brand": labels(BRANDS, word)[through["brand"]],
        "seller": _sellers(word)[through["seller"]],
        "channel": labels(MEETINGS, word)[rows["channel"]],
        "campaign": story.campaign_ids[rows["campaign"]],
        "surface": words(SURFACES)[rows["surface"]],
        "query": spoken[rows["query"]],
        "rating": rows["rating"],
        "text": spoken[rows["text"]],
        "currency": words(["CNY"])[np.where(money, 0, -1)],
    }
    kinds = ("duplicate", "missing_user", "missing_amount")
    truth: Table = {
        "dirt": words(kinds)[stain],
        "true_user": names[rows["who"]],
        "true_amount": rows["amount"],
        "session": rows["session"],
    }
    return events, truth, {kind: int((stain == i).sum()) for i, kind in enumerate(kinds)}


def _holes(rng: np.random.Generator, values: Column, share: float) -> Column:
    out = values.copy()
    out[rng.random(len(values)) < share] = None if values.dtype == object else np.nan
    return out


def users_table(story: Story, signup: Ints, referred: Ints) -> Table:
    """Attributes of customers, some missing."""
    rng = stream(story.seed, 13)
    people, word, n = story.people, story.word, len(story.people.arrival)
    recent = (story.line_instant < story.end) & (story.line_instant >= story.end - 365 * DAY)
    spent = np.bincount(story.line_who[recent], story.paid[recent], minlength=n)
    level = np.searchsorted([600.0, 2000.0, 6000.0], spent, side="right")
    return {
        "user": story.customer_ids[:-1],
        "gender": _holes(rng, labels(GENDERS, word)[np.where(people.woman, 0, 1)], 0.08),
        "birth_year": _holes(rng, people.birth.astype(np.float64), 0.12),
        "city": _holes(rng, labels(CITIES, word)[people.city], 0.04),
        "member_level": labels(LEVELS, word)[level],
        "signup": stamp(signup),
        "acquisition_channel": labels(CHANNELS, word)[people.channel],
        "referred_by": story.customer_ids[referred],
    }


def items_table(story: Story) -> Table:
    """Attributes of items, some costs missing."""
    rng = stream(story.seed, 14)
    catalogue, word = story.catalogue, story.word
    pattern = "{brand} {noun}, {style}", "{brand}{noun} {style}"
    return {
        "item": story.item_ids[:-1],
        "title": words([phrase(story, pattern, i) for i in range(len(catalogue.category))])[:-1],
        "category": labels(CATEGORIES, word)[catalogue.category],
        "brand": labels(BRANDS, word)[catalogue.brand],
        "price": catalogue.price,
        "cost": _holes(rng, catalogue.cost, 0.02),
        "seller": _sellers(word)[catalogue.seller],
        "launched": stamp(midnight(catalogue.launch)),
    }
