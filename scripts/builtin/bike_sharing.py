"""Make bike_sharing.parquet from the UCI file.

    python -m scripts.builtin.bike_sharing hour.csv.gz

The input has the 17 columns of UCI data set 275, one row for each hour in which a bike was rented.
"""

import sys
from pathlib import Path

import polars as pl

OUTPUT = Path(__file__).parents[2] / "kit/data/builtin/bike_sharing/bike_sharing.parquet"
COLUMNS = ["dteday", "hr", "cnt"]


def clean(raw: pl.DataFrame) -> pl.DataFrame:
    """Rentals of all users by hour; 165 hours without a rental, which the file lacks, are 0.

    Args:
        raw: the UCI columns.

    Returns:
        time and rentals, a row for each hour of 2011 and 2012.
    """
    if missing := set(COLUMNS) - set(raw.columns):
        raise SystemExit(
            f"Expected the columns of UCI data set 275, {sorted(missing)} are missing."
        )
    time = pl.col("dteday").str.to_datetime("%Y-%m-%d") + pl.duration(hours=pl.col("hr"))
    rows = raw.select(time=time.cast(pl.Datetime("ms")), rentals=pl.col("cnt").cast(pl.Int16))
    return (
        rows.sort("time").upsample("time", every="1h").with_columns(pl.col("rentals").fill_null(0))
    )


def main() -> None:
    """Write the Parquet file."""
    rows = clean(pl.read_csv(sys.argv[1]))
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
