"""Measure the two-tower and linear recipes at their defaults and write results/retrieval.json.

\b
    python benchmarks/retrieval_results.py online-retail online-retail
    python benchmarks/retrieval_results.py msweb PATH/TO/visits.csv.gz --item-column vroot_idx
    python benchmarks/retrieval_results.py Beauty PATH/TO/Beauty.txt.gz --split leave-one-out
    python benchmarks/retrieval_results.py "online-retail, first purchases" online-retail --first

A recipe is trained through the command a user types. The linear one draws nothing at random but the
users that are evaluated, so that one run of it is enough. A file of sequences has a line for each
user: user item item ...
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

from benchmarks.sequential_results import write_events
from kit.data import open_source

RESULTS = Path(__file__).parent.parent / "results" / "retrieval.json"
RECIPES = ("two-tower", "linear")


def trained(recipe: str, seed: int, data: str, *options: str) -> dict[str, Any]:
    """metrics.json of one run of a recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", recipe, "--data", data, *options]
        command += ["--seed", str(seed), "--quiet", "--output", f"{folder}/model"]
        subprocess.run([*command, "--report", f"{folder}/report"], check=True)
        numbers: dict[str, Any] = json.loads(Path(folder, "report", "metrics.json").read_text())
        return numbers


def ends(measured: dict[str, float]) -> list[float]:
    """Both ends of an interval."""
    return [round(measured["low"], 4), round(measured["high"], 4)]


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The kept figures of one recipe."""

    def mean(metric: str) -> float:
        return round(statistics.mean(run["test"]["metrics"][metric]["mean"] for run in runs), 4)

    first = runs[0]
    return {
        "seeds": [run["settings"]["seed"] for run in runs],
        "ndcg@10": [round(run["test"]["metrics"]["NDCG@10"]["mean"], 4) for run in runs],
        "ndcg@10_mean": mean("NDCG@10"),
        "ndcg@10_interval": ends(first["test"]["metrics"]["NDCG@10"]),
        "recall@10_mean": mean("Recall@10"),
        "coverage@10_mean": mean("Coverage@10"),
        "train_seconds": [round(run["seconds"]["train"]) for run in runs],
        "load_average": round(os.getloadavg()[1], 1),
        "minus_baseline": {
            name: ends(result["model_minus_baseline"]["NDCG@10"])
            for name, result in first["baselines"].items()
        },
    }


def of_baselines(run: dict[str, Any]) -> dict[str, Any]:
    """The kept figures of the baselines."""
    return {
        name: {
            "ndcg@10": round(result["metrics"]["NDCG@10"]["mean"], 4),
            "coverage@10": round(result["metrics"]["Coverage@10"]["mean"], 4),
        }
        for name, result in run["baselines"].items()
    }


def best_baseline(kept: dict[str, Any]) -> str:
    """Name of the baseline with the best NDCG@10."""
    return max(kept["baselines"], key=lambda name: float(kept["baselines"][name]["ndcg@10"]))


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| data | system | minutes | NDCG@10 (each seed) | 95 % | coverage@10 "
        "| minus the best baseline, 95 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        best = best_baseline(found)
        for recipe in RECIPES:
            if recipe not in found["recipes"]:
                continue
            runs = found["recipes"][recipe]
            seeds = ", ".join(f"{x:.4f}" for x in runs["ndcg@10"])
            low, high = runs["ndcg@10_interval"]
            worst, most = runs["minus_baseline"][best]
            lines.append(
                f"| {name} | `{recipe}` | {statistics.mean(runs['train_seconds']) / 60:.1f} "
                f"| **{runs['ndcg@10_mean']:.4f}**{f' ({seeds})' if ',' in seeds else ''} "
                f"| {low:.4f} to {high:.4f} | {runs['coverage@10_mean']:.2f} "
                f"| {worst:+.4f} to {most:+.4f} |"
            )
        lines += [
            f"| {name} | {baseline} | | {figures['ndcg@10']:.4f} | "
            f"| {figures['coverage@10']:.2f} | |"
            for baseline, figures in sorted(
                found["baselines"].items(), key=lambda pair: -pair[1]["ndcg@10"]
            )
        ]
    lines.append("")
    lines += [f"- {name}: {found['protocol']}." for name, found in sorted(kept.items())]
    return "\n".join(lines)


@click.command()
@click.argument("name")
@click.argument("data")
@click.option("--recipe", "recipes", type=click.Choice(RECIPES), multiple=True, default=RECIPES)
@click.option("--seeds", default="0,1,2", show_default=True, help="Random seeds of two-tower.")
@click.option("--split", help="How the test set is held out.")
@click.option("--item-column", help="Column of the item.")
@click.option("--first", is_flag=True, help="Keep the first interaction of a user with an item.")
def main(
    name: str,
    data: str,
    recipes: tuple[str, ...],
    seeds: str,
    split: str | None,
    item_column: str | None,
    first: bool,
) -> None:
    """Train on DATA and keep the figures under NAME."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "log.csv")
        if data.endswith(".txt.gz"):
            write_events(Path(data), file)
            data = str(file)
        elif first:
            rows = open_source(data).interactions.sort("time", maintain_order=True)
            rows = rows.unique(["user_id", "item_id"], keep="first", maintain_order=True)
            rows.select("user_id", "item_id", "time").write_csv(file)
            data = str(file)
        options = [] if split is None else ["--split", split]
        options += [] if item_column is None else ["--item-column", item_column]
        measured = {
            recipe: [
                trained(recipe, int(seed), data, *options)
                for seed in (seeds.split(",") if recipe == "two-tower" else ["0"])
            ]
            for recipe in recipes
        }
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for recipe, runs in measured.items():
        found = kept.setdefault(name, {"recipes": {}})
        found["protocol"] = runs[0]["test"]["protocol"]
        found["baselines"] = of_baselines(runs[0])
        found["recipes"][recipe] = summary(runs)
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    print(results_table(kept))


if __name__ == "__main__":
    main()
