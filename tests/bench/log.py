"""Building the event log against polars' sort and DuckDB's ordered table, on the same Arrow table, two threads each.

Run: ``python tests/bench/log.py [--events 20000000] [--rounds 3]``; needs polars, duckdb, pyarrow and patron.

The three run alternately in one process. First the answers are compared: the same rows in the same (user, time) order. Then,
for integer and for text ids, the script prints the least, median and first seconds of each and how many times as fast we are
as the faster peer; the peak of memory that each needed above what was held before, in a process of its own; and our time per
event from 1 to 20 million events.
"""

import argparse
import os
import statistics
import subprocess
import sys
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


WAYS: dict[str, Callable[[pa.Table], object]] = {"patron": with_patron, "polars": with_polars, "duckdb": with_duckdb}


def seconds_of(name: str, events: pa.Table) -> float:
    start = time.perf_counter()
    result = WAYS[name](events)
    seconds = time.perf_counter() - start
    del result
    CONNECTION.execute("drop table if exists log")
    return seconds


def resident(which: str) -> float:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(which)) / 1024


def print_peak(name: str, events: pa.Table) -> None:
    """Megabytes of resident memory at the peak above those before, in a process that has done nothing else."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the peak of making the events
    before = resident("VmRSS")
    seconds_of(name, events)
    print(resident("VmHWM") - before)


def peak_of(name: str, options: argparse.Namespace, text: bool) -> float:
    sizes = [f"--{key}={getattr(options, key)}" for key in ("events", "users", "items")]
    command = [sys.executable, __file__, "--peak", name, *sizes, *(["--text"] if text else [])]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


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
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name in WAYS:
            seconds[name].append(seconds_of(name, events))
    for name, took in seconds.items():
        print(f"{label:8} {name:8} min {min(took):6.3f} s  median {statistics.median(took):6.3f} s  first {took[0]:6.3f} s")
    for word, pick in (("least", min), ("median", statistics.median), ("first", lambda took: took[0])):
        peer = min(("polars", "duckdb"), key=lambda name: pick(seconds[name]))
        print(f"{label:8} {word}: {pick(seconds[peer]) / pick(seconds['patron']):.2f} times as fast as {peer} (goal 3)")


def growth(top: int, rounds: int, text: bool) -> None:
    """Seconds per million events from a twentieth of the rows to all, with as many events a user throughout."""
    per_million = []
    for n in (top // 20, top // 4, top):
        events = make_events(n, max(n // 20, 1), 50_000, text)
        best = min(seconds_of("patron", events) for _ in range(rounds + 2))
        per_million.append(best / n * 1e6)
        print(f"growth   {n:>10,} events: {per_million[-1]:.4f} s a million")
    print(f"growth   {per_million[-1] / per_million[0]:.2f} of linear (goal 1.3)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--text", action="store_true", help="with --peak: text ids")
    parser.add_argument("--peak", choices=list(WAYS), help="only print the peak of memory of one")
    options = parser.parse_args()
    if options.peak:
        print_peak(options.peak, make_events(options.events, options.users, options.items, options.text))
        return
    for text in (False, True):
        label = "text" if text else "integer"
        check(make_events(300_000, 20_000, 1_000, text))
        compare(make_events(options.events, options.users, options.items, text), label, options.rounds)
        peaks = {name: peak_of(name, options, text) for name in WAYS}
        print(f"{label:8} peak of memory:", ", ".join(f"{name} {peak:.0f} MB" for name, peak in peaks.items()))
        growth(options.events, options.rounds, text)


if __name__ == "__main__":
    main()
