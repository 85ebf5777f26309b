"""A simulated shop, with the truth kept beside it.

The log is what a shop would see; the ``truth_`` tables are what really held, so that a method can be judged
against the facts instead of against another method. The process is deliberately none of those that `patron` fits:

- A customer arrives through an acquisition channel, each channel with a quality of its own, and buys at a personal
  rhythm: renewal gaps that are Weibull with a personal shape above one, their scale from a mixture of three
  log-normals. Days are then quickened or slowed by season, promotions, campaigns and life events.
- Leaving is a daily hazard fed by memories that fade: late deliveries, returns, complaints that were never resolved,
  price rises, messages that annoyed, a competitor who opens half-way; divided by patience, easing with tenure. Some
  came for one purchase only. So neither the gaps are exponential nor are the lifetimes.
- Taste is a Dirichlet over categories which moves to a second one at a personal date; within a category a customer
  picks by popularity, by price level and by habit. Some items are planted complements (phone, then case).
- Around each order lies a session (login, search, view, cart); other sessions end without one. Delivery, review,
  return and service contacts follow, and what goes wrong there feeds the memories.
- Campaigns are randomised half and half, with four kinds of customers: persuadable, sure, indifferent, annoyed.

The simulation walks day by day over all customers at once and goes on for 90 days after the end of the log: these
days are the future in the truth. The expectations there are means over further continuations from the same state.

Language changes words only: the same seed gives the same customers, times and amounts in English and in Chinese.
Results are the same for a seed as long as numpy keeps its streams, which it does within a release.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from patron.demo.days import FUTURE_DAYS, SECOND, TIMEZONE, clock, make_calendar, midnight, stamp
from patron.demo.draws import stream
from patron.demo.life import ORDER_FIELDS, expectations, joined, live, make_state, take
from patron.demo.log import Log, log_aftermath, log_campaigns, log_referrals, log_sessions
from patron.demo.orders import Story, fill_baskets, pay
from patron.demo.shop import Shop
from patron.demo.tables import events_table, items_table, users_table
from patron.demo.truth import true_channels, true_days, true_items, true_orders, true_pairs, true_users
from patron.demo.world import make_catalogue, make_people

__all__ = ["Shop", "simulate"]


def simulate(n_customers: int = 3000, days: int = 730, seed: int = 0, language: Literal["en", "zh"] = "en") -> Shop:
    """Simulate a shop.

    Parameters
    ----------
    n_customers : int
        Customers who sign up within the log; about 7 % of them never buy. About 65 events come with each in two years.
    days : int
        Length of the log in local days, from 2024-01-01 on.
    seed : int
        Not negative. The same seed gives the same shop.
    language : {"en", "zh"}
        Of all words: titles, categories, brands, cities, queries, texts. Nothing else depends on it.

    Returns
    -------
    Shop

    Raises
    ------
    ValueError
        An argument is out of range.

    Examples
    --------
    >>> shop = simulate(n_customers=100, days=90, seed=1)
    >>> len(shop.users["user"])
    100
    """
    for name, value, least in (("n_customers", n_customers, 1), ("days", days, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} is {value!r}; expected a whole number of at least {least}")
    if language not in ("en", "zh"):
        raise ValueError(f"language is {language!r}; expected 'en' or 'zh'")

    catalogue = make_catalogue(seed, days)
    calendar = make_calendar(seed, days)
    people = make_people(seed, n_customers, days, calendar)
    state = make_state(n_customers)
    rng = stream(seed, 4)
    record = live(people, state, catalogue, calendar, range(days), rng)
    at_end = take(state, np.arange(n_customers))
    expected = expectations(seed, people, at_end, catalogue, calendar, days)
    future = live(people, state, catalogue, calendar, range(days, days + FUTURE_DAYS), rng)

    # Orders after the end of the log are made like the others, because the truth needs their money, and cut later.
    rng = stream(seed, 6)
    orders = dict(zip(ORDER_FIELDS, joined(record.orders + future.orders, len(ORDER_FIELDS)), strict=True))
    instant = clock(rng, calendar, orders["day"])
    by_time = np.lexsort((orders["who"], instant))
    orders = {name: values[by_time] for name, values in orders.items()}
    story = Story(
        seed, days, int(language == "zh"), people, catalogue, calendar, int(midnight(0)), int(midnight(days)),
        orders, instant[by_time],
    )  # fmt: skip
    fill_baskets(rng, story)
    pay(rng, story)
    log = Log(story)
    log_sessions(log, joined(record.visits, 2))
    returned = log_aftermath(log)
    campaigns, truth_campaigns = log_campaigns(log, joined(record.campaigns, 6))

    rows = log.columns(story.start, story.end)
    signup = clock(stream(seed, 10), calendar, people.arrival)
    earliest = np.full(n_customers, story.end)
    np.minimum.at(earliest, rows["who"], rows["time"])
    signup = np.maximum(np.minimum(signup, earliest - 60 * SECOND), story.start)
    referred = log_referrals(log, signup)
    events, truth_events, dirt = events_table(log)
    return Shop(
        events=events,
        users=users_table(story, signup, referred),
        items=items_table(story),
        campaigns=campaigns,
        truth_users=true_users(story, at_end, state, expected, signup),
        truth_items=true_items(story),
        truth_events=truth_events,
        truth_orders=true_orders(story, returned),
        truth_campaigns=truth_campaigns,
        truth_channels=true_channels(story.word),
        truth_pairs=true_pairs(story),
        truth_days=true_days(story),
        dirt=dirt,
        start=stamp(story.start),
        end=stamp(story.end),
        timezone=TIMEZONE,
    )
