"""Forecasting by an export."""

import sys
from pathlib import Path

import click

from kit.cli._open_export import checked_version, trust_option
from kit.console import Command, echo, quiet_tensorflow
from kit.errors import UserError

EXAMPLE = "kit forecast saved_models/forecasting --history recent.csv --output forecast.csv"


@click.command(cls=Command, example=EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--history",
    metavar="FILE",
    help="The latest values, in the form of the training data.  [default: the end of these]",
)
@click.option(
    "--series",
    multiple=True,
    metavar="ID",
    help="A series to forecast; repeatable.  [default: all]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A .csv or .parquet file to write.  [default: CSV to standard output]",
)
@trust_option
def forecast(
    folder: Path, history: str | None, series: tuple[str, ...], output: Path | None, trust: bool
) -> None:
    """Forecast what follows a history, as a table.

    It has a row for each series and step: series_id, time, mean and a column for each quantile.
    """
    version = checked_version(folder, trust=trust)
    quiet_tensorflow()
    from kit.exports import SeriesForecaster

    answer = SeriesForecaster(version, trust=trust).forecast(history, series=series or None)
    if output is None:
        answer.write_csv(sys.stdout, float_precision=4)
        return
    try:
        if output.suffix == ".parquet":
            answer.write_parquet(output)
        else:
            answer.write_csv(output, float_precision=4)
    except OSError as error:
        raise UserError(
            f"The forecast cannot be written: {error.strerror or error}.",
            where=str(output),
            remedy="Name another file: --output FILE",
        ) from error
    echo(f"forecast:  {output}, {len(answer):,} rows")
