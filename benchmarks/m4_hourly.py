"""Measure the forecasting recipe on M4's hourly series by the competition's metric.

    python benchmarks/m4_hourly.py --train Hourly-train.csv.gz --test Hourly-test.csv.gz

The 48 values of test are forecast from everything before them. OWA is the mean of sMAPE and MASE,
each averaged over the 414 series and divided by that of Naive2 (18.383 and 2.395).

Source: Makridakis, Spiliotis and Assimakopoulos (2020), The M4 Competition: 100,000 time series and
61 forecasting methods.
"""

import json
import os
import statistics
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
import polars as pl

RESULTS = Path(__file__).parent.parent / "results" / "forecasting.json"
HORIZON, SEASON = 48, 24
NAIVE2 = {"sMAPE": 18.383, "MASE": 2.395}
# M4 does not tell the times of the values; all series end at the same one here.
END = datetime(2017, 1, 1)


def read(train: str, test: str) -> pl.DataFrame:
    """A row for each series and hour."""
    tables = [pl.read_csv(file, infer_schema_length=None) for file in (train, test)]
    rows = []
    for *before, after in zip(*(table.iter_rows() for table in tables), strict=True):
        values = [float(cell) for part in (*before, after) for cell in part[1:] if cell is not None]
        times = [END - timedelta(hours=n) for n in range(len(values), 0, -1)]
        rows.append(pl.DataFrame({"series": after[0], "time": times, "value": values}))
    return pl.concat(rows)


def competition_metrics(
    forecast: np.ndarray, actual: np.ndarray, before: np.ndarray
) -> dict[str, float]:
    """sMAPE, MASE and OWA of forecasts [series, horizon]; what was before, NaN where nothing."""
    error = np.abs(forecast - actual)
    seasonal = np.nanmean(np.abs(before[:, SEASON:] - before[:, :-SEASON]), axis=1)
    found = {
        "sMAPE": float((200 * error / (np.abs(forecast) + np.abs(actual))).mean()),
        "MASE": float((error.mean(axis=1) / seasonal).mean()),
    }
    return found | {"OWA": statistics.mean(found[name] / NAIVE2[name] for name in NAIVE2)}


def measured(table: pl.DataFrame, encoder: str, seed: int) -> dict[str, Any]:
    """The figures of one model: its means and its medians, on valid and test."""
    import kit
    from kit.evaluation import forecasts_of

    data = kit.open(
        table,
        series_column="series",
        time_column="time",
        target_column="value",
        horizon=HORIZON,
        origins=1,
        seed=seed,
    )
    model = kit.models.Forecaster.for_dataset(data, encoder=encoder)
    kit.fit(model, data)
    found: dict[str, Any] = {}
    for part in ("valid", "test"):
        forecasts = forecasts_of(model, data, part)
        start = data.starts(part)[0]
        before, actual = data.values[:, :start], data.values[:, start : start + HORIZON]
        points = {"mean": forecasts.mean[:, 0], "median": forecasts.quantile[:, 0, :, 2]}
        found[part] = {
            name: competition_metrics(one, actual, before) for name, one in points.items()
        }
        naive = data.values[:, start - SEASON : start][:, np.arange(HORIZON) % SEASON]
        found[part]["seasonal naive"] = competition_metrics(naive, actual, before)
    return found


@click.command()
@click.option("--train", required=True)
@click.option("--test", required=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--encoder", default="mlp", show_default=True)
def main(train: str, test: str, seeds: int, encoder: str) -> None:
    """Train with several seeds and print the figures."""
    table = read(train, test)
    for seed in range(seeds):
        print(encoder, seed, json.dumps(measured(table, encoder, seed), indent=1), flush=True)
    print("load", os.getloadavg())


if __name__ == "__main__":
    main()
