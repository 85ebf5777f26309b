"""The main job on real logs: the figures that it leaves agree with the same figures computed in polars."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pl = pytest.importorskip("polars")
pytest.importorskip("pyarrow")


def run(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "patron", "run", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def same(ours: pl.Series, theirs: pl.Series) -> None:
    """Equal, but for the last bits of floating point; nulls where the other has nulls."""
    assert ours.is_null().to_list() == theirs.is_null().to_list()
    np.testing.assert_allclose(
        ours.drop_nulls().cast(pl.Float64).to_numpy(), theirs.drop_nulls().cast(pl.Float64).to_numpy(), rtol=1e-12, atol=1e-9
    )


def profiles_by_polars(events: pl.DataFrame, order: str) -> pl.DataFrame:
    """Users, their orders, money and times from rows of (user, time, order, amount); every row is a purchase."""
    end = events["time"].max()
    baskets = events.group_by("user", order).agg(pl.col("time").min(), pl.col("amount").sum())
    per_user = baskets.sort("user", "time").group_by("user", maintain_order=True)
    gaps = per_user.agg(gap=pl.col("time").diff().dt.total_microseconds() / 86_400e6).select(
        "user", gap_mean_days=pl.col("gap").list.mean(), gap_sd_days=pl.col("gap").list.std(ddof=1)
    )
    return (
        per_user.agg(
            orders=pl.len(),
            revenue=pl.col("amount").sum(),
            max_basket=pl.col("amount").max(),
            first_purchase=pl.col("time").min(),
            last_purchase=pl.col("time").max(),
            active_days=pl.col("time").dt.date().n_unique(),
        )
        .join(events.group_by("user").agg(events=pl.len()), on="user")
        .join(gaps, on="user")
        .with_columns(
            avg_basket=pl.col("revenue") / pl.col("orders"),
            recency_days=(end - pl.col("last_purchase")).dt.total_microseconds() / 86_400e6,
            tenure_days=(end - pl.col("first_purchase")).dt.total_microseconds() / 86_400e6,
        )
        .sort("user")
    )


COLUMNS = "events orders revenue avg_basket max_basket active_days recency_days tenure_days gap_mean_days gap_sd_days".split()


def check(out: Path, expected: pl.DataFrame) -> None:
    ours = pl.read_parquet(out / "profiles.parquet").sort("user")
    assert ours["user"].to_list() == expected["user"].to_list()
    for column in COLUMNS:
        same(ours[column], expected[column])
    segments = pl.read_parquet(out / "segments.parquet")
    assert sorted(segments["user"].to_list()) == ours["user"].to_list()
    report = (out / "report.html").read_bytes()
    assert len(report) < 500_000
    assert b"http://" not in report.replace(b"http://www.w3.org", b"")


def test_the_cdnow_log_gives_the_figures_that_polars_gives(data: Path, tmp_path: Path) -> None:
    source = data / "cdnow" / "cdnow_master.csv.gz"
    run(source, "--time-format", "%Y%m%d", "--out", tmp_path / "out")
    raw = pl.read_csv(source, schema_overrides={"customer_id": pl.String})  # 00001 is a name, not a number
    events = raw.select(
        user="customer_id",
        time=pl.col("date").cast(pl.String).str.to_datetime("%Y%m%d", time_unit="us")
        if raw["date"].dtype.is_integer()
        else pl.col("date").str.to_datetime(time_unit="us"),
        amount="dollars",
    ).with_columns(order=pl.col("time"))
    assert events.height == 69_659
    assert round(events["amount"].sum(), 2) == 2_500_315.63
    check(tmp_path / "out", profiles_by_polars(events, "order"))


def test_the_olist_log_gives_the_figures_that_polars_gives(data: Path, tmp_path: Path) -> None:
    folder = data / "olist_sample"
    orders = pl.read_csv(folder / "orders.csv.gz")
    items = pl.read_csv(folder / "order_items.csv.gz")
    customers = pl.read_csv(folder / "customers.csv.gz", schema_overrides={"customer_zip_code_prefix": pl.String})
    events = orders.join(items, on="order_id").join(customers, on="customer_id")
    files = {"events": events, "users": customers, "items": pl.read_csv(folder / "products.csv.gz")}
    for name, frame in files.items():
        frame.write_csv(tmp_path / f"{name}.csv")
    run(
        tmp_path / "events.csv",
        *("--users", tmp_path / "users.csv", "--items", tmp_path / "items.csv"),
        *("--user", "customer_unique_id", "--item", "product_id", "--amount", "price", "--order", "order_id"),
        *("--time", "order_purchase_timestamp", "--tz", "America/Sao_Paulo", "--out", tmp_path / "out"),
    )
    rows = events.select(
        user="customer_unique_id",
        time=pl.col("order_purchase_timestamp")
        .str.to_datetime(time_unit="us")
        .dt.replace_time_zone("America/Sao_Paulo", ambiguous="earliest", non_existent="null"),
        order="order_id",
        amount="price",
    )
    assert rows["time"].null_count() == 0
    check(tmp_path / "out", profiles_by_polars(rows, "order"))
