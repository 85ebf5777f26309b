"""The log: each order, visit, delivery and campaign as the rows of events that the shop sees of it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from patron.demo.days import DAY, FUTURE_DAYS, SECOND, clock, midnight, stamp
from patron.demo.draws import Bools, Column, Ints, Table, pick, stream
from patron.demo.orders import Story, choose
from patron.demo.vocabulary import (
    AGAIN_CONTACT,
    BAD,
    BRANDS,
    DESK,
    FAIR,
    GOOD,
    LATE_CONTACT,
    MESSAGING,
    OUTBOX,
    QUERIES,
    QUESTION_CONTACT,
    RETURN_CONTACT,
    RETURN_REASONS,
    SLOW,
    STYLES,
    TOUCHPOINT_SHARES,
    Pair,
    labels,
)

__all__ = ["KINDS", "Log", "log_aftermath", "log_campaigns", "log_referrals", "log_sessions", "phrase"]

KINDS = (
    "login", "search", "view", "cart", "remove_cart", "purchase", "return", "review", "share", "refer", "contact", "impression",
)  # fmt: skip


def phrase(story: Story, pattern: Pair, item: int) -> str:
    """Fill a pattern, in the language of the shop, with the words of an item."""
    catalogue, word = story.catalogue, story.word
    return pattern[word].format(
        noun=catalogue.nouns[catalogue.noun[item]][word],
        brand=BRANDS[catalogue.brand[item]][word],
        style=STYLES[catalogue.style[item]][word],
    )


class Log:
    """Rows of the log as codes, chunk by chunk; a code of -1 is a missing value."""

    CODES = ("who", "time", "item", "order", "channel", "campaign", "surface", "query", "text", "session")
    NUMBERS = ("amount", "quantity", "discount", "rating")

    def __init__(self, story: Story) -> None:
        self.story = story
        self.chunks: list[dict[str, Column]] = []
        self.texts: list[str] = []

    def add(self, kind: str, who: Ints, time: Ints, where: Bools | None = None, **columns: Any) -> None:
        """Add a row for each customer in `who`, or for those of them where `where` holds."""
        chunk: dict[str, Column] = {"kind": np.full(len(who), KINDS.index(kind)), "who": who, "time": time}
        for name in self.CODES[2:]:
            chunk[name] = np.broadcast_to(np.asarray(columns.pop(name, -1), dtype=np.int64), who.shape)
        for name in self.NUMBERS:
            chunk[name] = np.broadcast_to(np.asarray(columns.pop(name, np.nan), dtype=np.float64), who.shape)
        assert not columns, f"Unknown columns {sorted(columns)}"
        self.chunks.append(chunk if where is None else {name: values[where] for name, values in chunk.items()})

    def say(self, rng: np.random.Generator, patterns: list[Pair], items: Ints) -> Ints:
        """Codes for a text about each item, in one of the patterns."""
        return self._text([(patterns[c], i) for c, i in zip(pick(rng, len(items), np.ones(len(patterns))), items, strict=True)])

    def query(self, rng: np.random.Generator, items: Ints) -> Ints:
        """Codes for a query that leads to each item."""
        return self._queries[pick(rng, len(items), (10, 4, 3, 2)), items]

    @cached_property
    def _queries(self) -> Ints:
        """Codes of shape (patterns, items): queries repeat, so each spelling is stored once."""
        every = range(len(self.story.catalogue.category))
        return np.stack([self._text([(pattern, i) for i in every]) for pattern in QUERIES])

    def _text(self, lines: list[tuple[Pair, int]]) -> Ints:
        first = len(self.texts)
        self.texts += [phrase(self.story, pattern, i) for pattern, i in lines]
        return np.arange(first, len(self.texts))

    def columns(self, start: int, end: int) -> dict[str, Column]:
        """Join the rows of [start, end)."""
        inside = [(chunk["time"] >= start) & (chunk["time"] < end) for chunk in self.chunks]
        names = ("kind", *self.CODES, *self.NUMBERS)
        parts = {name: [chunk[name][keep] for chunk, keep in zip(self.chunks, inside, strict=True)] for name in names}
        return {name: np.concatenate(values) for name, values in parts.items()}


def log_sessions(log: Log, visits: Ints) -> None:
    """Visits: those that end in an order (session number = order number), then the others."""
    story, rng = log.story, stream(log.story.seed, 7)
    people, catalogue, orders = story.people, story.catalogue, story.orders
    n_orders = len(story.instant)

    def minutes(m: int) -> Ints:
        length: Ints = (np.clip(np.exp(6.1 + 0.6 * rng.standard_normal(m)), 60, 1500) * SECOND).astype(np.int64)
        return length

    def touch(who: Ints) -> Ints:
        return np.where(rng.random(len(who)) < 0.8, people.touchpoint[who], pick(rng, len(who), TOUCHPOINT_SHARES))

    def part(length: Ints, low: float, high: float) -> Ints:
        return (length * (low + (high - low) * rng.random(len(length)))).astype(np.int64)

    def browsed(m: int) -> Ints:
        return 1 + pick(rng, m, (4, 3, 3))

    # Before an order: search, view, cart, in this order for each line; views of rivals between them.
    who, length = orders["who"], minutes(n_orders)
    channel = touch(who)
    line, item = story.line_order, story.line_item
    searched = (rng.random(len(line)) < 0.5) & (story.line_driver == 0)
    surface = np.where(searched, 0, np.where(story.line_driver == 2, 3, browsed(len(line))))
    cart = part(length[line], 0.02, 0.3)
    view = cart + part(length[line], 0.05, 0.4)
    search = view + part(length[line], 0.01, 0.1)
    at = story.line_instant
    own: dict[str, Any] = {"surface": surface, "channel": channel[line], "session": line}
    log.add("search", who[line], at - search, searched, query=log.query(rng, item), **own)
    log.add("view", who[line], at - view, rng.random(len(line)) < np.where(story.line_driver == 2, 0.6, 0.95), item=item, **own)
    log.add("cart", who[line], at - cart, rng.random(len(line)) < 0.93, item=item, **own)
    own |= {"campaign": orders["campaign"][line], "amount": story.paid, "quantity": story.quantity, "discount": story.off}
    log.add("purchase", who[line], at, item=item, order=line, **own)
    first = story.first_line
    rivals = np.repeat(np.arange(n_orders), (rng.random((5, n_orders)) < 0.35).sum(axis=0))
    like = catalogue.category[item[first[rivals]]]
    other, _ = choose(rng, story, who[rivals], orders["day"][rivals], like)
    when = story.instant[rivals] - part(length[rivals], 0.2, 0.8)
    log.add("view", who[rivals], when, item=other, surface=2, channel=channel[rivals], session=rivals)
    own = {"channel": channel, "session": np.arange(n_orders)}
    log.add("login", who, story.instant - length, rng.random(n_orders) < 0.45, **own)

    # Visits without an order: half of those in the week before one look at what will be bought.
    who, day = visits
    m = len(who)
    begin = clock(rng, story.calendar, day)
    length, channel = minutes(m), touch(visits[0])
    wide = np.int64(story.days + 10 * FUTURE_DAYS)
    by_customer = np.argsort(orders["who"] * wide + orders["day"], kind="stable")
    keys = (orders["who"] * wide + orders["day"])[by_customer]
    coming = np.searchsorted(keys, who * wide + day)
    soon = np.flatnonzero((coming < n_orders) & (rng.random(m) < 0.5))
    nearest = by_customer[coming[soon]]
    near = (orders["who"][nearest] == who[soon]) & (orders["day"][nearest] - day[soon] <= 7)
    near &= catalogue.launch[item[first[nearest]]] <= day[soon]
    soon, nearest = soon[near], nearest[near]
    visit = np.repeat(np.arange(m), 1 + (rng.random((6, m)) < 0.45).sum(axis=0))
    item, _ = choose(rng, story, who[visit], day[visit])
    opening = np.searchsorted(visit, np.arange(m))
    item[opening[soon]] = story.line_item[first[nearest]]
    at = begin[visit] + part(length[visit], 0.1, 0.9)
    hit = (rng.random(m) < 0.5)[visit]
    surface = np.where(hit, 0, browsed(len(visit)))
    own = {"surface": surface, "channel": channel[visit], "session": n_orders + visit}
    asked = hit & (rng.random(len(visit)) < 0.55)
    carted = rng.random(len(visit)) < 0.09
    dropped = carted & (rng.random(len(visit)) < 0.3)
    log.add("search", who[visit], at - 4 * SECOND, asked, query=log.query(rng, item), **own)
    log.add("view", who[visit], at, item=item, **own)
    log.add("cart", who[visit], at + 15 * SECOND, carted, item=item, **own)
    log.add("remove_cart", who[visit], at + 75 * SECOND, dropped, item=item, **own)
    log.add("share", who[visit], at + 9 * SECOND, rng.random(len(visit)) < 0.012, item=item, **own)
    log.add("login", who, begin, rng.random(m) < 0.45, channel=channel, session=n_orders + np.arange(m))
    rows = np.flatnonzero(rng.random(m) < 0.015)
    about = item[opening[rows]]
    own = {"item": about, "channel": DESK + pick(rng, len(rows), (6, 3, 1)), "session": n_orders + rows}
    log.add("contact", who[rows], begin[rows] + length[rows], text=log.say(rng, QUESTION_CONTACT, about), **own)


def log_aftermath(log: Log) -> Ints:
    """Log what follows orders: return, complaint, review; give the line that was returned of each, or -1."""
    story, rng = log.story, stream(log.story.seed, 8)
    people, catalogue, orders = story.people, story.catalogue, story.orders
    who, line, item = orders["who"], story.line_order, story.line_item
    first = story.first_line
    day_start = midnight(orders["day"])

    def later(rows: Ints, days: Ints) -> Ints:
        """Draw an instant some local days after the order, in waking hours."""
        out: Ints = day_start[rows] + days * DAY + ((8 + 14 * rng.random(len(rows))) * 3600 * SECOND).astype(np.int64)
        return out

    # Of an order that is partly returned, the worse lines come back.
    order_lines = np.lexsort((catalogue.quality[item] + 0.8 * rng.standard_normal(len(item)), line))
    back = np.where(orders["returned"] > 0, order_lines[first], -1)
    rows = np.flatnonzero(back >= 0)
    gone = back[rows]
    own: dict[str, Any] = {"item": item[gone], "order": rows, "channel": people.touchpoint[who[rows]]}
    own |= {"amount": -story.paid[gone], "quantity": -story.quantity[gone], "text": log.say(rng, RETURN_REASONS, item[gone])}
    log.add("return", who[rows], later(rows, orders["return_lag"][rows]), **own)

    rows = np.flatnonzero(orders["complained"] > 0)
    about = item[np.where(back[rows] >= 0, back[rows], first[rows])]
    when = later(rows, orders["complaint_lag"][rows])
    own = {"item": about, "order": rows, "channel": DESK + pick(rng, len(rows), (5, 4, 1))}
    slow = orders["late"][rows] > 0
    log.add("contact", who[rows], when, slow, text=log.say(rng, LATE_CONTACT, about), **own)
    log.add("contact", who[rows], when, ~slow, text=log.say(rng, RETURN_CONTACT, about), **own)
    unheard = orders["resolved"][rows] == 0
    log.add("contact", who[rows], when + 2 * DAY, unheard, text=log.say(rng, AGAIN_CONTACT, about), **own)

    reviewed = np.flatnonzero(rng.random(len(line)) < 0.22)
    of, about = line[reviewed], item[reviewed]
    score = 4.3 + 0.6 * catalogue.quality[about] - 1.4 * orders["late"][of] - 1.5 * (back[of] == reviewed)
    score += 0.8 * rng.standard_normal(len(reviewed)) - 0.3 * np.log(people.fussiness[who[of]])
    stars = np.clip(np.round(score), 1, 5)
    tales = np.stack([log.say(rng, patterns, about) for patterns in (GOOD, FAIR, BAD, SLOW)])
    which = np.where(stars >= 4, 0, np.where(stars >= 3, 1, np.where(orders["late"][of] > 0, 3, 2)))
    when = later(of, orders["transit"][of] + 1 + (5 * rng.random(len(of))).astype(np.int64))
    own = {"item": about, "order": of, "channel": people.touchpoint[who[of]], "rating": stars}
    log.add("review", who[of], when, text=tales[which, np.arange(len(which))], **own)
    return back


def log_referrals(log: Log, signup: Ints) -> Ints:
    """Who brought each customer of the referral channel, -1 for nobody: someone with an order shortly before."""
    story, rng = log.story, stream(log.story.seed, 9)
    people = story.people
    by = np.full(len(signup), -1, dtype=np.int64)
    new = np.flatnonzero(people.channel == 3)
    before = np.searchsorted(story.instant, signup[new])
    back = 1 + (rng.random(len(new)) * np.minimum(before, 150)).astype(np.int64)
    new, source = new[before > 0], (before - back)[before > 0]
    by[new] = story.orders["who"][source]
    since = story.instant[source]
    time = since + (rng.random(len(new)) * np.minimum(signup[new] - since, 3 * DAY)).astype(np.int64)
    log.add("refer", by[new], time, channel=people.touchpoint[by[new]])
    return by


def log_campaigns(log: Log, drawn: Any) -> tuple[Table, Table]:
    """Log the messages; give the tables of who was drawn, as the shop sees it and in truth."""
    story, rng = log.story, stream(log.story.seed, 11)
    who, campaign, day = drawn[0].astype(np.int64), drawn[1].astype(np.int64), drawn[2].astype(np.int64)
    treated = drawn[3] > 0
    means = campaign % len(MESSAGING)
    # Sent at ten in the morning, within twenty minutes.
    time = midnight(day) + 10 * 3600 * SECOND + (rng.random(len(who)) * 1200 * SECOND).astype(np.int64)
    log.add("impression", who, time, treated, campaign=campaign, channel=OUTBOX + means, surface=4)
    both: Table = {"user": story.customer_ids[who], "campaign": story.campaign_ids[campaign], "treated": treated}
    seen = both | {"time": stamp(time), "channel": labels(MESSAGING, story.word)[means]}
    chances = drawn[4].astype(np.float64), drawn[5].astype(np.float64)
    truth = both | {"p_buy_treated": chances[0], "p_buy_control": chances[1], "uplift": chances[0] - chances[1]}
    return seen, truth
