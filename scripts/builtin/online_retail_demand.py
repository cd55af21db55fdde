"""Make online_retail_demand.parquet from the UCI file.

    python -m scripts.builtin.online_retail_demand online_retail.csv.gz

The input has the columns of UCI data set 352, see `scripts.builtin.online_retail`. Unlike the log
of that script this has the sales to unknown customers, too, a sixth of the revenue.
"""

import sys
from datetime import date
from pathlib import Path

import polars as pl

from scripts.builtin.online_retail import PRODUCT

FOLDER = Path(__file__).parents[2] / "kit/data/builtin/online_retail_demand"
OUTPUT = FOLDER / "online_retail_demand.parquet"
# The last day of the file is unfinished.
LAST = date(2011, 12, 8)
FEWEST_DAYS, BEFORE = 30, date(2011, 10, 1)


def clean(raw: pl.DataFrame) -> pl.DataFrame:
    """Units sold of each product and day, from its first sale on.

    Args:
        raw: the UCI columns.

    Returns:
        sku, date and units, of products sold on at least 30 days before October 2011; days without
        a sale are 0.
    """
    lines = raw.select(
        sku=pl.col("StockCode").str.to_uppercase(),
        date=pl.col("InvoiceDate").str.slice(0, 10).str.to_date("%Y-%m-%d"),
        units=pl.col("Quantity").cast(pl.Int32),
    )
    sold = lines.filter(
        (pl.col("units") > 0)
        & ~raw["InvoiceNo"].str.starts_with("C")
        & pl.col("sku").str.contains(PRODUCT)
        & (pl.col("date") <= LAST)
    )
    days = sold.group_by("sku", "date").agg(pl.col("units").sum().cast(pl.Int32))
    early = days.filter(pl.col("date") < BEFORE).group_by("sku").len()
    skus = early.filter(pl.col("len") >= FEWEST_DAYS).select("sku")
    days = days.join(skus, on="sku")
    grid = days.group_by("sku").agg(date=pl.date_range(pl.col("date").min(), pl.lit(LAST)))
    whole = grid.explode("date").join(days, on=["sku", "date"], how="left")
    return whole.with_columns(pl.col("units").fill_null(0)).sort("sku", "date")


def main() -> None:
    """Write the Parquet file."""
    rows = clean(pl.read_csv(sys.argv[1], infer_schema=False))
    rows.with_columns(pl.col("sku").cast(pl.Categorical)).write_parquet(
        OUTPUT, compression="zstd", compression_level=22
    )
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
