"""The run, day by day over all customers at once: what they remember, when they order, look in and leave."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from patron.demo.days import FUTURE_DAYS, HORIZONS, Calendar
from patron.demo.draws import Bools, Floats, Ints, draw, stream
from patron.demo.world import Catalogue, People, taste

__all__ = ["NEVER", "ORDER_FIELDS", "REASONS", "State", "expectations", "joined", "live", "make_state", "take"]

# fmt: off
REASONS = (
    "drifted_away", "late_deliveries", "returns", "unresolved_complaint", "price_rise", "too_many_messages", "competitor",
    "one_off_need", "never_bought",
)
_ONE_OFF, NEVER = 7, 8
_LATE, _RETURNED, _COMPLAINT, _PRICE, _MESSAGES = range(5)  # rows of the memory, in the order of REASONS[1:6]
ORDER_FIELDS = (
    "who", "day", "transit", "late", "returned", "return_lag", "complained", "resolved", "complaint_lag", "campaign",
)
# fmt: on
_CAMPAIGN_DAYS = 10
_RING = 40  # days; a grievance lies less than that ahead
_APATHY = 0.25  # how much a grievance slows orders


@dataclass
class State:
    """What changes about each customer; the last axis of every array is the customer."""

    last: Ints  # day of the last order
    bought: Bools
    quit_day: Ints  # -1 while alive
    reason: Ints
    memory: Floats  # (5, n)
    pending: Floats  # (3, _RING, n): late deliveries, returns, complaints still to be felt
    life: Floats  # factor of the present life event
    life_until: Ints
    life_events: Ints
    push: Floats  # factor of the present campaign
    push_until: Ints
    push_campaign: Ints  # -1: none, or held out


def make_state(n: int) -> State:
    """`n` customers before the first day."""
    zero, one, never = np.zeros(n, dtype=np.int64), np.ones(n), np.full(n, -1, dtype=np.int64)
    start = State(zero, zero > 0, never, never, np.zeros((5, n)), np.zeros((3, _RING, n)), one, never, zero, one, never, never)
    return take(start, np.arange(n))  # no array is shared


@dataclass
class Record:
    """What happened, one small array a day for each of its fields."""

    orders: list[Ints] = dataclasses.field(default_factory=list)  # (len(ORDER_FIELDS), m)
    visits: list[Ints] = dataclasses.field(default_factory=list)  # (2, m): who, day
    campaigns: list[Floats] = dataclasses.field(default_factory=list)  # (6, m): who, campaign, day, treated, p1, p0


Rows = TypeVar("Rows", People, State)


def take(rows: Rows, index: Ints) -> Rows:
    """Take the same structure for some customers, in the order of `index`, repeats allowed."""
    fields = dataclasses.fields(rows)
    return type(rows)(**{field.name: getattr(rows, field.name).take(index, axis=-1) for field in fields})


def _appetite(people: People, state: State, calendar: Calendar, day: int, age: Any) -> Floats:
    """Integrated hazard of an order on one day, `age` days after the last one, campaigns left aside."""
    hazard = ((age / people.scale) ** people.shape) - ((age - 1) / people.scale) ** people.shape
    lure = calendar.season[day] * (1 + 3 * calendar.promotion[day] * people.price_sensitivity)
    rival = 1 - 0.5 * people.exposed * calendar.competitor[day]
    out: Floats = hazard * state.life * lure * rival * np.exp(-_APATHY * state.memory.sum(axis=0))
    return out


def live(
    people: People, state: State, catalogue: Catalogue, calendar: Calendar, days: range, rng: np.random.Generator
) -> Record:
    """Run the customers through some days; changes `state`."""
    record = Record()
    n = len(people.arrival)
    everyone = np.arange(n)
    fade = 0.5 ** (1 / 35)
    for day in days:
        u = rng.random((5, n))
        slot = day % _RING
        state.memory *= fade
        state.memory[:3] += state.pending[:, slot]
        state.pending[:, slot] = 0
        here = (people.arrival <= day) & (state.quit_day < 0)
        jump = catalogue.price_index[:, day] / catalogue.price_index[:, max(day - 1, 0)] - 1
        if jump.any():
            felt = taste(people, everyone, day) @ jump
            state.memory[_PRICE] += 40 * felt * people.price_sensitivity * state.bought

        # Life events slow or stir, for weeks or months.
        state.life[state.life_until == day] = 1.0
        struck = np.flatnonzero((u[0] < 1 / 500) & here & (state.life_until < day))
        if len(struck):
            state.life[struck] = np.where(rng.random(len(struck)) < 0.65, 0.25, 1.9)
            state.life_until[struck] = day + 1 + np.exp(3.9 + 0.6 * rng.standard_normal(len(struck))).astype(np.int64)
            state.life_events[struck] += 1

        # Leaving: the reasons compete.
        tenure = day - people.first_day
        bound = here & state.bought
        hurt = state.memory / (240 * people.patience)
        drift = (0.4 + 2.2 * np.exp(-np.maximum(tenure, 0) / 70.0)) / (1300 * people.patience)
        rivalry = 0.006 * people.exposed * calendar.competitor[day] * (0.3 + people.price_sensitivity) / people.patience
        hazard = drift + hurt.sum(axis=0) + rivalry
        done = bound & (tenure >= people.leaves_after)
        leaving = np.flatnonzero((bound & (u[1] < -np.expm1(-hazard))) | done)
        if len(leaving):
            parts = np.vstack([drift[leaving], hurt[:, leaving], rivalry[leaving]]).T
            state.reason[leaving] = np.where(done[leaving], _ONE_OFF, draw(rng, parts))
            state.quit_day[leaving] = day
            here[leaving] = False

        # A campaign is drawn half and half among those who bought within a year, gone or not: the shop cannot know.
        campaign = int(calendar.campaign[day])
        if campaign >= 0:
            drawn = np.flatnonzero(state.bought & (day - state.last < 365) & (rng.random(n) < 0.8))
            treated = rng.random(len(drawn)) < 0.5
            some = take(people, drawn)
            then = take(state, drawn)
            total = np.zeros(len(drawn))
            for ahead in range(min(_CAMPAIGN_DAYS, len(calendar.season) - day)):
                total += _appetite(some, then, calendar, day + ahead, day + ahead - then.last)
            total[then.quit_day >= 0] = 0.0
            irritation = np.where(some.kind == 3, 1.2, 0.05)
            chances = -np.expm1(-total * some.respond * np.exp(-_APATHY * irritation)), -np.expm1(-total)
            same = np.ones(len(drawn))
            record.campaigns.append(np.stack([drawn, campaign * same, day * same, treated, *chances]))
            reached = drawn[treated]
            state.push[reached] = people.respond[reached]
            state.push_until[reached] = day + _CAMPAIGN_DAYS
            state.push_campaign[reached] = campaign
            state.memory[_MESSAGES, reached] += irritation[treated]
        over = state.push_until == day
        state.push[over] = 1.0
        state.push_campaign[over] = -1

        # Orders.
        age = np.maximum(day - state.last, 1)
        hazard = _appetite(people, state, calendar, day, age) * state.push
        buys = here & np.where(state.bought, u[2] < -np.expm1(-hazard), people.first_day == day)
        who = np.flatnonzero(buys)
        if len(who):
            state.last[who] = day
            state.bought[who] = True
            m = len(who)
            v = rng.random((8, m))
            late = v[0] < np.minimum(people.late[who] * (1 + 3 * calendar.congestion[day]), 0.8)
            transit = 1 + (3 * v[1]).astype(np.int64) + late * (4 + (7 * v[2]).astype(np.int64))
            returned = v[3] < np.minimum(0.07 * people.fussiness[who] * np.where(late, 1.8, 1.0), 0.5)
            return_lag = transit + 1 + (8 * v[4]).astype(np.int64)
            complained = v[5] < np.where(late, 0.35, 0.0) + np.where(returned, 0.22, 0.0) + 0.004
            complaint_lag = transit + (3 * v[6]).astype(np.int64)
            resolved = complained & (v[7] < 0.65)
            state.pending[_LATE, (day + transit) % _RING, who] += late
            state.pending[_RETURNED, (day + return_lag) % _RING, who] += 0.6 * returned
            # An answer takes the sting out; silence is felt five days later.
            state.pending[_COMPLAINT, (day + complaint_lag + 5) % _RING, who] += 2.5 * (complained & ~resolved)
            columns = (who, who * 0 + day, transit, late, returned, return_lag, complained, resolved, complaint_lag)
            record.orders.append(np.stack([*columns, state.push_campaign[who]]).astype(np.int64))

        # Sessions without an order; those who left still look in now and then.
        mood = np.exp(-0.3 * state.memory.sum(axis=0)) * np.sqrt(state.life * calendar.season[day])
        present = (people.arrival <= day) & ((state.quit_day < 0) | (day - state.quit_day < 120))
        looks = present & (u[3] < people.browse * np.where(state.quit_day < 0, 1.0, 0.12) * mood) & ~buys
        if looks.any():
            seen = np.flatnonzero(looks)
            record.visits.append(np.stack([seen, np.full(len(seen), day)]))
    return record


def joined(parts: list[Any], rows: int) -> Any:
    """Join the days of a field of `Record`, also when there are none."""
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), dtype=np.int64)


def expectations(
    seed: int, people: People, state: State, catalogue: Catalogue, calendar: Calendar, days: int
) -> dict[int, tuple[Floats, Floats, Floats]]:
    """For each horizon: expected orders, chance of none, chance to leave; by running the living on, many times."""
    n = len(people.arrival)
    bound = people.first_day < days + FUTURE_DAYS
    living = np.flatnonzero((state.quit_day < 0) & bound)
    sums = {h: (np.zeros(n), np.zeros(n), np.zeros(n)) for h in HORIZONS}
    block = max(1, 16384 // max(len(living), 1))
    runs = 0
    rng = stream(seed, 5)
    while len(living) and runs < 40:
        index = np.tile(living, block)
        state_now = take(state, index)
        orders = joined(
            live(take(people, index), state_now, catalogue, calendar, range(days, days + FUTURE_DAYS), rng).orders,
            len(ORDER_FIELDS),
        )
        for h, (count, none, gone) in sums.items():
            made = np.bincount(orders[0][orders[1] < days + h], minlength=len(index))
            left = (state_now.quit_day >= 0) & (state_now.quit_day < days + h)
            for total, value in ((count, made), (none, made == 0), (gone, left)):
                total += np.bincount(index, value, minlength=n)
        runs += block
    for count, none, gone in sums.values():
        for total in (count, none, gone):
            total /= max(runs, 1)
        none[np.setdiff1d(np.arange(n), living)] = 1.0
    return sums
