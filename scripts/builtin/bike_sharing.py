"""Make bike_sharing.parquet from the UCI file.

    python -m scripts.builtin.bike_sharing hour.csv.gz

The input has the 17 columns of UCI data set 275, one row for each hour in which a bike was rented.
"""

import sys
from pathlib import Path

import polars as pl

OUTPUT = Path(__file__).parents[2] / "kit/data/builtin/bike_sharing/bike_sharing.parquet"
COLUMNS = ["dteday", "hr", "cnt", "temp", "hum", "windspeed", "weathersit"]
# The names of the weather, shortened.
WEATHER = {1: "clear", 2: "mist", 3: "rain", 4: "heavy rain"}


def clean(raw: pl.DataFrame) -> pl.DataFrame:
    """Rentals of all users by hour, and the weather.

    165 hours without a rental, which the file lacks, are 0, with the weather of the hour before.

    Args:
        raw: the UCI columns.

    Returns:
        time, rentals, temperature, humidity and windspeed (from 0 to 1, as in the source) and
        weather, a row for each hour of 2011 and 2012.
    """
    if missing := set(COLUMNS) - set(raw.columns):
        raise SystemExit(
            f"Expected the columns of UCI data set 275, {sorted(missing)} are missing."
        )
    time = pl.col("dteday").str.to_datetime("%Y-%m-%d") + pl.duration(hours=pl.col("hr"))
    rows = raw.select(
        time=time.cast(pl.Datetime("ms")),
        rentals=pl.col("cnt").cast(pl.Int16),
        temperature=pl.col("temp").cast(pl.Float32),
        humidity=pl.col("hum").cast(pl.Float32),
        windspeed=pl.col("windspeed").cast(pl.Float32),
        weather=pl.col("weathersit").replace_strict(WEATHER, return_dtype=pl.String),
    )
    rows = rows.sort("time").upsample("time", every="1h")
    return rows.with_columns(pl.col("rentals").fill_null(0), pl.exclude("rentals").forward_fill())


def main() -> None:
    """Write the Parquet file."""
    rows = clean(pl.read_csv(sys.argv[1]))
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
