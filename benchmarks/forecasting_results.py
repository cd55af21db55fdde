"""Measure the forecasting recipe at its defaults and write results/forecasting.json.

    python benchmarks/forecasting_results.py bike-sharing
    python benchmarks/forecasting_results.py bike-sharing-oracle-weather
    python benchmarks/forecasting_results.py online-retail-demand
    python benchmarks/forecasting_results.py online-retail-demand-by-code
    python benchmarks/forecasting_results.py etth1-96 --file ETTh1.csv.gz
    python benchmarks/forecasting_results.py etth1-96 --file ETTh1.csv.gz --model patchtst

Every seed is trained through the command a user types. ETTh1 is measured by its usual protocol:
train, valid and test are 12, 4 and 4 months of 30 days, errors are in standard deviations of train,
over all 2,785 windows of test; none is dropped. Oracle weather is the weather as it was, as if it
had been foreseen without error. "By code" groups the products of online-retail-demand by the first
two and by the first three characters of their code, whose totals are forecast as well. Other models
are trained as `SETTINGS` says, which was not tuned.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import polars as pl

RESULTS = Path(__file__).parent.parent / "results" / "forecasting.json"
BUILT_IN = RESULTS.parent.parent / "kit" / "data" / "builtin"
COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
MONTHS = 30 * 24 * 4
HORIZONS = (96, 192, 336, 720)
WEATHER = "temperature,humidity,windspeed,weather"
SOURCES = (
    "bike-sharing",
    "bike-sharing-oracle-weather",
    "online-retail-demand",
    "online-retail-demand-by-code",
    *(f"etth1-{horizon}" for horizon in HORIZONS),
)
SETTINGS = {
    "attention": ("--encoder", "attention", "--dim", "16", "--lookback", "512", "--epochs", "3"),
    "dlinear": ("--model", "dlinear", "--lookback", "336", "--epochs", "8"),
    "patchtst": ("--model", "patchtst", "--dim", "16", "--lookback", "336", "--epochs", "5"),
    "nhits": ("--model", "nhits", "--dim", "32", "--lookback", "336", "--epochs", "8"),
}
METRICS = ("RMSSE", "MASE", "WQL", "coverage of 80 %", "bias", "MSE", "MAE")


def arguments(name: str, file: str | None) -> list[str]:
    """The options that a source is trained with."""
    if name == "bike-sharing-oracle-weather":
        return ["--data", "bike-sharing", "--known", WEATHER]
    if name == "online-retail-demand-by-code":
        return ["--data", str(file), "--hierarchy", "range,block"]
    if not name.startswith("etth1-"):
        return ["--data", name]
    horizon = int(name.removeprefix("etth1-"))
    windows = MONTHS - horizon + 1
    targets = [word for column in COLUMNS for word in ("--target-column", column)]
    return [
        *("--data", str(file), "--until", "2018-02-20T23:00", *targets),
        *("--horizon", str(horizon), "--origins", str(windows), "--stride", "1"),
    ]


def by_code(file: Path) -> str:
    """The built-in demand with the beginnings of the codes of products, as a file."""
    code = pl.col("sku").cast(pl.String)
    frame = pl.read_parquet(BUILT_IN / "online_retail_demand" / "online_retail_demand.parquet")
    frame.with_columns(range=code.str.slice(0, 2), block=code.str.slice(0, 3)).write_parquet(file)
    return str(file)


def trained(name: str, file: str | None, options: Sequence[str], seed: int) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        if name == "online-retail-demand-by-code":
            file = by_code(Path(folder, "demand.parquet"))
        command = [sys.executable, "-m", "kit", "train", "forecasting", *arguments(name, file)]
        command += [*options, "--seed", str(seed), "--quiet"]
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


def of_model(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The kept figures of the runs of one of `SETTINGS`."""
    kept = ("lookback", "centre", "dim", "learning_rate", "correction of means")
    first = runs[0]
    return {
        "seeds": [run["settings"]["seed"] for run in runs],
        "settings": {name: first["settings"][name] for name in kept if name in first["settings"]},
        "test": mean_of([figures(run["test"]) for run in runs]),
        "valid": mean_of([figures(run["valid"]) for run in runs]),
        "minutes": round(sum(first["seconds"].values()) / 60, 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


def mean_of(runs: list[dict[str, Any]]) -> dict[str, float]:
    """The mean of each metric."""
    return {name: round(statistics.mean(run[name] for run in runs), 4) for name in METRICS}


def levels(facts: dict[str, Any]) -> dict[str, Any]:
    """The kept figures of a hierarchy: level to system to metrics."""
    metric = facts["metric"]
    found: dict[str, Any] = {}
    for level, systems in facts["test"].items():
        for system, one in systems.items():
            kept = {"metrics": figures(one)}
            if "minus" in one:
                kept["minus"] = {end: round(x, 4) for end, x in one["minus"][metric].items()}
            found.setdefault(level, {})[system] = kept
    chosen = {name: facts[name] for name in ("method", "metric", "levels", "valid", "protocol")}
    return {**chosen, "shrinkage": round(facts["shrinkage"], 3), "test": found}


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, without ETTh1 and levels."""
    lines = [
        "| data | system | RMSSE | MASE | WQL | coverage of 80 % | bias | MSE | MAE |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    shown = {name: one for name, one in kept.items() if "etth1" not in name and "levels" not in one}
    for name, found in shown.items():
        systems = {
            f"linear-residual, {_seeds(found)}": found["linear-residual"],
            "linear alone": found["linear"],
            **found["baselines"],
        }
        for place, (system, figures_of) in enumerate(systems.items()):
            cells = " | ".join(_figure(figures_of[metric]) for metric in METRICS)
            lines.append(f"| {name if place == 0 else ''} | {system} | {cells} |")
    notes = [f"- {name}: {found['protocol']}." for name, found in shown.items()]
    return "\n".join([*lines, "", *notes])


def etth1_table(kept: dict[str, Any]) -> str:
    """ETTh1 at all horizons: linear-residual, its ridge, and at 96 the other models."""
    lines = [
        "| horizon | model | look-back | valid MSE | MSE | MAE | WQL | coverage of 80 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    shown = ("MSE", "MAE", "WQL", "coverage of 80 %")
    for horizon in HORIZONS:
        found = kept[f"etth1-{horizon}"]
        valid, lookback = found["valid"], found["settings"]["lookback"]
        reached = statistics.mean(one["MSE"] for one in valid["linear-residual"])
        rows = [
            ("its ridge alone", lookback, valid["linear"]["MSE"], found["linear"]),
            (f"linear-residual, {_seeds(found)}", lookback, reached, found["linear-residual"]),
        ]
        for name, one in found.get("models", {}).items():
            named = "linear-residual --encoder attention" if name == "attention" else name
            lookback = one["settings"]["lookback"]
            rows.append((f"{named}, {_seeds(one)}", lookback, one["valid"]["MSE"], one["test"]))
        naive = found["baselines"]["seasonal naive 24"]
        rows.append(("seasonal naive 24", 24, None, naive))
        for place, (name, steps, on_valid, metrics) in enumerate(rows):
            cells = " | ".join(_figure(metrics[metric]) for metric in shown)
            first = str(horizon) if place == 0 else ""
            lines.append(f"| {first} | {name} | {steps} | {_figure(on_valid)} | {cells} |")
    notes = [f"- {kept[f'etth1-{horizon}']['protocol']}." for horizon in HORIZONS]
    return "\n".join([*lines, "", *notes])


def levels_table(kept: dict[str, Any]) -> str:
    """Coherent forecasts of products and of the groups of their codes."""
    found = kept["online-retail-demand-by-code"]["levels"]
    method = found["method"]
    lines = [
        f"| level | forecasts | RMSSE | {method} minus it (95 %) | WQL | coverage of 80 % | bias |",
        "|---|---|---|---|---|---|---|",
    ]
    order = (method, "bottom-up", "MinT-shrink")
    for level in sorted(found["test"], key=found["levels"].get):
        systems = found["test"][level]
        names = sorted(systems, key=lambda name: order.index(name) if name in order else len(order))
        for place, system in enumerate(names):
            one = systems[system]
            gap = one.get("minus", {})
            ends = f" ({gap['low']:.4f} to {gap['high']:.4f})" if "low" in gap else ""
            metrics = one["metrics"]
            cells = [_figure(metrics["RMSSE"]), f"{gap['mean']:.4f}{ends}" if gap else "-"]
            cells += [_figure(metrics[name]) for name in ("WQL", "coverage of 80 %", "bias")]
            first = f"{level} ({found['levels'][level]:,})" if place == 0 else ""
            lines.append(f"| {first} | {system} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"- {found['protocol']}."])


def _seeds(found: dict[str, Any]) -> str:
    count = len(found["seeds"])
    return f"{count} seed{'s' if count > 1 else ''}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


@click.command()
@click.argument("name", type=click.Choice(SOURCES))
@click.option("--file", help="ETTh1.csv or ETTh1.csv.gz, which is not shipped (CC BY-ND).")
@click.option("--seeds", default=3, show_default=True)
@click.option("--model", type=click.Choice([*SETTINGS]), help="Instead of linear-residual.")
def main(name: str, file: str | None, seeds: int, model: str | None) -> None:
    """Train one source with several seeds and keep its figures."""
    if model is not None:
        runs = [trained(name, file, SETTINGS[model], seed) for seed in range(seeds)]
        results = json.loads(RESULTS.read_text())
        results[name].setdefault("models", {})[model] = of_model(runs)
    elif name == "online-retail-demand-by-code":
        run = trained(name, file, [], 0)
        results = json.loads(RESULTS.read_text())
        results[name] = {"seeds": [0], "levels": levels(run["hierarchy"])}
    else:
        linear = trained(name, file, ["--encoder", "none"], 0)
        runs = [trained(name, file, [], seed) for seed in range(seeds)]
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        models = results.get(name, {}).get("models")
        results[name] = summary(runs, linear) | ({"models": models} if models else {})
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
