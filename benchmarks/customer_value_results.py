"""Measure the customer-value recipe at its defaults and write results/customer_value.json.

    python benchmarks/customer_value_results.py online-retail

Every seed is trained through the command a user types. Gradient boosting of scikit-learn, which the
kit does not need to run, is measured here beside it: Poisson regression of values and a classifier
of buyers on the summary that the model reads, at the same cuts, with neither season nor
calibration.
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
import numpy as np

RESULTS = Path(__file__).parent.parent / "results" / "customer_value.json"
METRICS = (
    *("normalised Gini", "AUC of buying", "Spearman", "total", "decile error", "MAE"),
    "coverage of 80 %",
)
PEER, BOOSTING = "BG/NBD + Gamma-Gamma", "gradient boosting"


def trained(name: str, encoder: str, seed: int) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "customer-value", "--data", name]
        command += ["--encoder", encoder, "--seed", str(seed), "--quiet"]
        places = ["--output", f"{folder}/model", "--report", f"{folder}/report"]
        subprocess.run([*command, *places], check=True)
        numbers: dict[str, Any] = json.loads(Path(folder, "report", "metrics.json").read_text())
        return numbers


def boosted(name: str) -> dict[str, float | None]:
    """Metrics of gradient boosting on test."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    import kit
    from kit.evaluation import ValuePredictions, train_histories

    data = kit.open(name, kind="purchases")
    model = kit.models.CustomerValue.for_dataset(data, encoder="none")
    train = train_histories(data, model.length, complete=True)
    test = data.histories(data.test, model.length)
    known, asked = (np.asarray(model.summarise(part.inputs())) for part in (train, test))
    settings: dict[str, Any] = {"max_iter": 150, "learning_rate": 0.05, "random_state": 0}
    value = HistGradientBoostingRegressor(loss="poisson", **settings).fit(known, train.value)
    buys = HistGradientBoostingClassifier(**settings).fit(known, train.value > 0)
    none = np.full(len(test.value), np.nan)
    found = ValuePredictions(
        test.value, value.predict(asked), none, none, buys.predict_proba(asked)[:, 1]
    ).summary()
    return {metric: None if np.isnan(x) else round(x, 4) for metric, x in found.items()}


def figures(part: dict[str, Any]) -> dict[str, float | None]:
    """Metric to its value, of a part of metrics.json."""
    means = {name: part["metrics"][name]["mean"] for name in METRICS}
    return {name: None if mean is None else round(mean, 4) for name, mean in means.items()}


def summary(runs: list[dict[str, Any]], alone: dict[str, Any]) -> dict[str, Any]:
    """The kept figures of the runs of one source."""
    first = runs[0]
    against = [run["baselines"][PEER]["model_minus_baseline"]["normalised Gini"] for run in runs]
    return {
        "protocol": first["test"]["protocol"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "model": first["model"],
        "mean": {
            name: round(statistics.mean(run["test"]["metrics"][name]["mean"] for run in runs), 4)
            for name in METRICS
        },
        "by_seed": [figures(run["test"]) for run in runs],
        "intervals": {
            name: [round(first["test"]["metrics"][name][end], 4) for end in ("low", "high")]
            for name in METRICS
        },
        "gini_minus_bg_nbd": [{end: round(x, 4) for end, x in gap.items()} for gap in against],
        "without_encoder": figures(alone["test"]),
        "valid": [figures(run["valid"]) for run in runs],
        "season": first["season"],
        "auc_of_alive": round(first["auc_of_alive"], 4),
        "baselines": {name: figures(one) for name, one in first["baselines"].items()},
        "minutes": round(sum(first["seconds"].values()) / 60, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "versions": first["versions"],
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = [
        f"| data | system | {' | '.join(METRICS)} |",
        f"|---|---|{'---|' * len(METRICS)}",
    ]
    for name, found in kept.items():
        systems = {
            f"{found['model']}, {len(found['seeds'])} seeds": found["mean"],
            "without encoder, 1 seed": found["without_encoder"],
            **found["baselines"],
        }
        for place, (system, figures_of) in enumerate(systems.items()):
            cells = " | ".join(_cell(metric, figures_of[metric]) for metric in METRICS)
            lines.append(f"| {name if place == 0 else ''} | {system} | {cells} |")
    notes = [f"- {name}: {found['protocol']}." for name, found in kept.items()]
    return "\n".join([*lines, "", *notes])


def _cell(metric: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if metric == "MAE" else f"{value:.3f}"


@click.command()
@click.argument("name", default="online-retail")
@click.option("--seeds", default=3, show_default=True)
def main(name: str, seeds: int) -> None:
    """Train one source with several seeds and keep its figures."""
    runs = [trained(name, "gru", seed) for seed in range(seeds)]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[name] = summary(runs, trained(name, "none", 0))
    results[name]["baselines"][BOOSTING] = boosted(name)
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
