"""The world before anything happens in it: the catalogue, and the customers as they are made."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from patron.demo.days import FUTURE_DAYS, Calendar
from patron.demo.draws import Bools, Floats, Ints, pick, stream
from patron.demo.vocabulary import BRANDS, CATEGORIES, CHANNELS, CITIES, COMPLEMENTS, STYLES, TOUCHPOINT_SHARES, Pair, column

__all__ = ["Catalogue", "People", "make_catalogue", "make_people", "taste"]


@dataclass
class Catalogue:
    """Items, grouped by category: items of category c are rows first[c] to first[c + 1]."""

    first: Ints
    category: Ints
    noun: Ints
    style: Ints
    brand: Ints
    seller: Ints
    price: Floats
    cost: Floats
    popularity: Floats
    quality: Floats  # about 0, spread 1
    level: Floats  # price against the category, in its own deviations
    launch: Ints  # day
    price_index: Floats  # (categories, days)
    nouns: list[Pair]
    pairs: list[tuple[int, int, float]]


def make_catalogue(seed: int, days: int) -> Catalogue:
    """Stock the shelves: brands, prices, quality, launches, price rises and planted complements."""
    rng = stream(seed, 1)
    nouns: list[Pair] = []
    category, noun, style, brand, price = [], [], [], [], []
    first = [0]
    for c, spec in enumerate(CATEGORIES):
        house = rng.permutation(len(BRANDS))[:6]
        standing = np.exp(0.35 * rng.standard_normal(6))
        for piece in spec.nouns.split(","):
            english, chinese, base = piece.strip().split(":")
            for one in rng.permutation(len(STYLES))[: 2 + int(rng.random() * 5)]:
                b = int(pick(rng, 1, 1 / np.arange(1.0, 7.0))[0])
                category.append(c)
                noun.append(len(nouns))
                style.append(int(one))
                brand.append(int(house[b]))
                price.append(float(base) * standing[b] * math.exp(0.4 * rng.standard_normal()))
            nouns.append((english, chinese))
        first.append(len(category))
    n, bounds, raw, nature = len(category), np.array(first), np.array(price), np.array(noun)
    money = np.maximum(np.where(raw > 60, np.round(raw) - 0.1, np.round(raw, 1)), 4.9).round(2)
    level, popularity = np.empty(n), np.empty(n)
    for lo, hi in itertools.pairwise(bounds):
        logs = np.log(money[lo:hi])
        level[lo:hi] = (logs - logs.mean()) / max(float(logs.std()), 0.1)
        popularity[lo:hi] = 1 / (1 + rng.permutation(hi - lo)) ** 0.8
    quality = rng.standard_normal(n)
    late = rng.random(n) < 0.15
    launch = np.where(late, (rng.random(n) * days).astype(np.int64), 0)
    launch[bounds[:-1]] = 0  # no shelf is ever empty
    # A seller is the flagship store of the brand, or one of the traders who sell any brand.
    seller = np.where(rng.random(n) < 0.65, np.array(brand), len(BRANDS) + pick(rng, n, (4, 3, 2, 1)))
    index = np.ones((len(CATEGORIES), days + FUTURE_DAYS))
    for c in range(len(CATEGORIES)):
        for _ in range(int(rng.random() * 3)):
            index[c, int((0.15 + 0.8 * rng.random()) * days) :] *= 1.05 + 0.13 * rng.random()
    place = {english: i for i, (english, _) in enumerate(nouns)}
    pairs = []
    for antecedent, consequent, chance in COMPLEMENTS:
        left, every = np.flatnonzero(nature == place[antecedent]), np.flatnonzero(nature == place[consequent])
        right = every[launch[every] == 0]
        if len(right) == 0:
            right, launch[every[0]] = every, 0
        best = right[np.argmax(popularity[right])]
        pairs += [(int(item), int(best), chance) for item in left[np.argsort(-popularity[left], kind="stable")][:3]]
    cost = (money * (0.45 + 0.3 * rng.random(n))).round(2)
    codes = np.array(category), nature, np.array(style), np.array(brand), seller
    return Catalogue(bounds, *codes, money, cost, popularity, quality, level, launch, index, nouns, pairs)


@dataclass
class People:
    """What is fixed about each customer; the last axis of every array is the customer."""

    arrival: Ints  # day
    first_day: Ints  # day of the first order; beyond every day for those who never buy
    leaves_after: Ints  # days from the first order to leaving, for those who came for one purchase; else huge
    rhythm: Ints  # which of the three log-normals
    scale: Floats  # of the Weibull gaps, in days
    shape: Floats
    patience: Floats
    price_sensitivity: Floats
    browse: Floats  # sessions a day without an order
    basket: Floats
    spend: Floats  # price level sought, in deviations within a category
    habit: Floats
    fussiness: Floats
    exposed: Floats  # to the competitor
    late: Floats  # chance that a parcel is late
    respond: Floats  # factor on the rate under a campaign
    kind: Ints  # of responder
    channel: Ints
    city: Ints
    woman: Bools
    birth: Ints
    touchpoint: Ints
    turn: Ints  # day on which taste is half-way
    taste: Floats  # (2, categories, customers): before and after


def make_people(seed: int, n: int, days: int, calendar: Calendar) -> People:
    """Draw `n` customers in the order of their arrival."""
    rng = stream(seed, 3)
    u = rng.random

    def normal() -> Floats:
        return rng.standard_normal(n)

    growth = (0.6 + 0.8 * np.arange(days) / days) * np.sqrt(calendar.season[:days])
    growth[: min(21, days)] *= 3  # the opening
    arrival = np.sort(pick(rng, n, growth))
    channel = pick(rng, n, column(CHANNELS, "share"))
    city = pick(rng, n, column(CITIES, "share"))
    woman = u(n) < 0.56
    rhythm = pick(rng, n, (0.24, 0.46, 0.30))
    centre = np.log(np.array([17.0, 48.0, 120.0]))[rhythm]
    scale = np.exp(centre + 0.4 * normal()) / column(CHANNELS, "rate")[channel]
    wait = np.where(u(n) < 0.62, 0, 1 + (-9 * np.log1p(-u(n))).astype(np.int64))
    never = u(n) < 0.07
    once = u(n) < column(CHANNELS, "once")[channel]
    sensitivity = np.clip(rng.beta(2.0, 2.5, n), 0.01, 0.99)
    kind = np.where(u(n) < 0.1, 3, np.where(u(n) < 0.15 + 0.35 * sensitivity, 0, np.where(u(n) < 0.65, 1, 2)))
    respond = np.array([2.5, 1.05, 1.0, 0.6])[kind] * np.exp(0.1 * normal())
    share = column(CATEGORIES, "share")
    lean = column(CATEGORIES, "women")
    base = 6.0 * share / share.sum() * np.exp(np.where(woman[:, None], 0.5, -0.5) * lean)
    before, after = rng.standard_gamma(np.maximum(base * 0.6, 0.02), (2, *base.shape)) + 1e-9
    before /= before.sum(axis=1, keepdims=True)
    after /= after.sum(axis=1, keepdims=True)
    drift = np.where(u(n) < 0.25, 0.95, 0.2 * u(n))[:, None]  # a quarter changes for good, the others a little
    after = (1 - drift) * before + drift * after
    hostile = u(len(CITIES)) < 0.35  # cities in which the competitor opens
    return People(
        arrival=arrival,
        first_day=np.where(never, days + 10 * FUTURE_DAYS, arrival + wait),
        leaves_after=np.where(once, 1 + (25 * u(n)).astype(np.int64), 1 << 40),
        rhythm=rhythm,
        scale=scale,
        shape=1.15 + np.exp(-0.1 + 0.5 * normal()),
        patience=np.exp(0.7 * normal()),
        price_sensitivity=sensitivity,
        browse=np.clip(0.9 / scale, 0.004, 0.12) * np.exp(0.5 * normal()),
        basket=np.clip(rng.beta(1.6, 5.0, n), 0.01, 0.9),
        spend=normal() + 1.5 * np.log(column(CHANNELS, "spend"))[channel],
        habit=rng.beta(1.5, 1.5, n),
        fussiness=np.exp(0.6 * normal()),
        exposed=np.where(hostile[city], 0.9, 0.05) * (0.5 + 0.5 * u(n)),
        late=column(CITIES, "late")[city],
        respond=respond,
        kind=kind,
        channel=channel,
        city=city,
        woman=woman,
        birth=np.clip(np.round(1991 + 10 * normal()), 1945, 2007).astype(np.int64),
        touchpoint=pick(rng, n, TOUCHPOINT_SHARES),
        turn=arrival + (60 + 500 * u(n)).astype(np.int64),
        taste=np.stack([before.T, after.T]),
    )


def taste(people: People, who: Ints, day: Any) -> Floats:
    """Taste of some customers on some day, shape (customers, categories)."""
    weight = (1 / (1 + np.exp(-(day - people.turn[who]) / 20.0)))[:, None]
    before, after = people.taste[0].T[who], people.taste[1].T[who]
    out: Floats = (1 - weight) * before + weight * after
    return out
