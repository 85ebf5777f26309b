"""What is in the orders: the items that a customer chooses, the baskets, the money."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from patron.demo.days import Calendar
from patron.demo.draws import Bools, Column, Floats, Ints, draw
from patron.demo.vocabulary import CATEGORIES, column, words
from patron.demo.world import Catalogue, People, taste

__all__ = ["Story", "choose", "fill_baskets", "pay"]


@dataclass
class Story:
    """Everything the run left behind, on its way to the tables."""

    seed: int
    days: int
    word: int  # 0 English, 1 Chinese
    people: People
    catalogue: Catalogue
    calendar: Calendar
    start: int
    end: int
    orders: dict[str, Ints]  # by instant
    instant: Ints
    line_order: Ints = field(init=False)
    line_item: Ints = field(init=False)
    line_driver: Ints = field(init=False)  # 0 taste, 1 habit, 2 complement
    quantity: Floats = field(init=False)
    paid: Floats = field(init=False)
    off: Floats = field(init=False)

    @cached_property
    def customer_ids(self) -> Column:
        """Names of customers; the last entry is None, here and below."""
        return _ids("C", len(self.people.arrival), 6)

    @cached_property
    def item_ids(self) -> Column:
        """Names of items."""
        return _ids("P", len(self.catalogue.category), 5)

    @cached_property
    def order_ids(self) -> Column:
        """Names of orders."""
        return _ids("O", len(self.instant), 7)

    @cached_property
    def campaign_ids(self) -> Column:
        """Names of campaigns."""
        return _ids("CP", len(self.calendar.campaign), 3)

    @cached_property
    def line_who(self) -> Ints:
        """Customer of each line."""
        return self.orders["who"][self.line_order]

    @cached_property
    def line_instant(self) -> Ints:
        """When each line was paid."""
        return self.instant[self.line_order]

    @cached_property
    def first_line(self) -> Ints:
        """First line of each order."""
        out: Ints = np.searchsorted(self.line_order, np.arange(len(self.instant)))
        return out


def _ids(prefix: str, count: int, width: int) -> Column:
    return words([f"{prefix}{i:0{width}d}" for i in range(count)])


def _fixed_noise(who: Ints, item: Ints) -> Floats:
    """Give a number in (0, 1) that hangs on customer and item alone (by the constants of splitmix64)."""
    mixed = who.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + item.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: Floats = ((mixed >> np.uint64(33)).astype(np.float64) + 0.5) / 2.0**31
    return out


def choose(rng: np.random.Generator, story: Story, who: Ints, day: Ints, category: Any = None) -> tuple[Ints, Bools]:
    """Choose an item for each (customer, day), in a given category or one to taste; also say whether out of habit."""
    people, catalogue, m = story.people, story.catalogue, len(who)
    item, usual = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=bool)
    peak = column(CATEGORIES, "peak") - 1
    swing = column(CATEGORIES, "swing")
    stickiness = column(CATEGORIES, "habit")
    wave = 1 + swing * np.cos(2 * np.pi * (np.arange(12)[:, None] - peak) / 12)
    if category is None:
        category = np.zeros(m, dtype=np.int64)
        for lo in range(0, m, 65536):  # bounded memory
            some = slice(lo, lo + 65536)
            category[some] = draw(rng, taste(people, who[some], day[some]) * wave[story.calendar.month[day[some]]])
    u = rng.random((2, m))
    for c in range(len(CATEGORIES)):
        rows = np.flatnonzero(category == c)
        shelf = np.arange(catalogue.first[c], catalogue.first[c + 1])
        for lo in range(0, len(rows), 65536):
            part = rows[lo : lo + 65536]
            gap = catalogue.level[shelf] - people.spend[who[part]][:, None]
            weights = catalogue.popularity[shelf] * np.exp(-0.4 * gap**2) * (catalogue.launch[shelf] <= day[part][:, None])
            item[part] = shelf[draw(rng, weights + 1e-12 * (catalogue.launch[shelf] == 0))]
            # The usual item hangs on the customer alone: the best match under noise that never changes.
            sticks = u[0, part] < stickiness[c] * people.habit[who[part]]
            own = part[sticks]
            gumbel = -np.log(-np.log(_fixed_noise(who[own][:, None], shelf)))
            score = np.log(catalogue.popularity[shelf]) - 0.4 * gap[sticks] ** 2 + 2 * gumbel
            score[:, catalogue.launch[shelf] > 0] = -np.inf
            item[own] = shelf[np.argmax(score, axis=1)]
            usual[own] = True
    return item, usual


def fill_baskets(rng: np.random.Generator, story: Story) -> None:
    """Fill all orders: order, item and driver of each line; an item comes once in an order."""
    catalogue, who, day = story.catalogue, story.orders["who"], story.orders["day"]
    fill = np.minimum(story.people.basket[who] * (1 + 2 * story.calendar.promotion[day]), 0.95)
    count = 1 + (rng.random((4, len(who))) < fill).sum(axis=0)
    order = np.repeat(np.arange(len(who)), count)
    item, usual = choose(rng, story, who[order], day[order])
    lines = [(order, item, usual.astype(np.int64))]
    for antecedent, consequent, chance in catalogue.pairs:
        with_it = order[item == antecedent]
        with_it = with_it[rng.random(len(with_it)) < chance]
        lines.append((with_it, np.full(len(with_it), consequent), np.full(len(with_it), 2)))
    order, item, driver = (np.concatenate(part) for part in zip(*lines, strict=True))
    _, keep = np.unique(order * len(catalogue.category) + item, return_index=True)
    keep = keep[np.lexsort((keep, order[keep]))]
    story.line_order, story.line_item, story.line_driver = order[keep], item[keep], driver[keep]


def pay(rng: np.random.Generator, story: Story) -> None:
    """Quantity, amount and discount of each line, to the cent."""
    catalogue, item = story.catalogue, story.line_item
    day = story.orders["day"][story.line_order]
    category = catalogue.category[item]
    often = column(CATEGORIES, "habit")[category] >= 0.5
    story.quantity = 1.0 + (rng.random((3, len(item))) < np.where(often, 0.25, 0.02)).sum(axis=0)
    rate = np.where(rng.random(len(item)) < 0.2, 0.05 + 0.1 * rng.random(len(item)), 0.0)
    rate = np.maximum(rate, story.calendar.promotion[day] * (0.7 + 0.6 * rng.random(len(item))))
    rate += 0.08 * (story.orders["campaign"][story.line_order] >= 0)  # the coupon
    full = np.round(catalogue.price[item] * catalogue.price_index[category, day], 2) * story.quantity
    story.paid = np.round(full * (1 - rate), 2)
    story.off = np.round(full - story.paid, 2)
