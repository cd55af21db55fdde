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

RESULTS = Path(__file__).parent.parent / "results" / "m4_hourly.json"
HORIZON, SEASON = 48, 24
METRICS = ("sMAPE", "MASE", "OWA")
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


def chosen(found: dict[str, Any]) -> dict[str, float]:
    """The figures on test of the point forecast that is better on valid."""
    best = min(("mean", "median"), key=lambda kind: found["valid"][kind]["OWA"])
    figures: dict[str, float] = found["test"][best]
    return figures


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = ["| system | sMAPE | MASE | OWA |", "|---|---|---|---|"]
    for name, found in kept["systems"].items():
        count = len(kept["seeds"])
        seeds = f", {count} seed{'s' if count > 1 else ''}" if name == "linear-residual" else ""
        lines.append(
            f"| {name}{seeds} | {found['sMAPE']:.2f} | {found['MASE']:.3f} | {found['OWA']:.3f} |"
        )
    return "\n".join([*lines, "", f"M4 hourly: {kept['protocol']}."])


@click.command()
@click.option("--train", required=True)
@click.option("--test", required=True)
@click.option("--seeds", default=3, show_default=True)
def main(train: str, test: str, seeds: int) -> None:
    """Train with several seeds and keep the figures."""
    table = read(train, test)
    runs = [measured(table, "mlp", seed) for seed in range(seeds)]
    linear = measured(table, "none", 0)
    kept = {
        "protocol": f"{table['series'].n_unique()} series, the last {HORIZON} hours; the kind of "
        "point forecast is chosen on the 48 hours before",
        "seeds": list(range(seeds)),
        "by_seed": [run["test"] for run in runs],
        "valid": {"linear-residual": [run["valid"] for run in runs], "linear": linear["valid"]},
        "systems": {
            "linear-residual": {
                name: round(statistics.mean(chosen(run)[name] for run in runs), 4)
                for name in METRICS
            },
            "linear alone": chosen(linear),
            "seasonal naive": linear["test"]["seasonal naive"],
        },
        "load_average": round(os.getloadavg()[0], 1),
    }
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
