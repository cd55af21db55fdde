"""Measure the ranking recipe at its defaults and write results/ranking.json.

    python benchmarks/frappe.py path/to/frappe frappe
    python benchmarks/adult_census.py path/to/adult-census adult-census
    python benchmarks/ranking_results.py --seeds 5 frappe
    python benchmarks/ranking_results.py --boosting adult-census in-vehicle-coupon
    python benchmarks/ranking_results.py --model deepfm in-vehicle-coupon

Every source is trained with every seed through the command a user types; with --boosting
scikit-learn's histogram gradient boosting learns from the same rows, is stopped by the same valid
and measured on the same test.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

RESULTS = Path(__file__).parent.parent / "results" / "ranking.json"
BOOSTING = "gradient boosting"
MODELS = ("dcn", "dlrm", "deepfm", "autoint", "finalmlp", "din")
METRICS = {"auc": "AUC", "grouped_auc": "grouped AUC", "log_loss": "log loss", "ece": "ECE"}
COMMANDS = {
    # The width was chosen on valid: 16, 32 and 64 gave .9817, .9829 and .9828.
    "frappe": "kit train ranking --data FOLDER --dim 32",
    "adult-census": "kit train ranking --data FOLDER --label income",
    "in-vehicle-coupon": "kit train ranking --data in-vehicle-coupon",
}


def trained(source: str, seed: int, model: str) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        own = COMMANDS[Path(source).name].split()[5:]
        command = [sys.executable, "-m", "kit", "train", "ranking", "--data", source, *own]
        command += ["--model", model, "--seed", str(seed), "--quiet"]
        command += ["--output", f"{folder}/model", "--report", f"{folder}/report"]
        subprocess.run(command, check=True)
        numbers: dict[str, Any] = json.loads(Path(folder, "report", "metrics.json").read_text())
        return numbers


def boosting(run: dict[str, Any]) -> dict[str, float]:
    """Gradient boosting on the rows of a run."""
    from benchmarks.gradient_boosting import boosted
    from kit.config import TableOptions
    from kit.data.table import TableEncoder
    from kit.evaluation import Classification

    options = TableOptions.of_card(run["settings"])
    data = options.dataset()
    encoder = TableEncoder.fit(data.schema, data.train.features, fewest=1)
    begin = time.perf_counter()
    found = boosted(data, encoder, options.seed)
    seconds = time.perf_counter() - begin
    metrics = Classification.of(data.test, found.probabilities).summary()
    return {**metrics, "seconds": seconds}


def spread(values: list[float | None]) -> dict[str, Any]:
    """Each seed's value, their mean and deviation."""
    known = [value for value in values if value is not None]
    return {
        "seeds": [round(value, 4) for value in known],
        "mean": round(statistics.mean(known), 4),
        "deviation": round(statistics.stdev(known), 4) if len(known) > 1 else 0.0,
    }


def summary(source: str, runs: list[dict[str, Any]], boosts: list[dict[str, float]]) -> Any:
    """The kept figures of one source."""
    first = runs[0]
    systems = {first["model"]: [run["test"]["metrics"] for run in runs]}
    for name in first["baselines"]:
        systems[name] = [run["baselines"][name]["metrics"] for run in runs]
    tables = {
        name: [{metric: one[metric]["mean"] for metric in one} for one in found]
        for name, found in systems.items()
    }
    if boosts:
        tables[BOOSTING] = boosts
    auc = first["test"]["metrics"]["AUC"]
    return {
        "data": Path(source).name,
        "model": first["model"],
        "protocol": first["test"]["protocol"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "auc_interval": [round(auc["low"], 4), round(auc["high"], 4)],
        "train_seconds": [round(run["seconds"]["train"]) for run in runs],
        "boosting_seconds": [round(boost["seconds"]) for boost in boosts],
        "load_average": round(os.getloadavg()[1], 1),
        "systems": {
            name: {
                key: spread([one[metric] for one in found])
                for key, metric in METRICS.items()
                if metric in found[0]
            }
            for name, found in tables.items()
        },
    }


def add(kept: dict[str, Any], name: str, found: dict[str, Any]) -> None:
    """Keep the figures of a source; of a second model only its own line."""
    model = found["model"]
    if kept.get(name, found)["model"] == model:
        others = {k: v for k, v in kept.get(name, found)["systems"].items() if k in MODELS}
        kept[name] = found | {"systems": others | found["systems"]}
    else:
        kept[name]["systems"][model] = found["systems"][model]


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| task | command | minutes on 2 cores | system | AUC (deviation) | log loss | ECE |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        minutes = statistics.mean(found["train_seconds"]) / 60
        where = [f"{name}, {len(found['seeds'])} seeds", f"`{COMMANDS[name]}`", f"{minutes:.1f}"]
        for system, measured in found["systems"].items():
            if system == "base rate":
                continue
            auc, loss, ece = (measured[key] for key in ("auc", "log_loss", "ece"))
            mean = f"{auc['mean']:.4f}"
            mean = f"**{mean}**" if system == found["model"] else mean
            lines.append(
                f"| {' | '.join(where)} | {system} | {mean} ({auc['deviation']:.4f}) "
                f"| {loss['mean']:.4f} | {ece['mean']:.4f} |"
            )
            where = ["", "", ""]
    lines.append("")
    lines += [f"- {name}: {found['protocol']}." for name, found in sorted(kept.items())]
    return "\n".join(lines)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--model", type=click.Choice(MODELS), default=MODELS[0], show_default=True)
@click.option("--boosting", "boosts", is_flag=True, help="Gradient boosting on the same rows.")
def main(sources: tuple[str, ...], seeds: int, model: str, boosts: bool) -> None:
    """Train each of SOURCES with every seed and keep the figures."""
    for source in sources:
        runs: list[dict[str, Any]] = []
        peers: list[dict[str, float]] = []
        for seed in range(seeds):
            runs.append(trained(source, seed, model))
            if boosts:
                peers.append(boosting(runs[-1]))
            # Kept after every seed, so that an interrupted measurement is not lost.
            kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
            add(kept, Path(source).name, summary(source, runs, peers))
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    print(results_table(kept))


if __name__ == "__main__":
    main()
