"""Building the event log against polars' sort and DuckDB's ordered table, on the same Arrow table, two threads each.

Run: ``python tests/bench/log.py [--events 20000000] [--rounds 3]``; needs polars, duckdb, pyarrow and patron.

The three run alternately in one process. First the answers are compared: the same rows in the same (user, time) order. Then, for
integer and for text ids, the script prints the least and the median seconds of each, the ratio of the faster peer's least to ours, and the peak
of memory each needed above what was held before. Last, our time per event from 1 to 20 million events.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["POLARS_MAX_THREADS"] = "2"

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

import patron

patron.set_threads(2)
CONNECTION = duckdb.connect()
CONNECTION.execute("set threads = 2")


def make_events(n: int, users: int, items: int, text: bool) -> pa.Table:
    """Unsorted events over two years: users and items drawn evenly, as numbers or as text."""
    rng = np.random.default_rng(1)
    user = rng.integers(0, users, n)
    item = rng.integers(0, items, n)
    when = 1_600_000_000_000_000 + rng.integers(0, 730 * 86_400_000_000, n)
    amount = rng.integers(1, 100_000, n) / 100
    columns = {
        "user": pa.array(user),
        "time": pa.array(when).cast(pa.timestamp("us", "UTC")),
        "item": pa.array(item),
        "amount": pa.array(amount),
    }
    if text:
        names = {"user": ("u%07d", users), "item": ("sku-%05d", items)}
        for column, (form, count) in names.items():
            values = pa.array([form % i for i in range(count)])
            columns[column] = values.take(columns[column])
    return pa.table(columns)


def with_patron(events: pa.Table) -> patron.EventLog:
    return patron.EventLog(events, user="user", time="time", item="item", amount="amount")


def with_polars(events: pa.Table) -> pl.DataFrame:
    return pl.from_arrow(events).sort(["user", "time"])


def with_duckdb(events: pa.Table) -> duckdb.DuckDBPyConnection:
    CONNECTION.register("events", events)
    CONNECTION.execute("create or replace table log as select * from events order by user, time")
    return CONNECTION


def peak_of(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and megabytes of resident memory at the peak above those before."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the peak so far
    before = resident("VmRSS")
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    peak = resident("VmHWM") - before
    del result
    CONNECTION.execute("drop table if exists log")
    return seconds, peak


def resident(which: str) -> float:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(which)) / 1024


def check(events: pa.Table) -> None:
    """The three give the same rows in the same order of (user, time); ties may stand either way round."""
    order = ["user", "time", "amount"]
    ours = pl.DataFrame(with_patron(events).events()).select(order).with_columns(pl.col("time").to_physical())
    polars = with_polars(events).select(order).with_columns(pl.col("time").to_physical())
    with_duckdb(events)
    duck = pl.DataFrame(CONNECTION.sql("select user, epoch_us(time) as time, amount from log").arrow())
    for name, frame in (("patron", ours), ("DuckDB", duck)):
        frame = frame.cast(dict(polars.schema))
        for column in ("user", "time"):
            if not frame[column].equals(polars[column]):
                raise AssertionError(f"{name} and polars disagree on {column}")
        if not frame.sort(order)["amount"].equals(polars.sort(order)["amount"]):
            raise AssertionError(f"{name} and polars disagree on amount")


def compare(events: pa.Table, label: str, rounds: int) -> None:
    ways = {"patron": with_patron, "polars": with_polars, "duckdb": with_duckdb}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    peaks: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            took, peak = peak_of(lambda way=way: way(events))
            seconds[name].append(took)
            peaks[name].append(peak)
    for name in ways:
        print(
            f"{label:8} {name:8} min {min(seconds[name]):6.3f} s  median {statistics.median(seconds[name]):6.3f} s"
            f"  peak {min(peaks[name]):7.0f} MB"
        )
    best = min(("polars", "duckdb"), key=lambda name: min(seconds[name]))
    print(
        f"{label:8} {min(seconds[best]) / min(seconds['patron']):.2f} times as fast as {best} (goal 3),"
        f" {min(peaks['patron']) / min(peaks[name] for name in ('polars', 'duckdb')):.2f} of the lower peak (goal below 1)"
    )


def growth(top: int, rounds: int, text: bool) -> None:
    """Seconds per million events from a twentieth of the rows to all, with the same events a user."""
    per_million = []
    for n in (top // 20, top // 4, top):
        events = make_events(n, max(n // 20, 1), 50_000, text)
        best = min(peak_of(lambda events=events: with_patron(events))[0] for _ in range(rounds + 2))
        per_million.append(best / n * 1e6)
        print(f"growth   {n:>10,} events: {per_million[-1]:.4f} s a million")
    print(f"growth   {per_million[-1] / per_million[0]:.2f} of linear (goal 1.3)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for text in (False, True):
        check(make_events(300_000, 20_000, 1_000, text))
        events = make_events(options.events, options.users, options.items, text)
        compare(events, "text" if text else "integer", options.rounds)
        del events
        growth(options.events, options.rounds, text)


if __name__ == "__main__":
    main()
