"""Anomalies of time series by the export of a forecaster."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.cli._open_export import checked_version, trust_option
from kit.cli._write_table import output_option, write_table
from kit.console import Command, echo, print_table, quiet_tensorflow
from kit.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kit.exports import Scan, SeriesForecaster

EXAMPLE = "kit anomalies saved_models/forecasting --history recent.csv --last 24"


@click.command(cls=Command, example=EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--history",
    metavar="FILE",
    help="Values in the form of the training data, known columns included.  [default: these]",
)
@click.option(
    "--last",
    type=click.IntRange(min=1),
    metavar="STEPS",
    help="Judge the latest steps only.  [default: all that have a season before them]",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=0.001,
    show_default=True,
    help="Write values that so few usual values are as far from the forecast.",
)
@click.option("--all", "every", is_flag=True, help="Write all values.")
@click.option(
    "--labels",
    metavar="FILE",
    help="Measure what is found: a table with a row for each anomaly, series_id and time.",
)
@click.option(
    "--planted",
    type=click.FloatRange(min=0, max=0.2, min_open=True, max_open=True),
    metavar="SHARE",
    help="Measure what is found of spikes, drops and shifts of the level that are planted in so "
    "many of the steps judged.",
)
@output_option
@trust_option
def anomalies(
    folder: Path,
    history: str | None,
    last: int | None,
    rate: float,
    every: bool,
    labels: str | None,
    planted: float | None,
    output: Path | None,
    trust: bool,
) -> None:
    """Find values that their own past does not explain, as a table.

    Each value is compared with the forecast of one step from what was before it. The table has
    series_id, time, value, the expected value (mean), the outer quantiles (low, high), the
    probability that a usual value is as far from its forecast, and a score, minus the decimal
    logarithm of that. --labels or --planted print metrics instead, beside an untrained detector and
    random scores.
    """
    if labels is not None and planted is not None:
        raise click.UsageError("Give --labels or --planted, not both.")
    version = checked_version(folder, trust=trust)
    quiet_tensorflow()
    from kit.exports import SeriesForecaster

    model = SeriesForecaster(version, trust=trust)
    found = model.scan(history, last=last)
    if labels is not None:
        _measure(model, found, _labels(found, labels), rate, f"labels of {labels}")
        return
    if planted is not None:
        from kit.evaluation import plant

        source = found.source
        values, label = plant(
            source.values, found.begin, share=planted, nonnegative=source.outcome != "real"
        )
        changed = model.scan_series(replace(source, values=values), last=last)
        _measure(model, changed, label[:, found.begin :], rate, f"planted in {planted:.2%}")
        return
    table = found.frame(None if every else rate)
    write_table(table, output, "anomalies" if not every else "values")
    if not every:
        count = int((found.values == found.values).sum())
        echo(
            f"anomalies: {len(table):,} of {count:,} values; of usual values {rate * count:,.1f} "
            "would be as far",
            err=True,
        )


def _measure(
    model: "SeriesForecaster", found: "Scan", label: "NDArray[Any]", rate: float, what: str
) -> None:
    from kit.evaluation import ANOMALY_METRICS, detection_table, naive_scores

    season = found.source.frequency.season
    systems = {
        model.card.model: found.score,
        f"difference to {season} {found.source.frequency.name}s before": naive_scores(
            found.source.values, found.begin, season
        ),
    }
    share = max(rate, float(label.mean()))
    rows = [
        [name, *(f"{metrics[one]:.3f}" for one in ANOMALY_METRICS)]
        for name, metrics in detection_table(systems, label, share)
    ]
    title = (
        f"{label.shape[1]:,} {found.source.frequency.name}s of {label.shape[0]:,} series, {what}; "
        f"each system flags {share:.2%} of the values; no point adjustment"
    )
    print_table(title, ["system", *ANOMALY_METRICS], rows)


def _labels(found: "Scan", file: str) -> "NDArray[Any]":
    """True for the anomalies of a table: bool [series, steps judged]."""
    import numpy as np
    import polars as pl

    from kit.data import read_table, to_microseconds

    frame = read_table(file).frame
    for name in ("series_id", "time"):
        if name not in frame.columns:
            raise UserError(
                f"There is no column '{name}'.",
                where=file,
                expected=f"series_id and time; found: {', '.join(frame.columns)}",
                remedy="Rename the columns.",
            )
    source = found.source
    micros = to_microseconds(frame["time"], where=f"{file}, column time", first_row=2)
    step = source.frequency.steps(micros) - source.first - found.begin
    place = {name: number for number, name in enumerate(source.series)}
    row = frame["series_id"].cast(pl.String).replace_strict(place, default=-1)
    label: NDArray[Any] = np.zeros_like(found.values, bool)
    cells = pl.DataFrame({"row": row, "step": step}).filter(
        (pl.col("row") >= 0) & pl.col("step").is_between(0, found.values.shape[1] - 1)
    )
    label[cells["row"].to_numpy(), cells["step"].to_numpy()] = True
    if not label.any():
        raise UserError(
            "None of the labels belongs to a value that is judged.",
            where=file,
            expected=f"series such as '{source.series[0]}' and times from "
            f"{source.frequency.texts([source.first + found.begin])[0]}",
            remedy="Compare ids and times with those of the data, or leave --last out.",
        )
    return label
