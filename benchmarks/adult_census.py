"""Write UCI Adult as a folder the ranking recipe reads: train.csv and test.csv with a header.

python benchmarks/adult_census.py path/to/adult-census OUT
"""

from pathlib import Path

import click
import polars as pl

COLUMNS = [
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation"),
    *("relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week"),
    *("native-country", "income"),
]


def cleaned(file: Path) -> pl.DataFrame:
    """The rows as text, without the blank behind each comma and the full stop of test's labels."""
    rows = pl.read_csv(file, has_header=False, new_columns=COLUMNS, infer_schema=False)
    rows = rows.with_columns(pl.all().str.strip_chars())
    return rows.with_columns(pl.col("income").str.strip_chars_end(".")).drop_nulls("income")


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
def main(source: Path, out: Path) -> None:
    """Write the parts of the files in SOURCE to OUT."""
    out.mkdir(parents=True, exist_ok=True)
    for part in ("train", "test"):
        rows = cleaned(source / f"adult-{part}.csv.gz")
        rows.write_csv(out / f"{part}.csv")
        click.echo(f"{part}: {len(rows):,} rows")


if __name__ == "__main__":
    main()
