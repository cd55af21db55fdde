"""Forecasting by an export."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import checked_version, trust_option
from kit.cli._write_table import output_option, write_table
from kit.console import Command, echo, quiet_tensorflow

if TYPE_CHECKING:
    import polars as pl

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
    "--known",
    metavar="FILE",
    help="The known columns in the steps to forecast: a table with columns of the series, the time "
    "and these; without one of the series, a row holds for all.",
)
@click.option(
    "--what-if",
    "what_if",
    multiple=True,
    metavar="CHANGE",
    help="Change a known column, price*=0.9, price+=1 or promotion=yes, and write the difference "
    "to the plan as it is; repeatable.",
)
@click.option("--why", is_flag=True, help="Write what the expected values are made of.")
@output_option
@trust_option
def forecast(
    folder: Path,
    history: str | None,
    series: tuple[str, ...],
    known: str | None,
    what_if: tuple[str, ...],
    why: bool,
    output: Path | None,
    trust: bool,
) -> None:
    """Forecast what follows a history, as a table.

    It has a row for each series and step: series_id, time, mean and a column for each quantile.
    --what-if adds mean_plan, of the plan as it is, and difference, of mean to it. --why adds the
    parts that sum to mean: level, recent values, season, each covariate, the network's correction,
    and bounds, which keep it from being below 0. Of an export with a hierarchy the rows of the
    groups come first, and a column level tells them apart.
    """
    version = checked_version(folder, trust=trust)
    quiet_tensorflow()
    from kit.exports import SeriesForecaster

    forecaster = SeriesForecaster(version, trust=trust)
    answer = forecaster.forecast(
        history, series=series or None, known=known, what_if=what_if, why=why
    )
    write_table(answer, output, "forecast")
    if forecaster.card.hierarchy and "level" not in answer.columns:
        echo("totals:    none, they need all series of the training data and no others", err=True)
    if "level" in answer.columns:
        answer = answer.filter(level="series")
    if what_if:
        _echo_difference(answer, what_if)


def _echo_difference(answer: "pl.DataFrame", what_if: tuple[str, ...]) -> None:
    before, added = float(answer["mean_plan"].sum()), float(answer["difference"].sum())
    share = f" ({added / before:+.1%})" if before else ""
    echo(f"what if {', '.join(what_if)}: {before:,.6g} {added:+,.4g}{share} in all", err=True)
