"""Make in_vehicle_coupon.parquet from the UCI file.

    python -m scripts.builtin.in_vehicle_coupon in-vehicle-coupon-recommendation.csv.gz

The input has the 26 columns of UCI data set 603, one row for each answer of the survey.
"""

import sys
from pathlib import Path

import polars as pl

OUTPUT = Path(__file__).parents[2] / "kit/data/builtin/in_vehicle_coupon/in_vehicle_coupon.parquet"
COLUMNS = 26


def clean(raw: pl.DataFrame) -> pl.DataFrame:
    """The columns as they are, whole numbers as such, all other values as text.

    Args:
        raw: the UCI columns, as text.

    Returns:
        The same rows; `Y` is 1 where the driver would take the coupon.
    """
    if raw.width != COLUMNS or "Y" not in raw.columns:
        raise SystemExit(f"Expected the {COLUMNS} columns of UCI data set 603, got {raw.columns}.")
    whole = [c for c in raw.columns if raw[c].str.contains(r"^\d+$").all()]
    return raw.with_columns(pl.col(whole).cast(pl.Int8))


def main() -> None:
    """Write the Parquet file."""
    rows = clean(pl.read_csv(sys.argv[1], infer_schema=False))
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
