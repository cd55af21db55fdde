"""Writing a table that a command answers with."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.console import echo
from kit.errors import UserError

if TYPE_CHECKING:
    import polars as pl

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A .csv or .parquet file to write.  [default: CSV to standard output]",
)


def write_table(table: "pl.DataFrame", output: Path | None, what: str) -> None:
    """Write a table to a file, or as CSV to standard output.

    Args:
        table: what is written.
        output: a .csv or .parquet file, or None.
        what: it is, in a word, for the line that names the file.

    Raises:
        UserError: the file cannot be written.
    """
    import polars.selectors as cs

    if output is None or output.suffix != ".parquet":
        table = table.with_columns(cs.float().round_sig_figs(6))
    if output is None:
        table.write_csv(sys.stdout)
        return
    try:
        if output.suffix == ".parquet":
            table.write_parquet(output)
        else:
            table.write_csv(output)
    except OSError as error:
        raise UserError(
            f"The {what} cannot be written: {error.strerror or error}.",
            where=str(output),
            remedy="Name another file: --output FILE",
        ) from error
    echo(f"{what + ':':<10} {output}, {len(table):,} rows")
