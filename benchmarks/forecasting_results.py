"""Measure the forecasting recipe at its defaults and write results/forecasting.json.

    python benchmarks/forecasting_results.py bike-sharing
    python benchmarks/forecasting_results.py bike-sharing-oracle-weather
    python benchmarks/forecasting_results.py online-retail-demand
    python benchmarks/forecasting_results.py etth1-96 --file ETTh1.csv.gz

Every seed is trained through the command a user types. ETTh1 is measured by its usual protocol:
train, valid and test are 12, 4 and 4 months of 30 days, errors are in standard deviations of train,
over all 2,785 windows of test; none is dropped. Oracle weather is the weather as it was, as if it
had been foreseen without error.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

RESULTS = Path(__file__).parent.parent / "results" / "forecasting.json"
COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
MONTHS = 30 * 24 * 4
HORIZONS = (96, 192, 336, 720)
WEATHER = "temperature,humidity,windspeed,weather"
SOURCES = (
    "bike-sharing",
    "bike-sharing-oracle-weather",
    "online-retail-demand",
    *(f"etth1-{horizon}" for horizon in HORIZONS),
)
METRICS = ("RMSSE", "MASE", "WQL", "coverage of 80 %", "bias", "MSE", "MAE")


def arguments(name: str, file: str | None) -> list[str]:
    """The options that a source is trained with."""
    if name == "bike-sharing-oracle-weather":
        return ["--data", "bike-sharing", "--known", WEATHER]
    if not name.startswith("etth1-"):
        return ["--data", name]
    horizon = int(name.removeprefix("etth1-"))
    windows = MONTHS - horizon + 1
    targets = [word for column in COLUMNS for word in ("--target-column", column)]
    return [
        *("--data", str(file), "--until", "2018-02-20T23:00", *targets),
        *("--horizon", str(horizon), "--origins", str(windows), "--stride", "1"),
    ]


def trained(name: str, file: str | None, encoder: str, seed: int) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "forecasting", *arguments(name, file)]
        command += ["--encoder", encoder, "--seed", str(seed), "--quiet"]
        places = ["--output", f"{folder}/model", "--report", f"{folder}/report"]
        subprocess.run([*command, *places], check=True)
        numbers: dict[str, Any] = json.loads(Path(folder, "report", "metrics.json").read_text())
        return numbers


def figures(part: dict[str, Any]) -> dict[str, float | None]:
    """Metric to its value, of a part of metrics.json."""
    means = {name: part["metrics"][name]["mean"] for name in METRICS}
    return {name: None if mean is None else round(mean, 4) for name, mean in means.items()}


def summary(runs: list[dict[str, Any]], linear: dict[str, Any]) -> dict[str, Any]:
    """The kept figures of the runs of one source."""
    first = runs[0]
    kept = ("lookback", "centre", "phases", "penalty", "known in the ridge")
    return {
        "protocol": first["test"]["protocol"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "settings": {name: first["settings"][name] for name in kept if name in first["settings"]},
        "linear-residual": {
            name: round(statistics.mean(run["test"]["metrics"][name]["mean"] for run in runs), 4)
            for name in METRICS
        },
        "by_seed": [figures(run["test"]) for run in runs],
        "linear": figures(linear["test"]),
        "valid": {
            "linear-residual": [figures(run["valid"]) for run in runs],
            "linear": figures(linear["valid"]),
        },
        "baselines": {name: figures(one) for name, one in first["baselines"].items()},
        "minutes": round(sum(first["seconds"].values()) / 60, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "versions": first["versions"],
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = [
        "| data | system | RMSSE | MASE | WQL | coverage of 80 % | bias | MSE | MAE |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in kept.items():
        seeds = len(found["seeds"])
        systems = {
            f"linear-residual, {seeds} seed{'s' if seeds > 1 else ''}": found["linear-residual"],
            "linear alone": found["linear"],
            **found["baselines"],
        }
        for place, (system, figures_of) in enumerate(systems.items()):
            cells = " | ".join(
                "-" if figures_of[metric] is None else f"{figures_of[metric]:.4f}"
                for metric in METRICS
            )
            lines.append(f"| {name if place == 0 else ''} | {system} | {cells} |")
    notes = [f"- {name}: {found['protocol']}." for name, found in kept.items()]
    return "\n".join([*lines, "", *notes])


@click.command()
@click.argument("name", type=click.Choice(SOURCES))
@click.option("--file", help="ETTh1.csv or ETTh1.csv.gz, which is not shipped (CC BY-ND).")
@click.option("--seeds", default=3, show_default=True)
def main(name: str, file: str | None, seeds: int) -> None:
    """Train one source with several seeds and keep its figures."""
    linear = trained(name, file, "none", 0)
    runs = [trained(name, file, "mlp", seed) for seed in range(seeds)]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[name] = summary(runs, linear)
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
