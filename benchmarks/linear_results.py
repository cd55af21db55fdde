"""Measure the linear recipe at its defaults and write results/linear.json.

\b
    python benchmarks/linear_results.py online-retail online-retail
    python benchmarks/linear_results.py msweb PATH/TO/visits.csv.gz --item-column vroot_idx
    python benchmarks/linear_results.py Beauty PATH/TO/Beauty.txt.gz --split leave-one-out
    python benchmarks/linear_results.py "online-retail, first purchases" online-retail --first

The recipe is trained through the command a user types. It draws nothing at random but the users
that are evaluated, so that one run is enough. A file of sequences has a line for each user: user
item item ...
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.sequential_results import write_events
from benchmarks.two_tower_results import ends
from kit.data import open_source

RESULTS = Path(__file__).parent.parent / "results" / "linear.json"


def trained(data: str, *options: str) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "linear", "--data", data, "--quiet"]
        command += options
        command += ["--output", f"{folder}/model", "--report", f"{folder}/report"]
        subprocess.run(command, check=True)
        numbers: dict[str, Any] = json.loads(Path(folder, "report", "metrics.json").read_text())
        return numbers


def summary(run: dict[str, Any]) -> dict[str, Any]:
    """The kept figures of a run."""
    of_model = run["test"]["metrics"]
    return {
        "protocol": run["test"]["protocol"],
        "ndcg@10": round(of_model["NDCG@10"]["mean"], 4),
        "ndcg@10_interval": ends(of_model["NDCG@10"]),
        "recall@10": round(of_model["Recall@10"]["mean"], 4),
        "coverage@10": round(of_model["Coverage@10"]["mean"], 4),
        "settings": {
            name: run["settings"][name]
            for name in ("l2", "dropout", "half_life", "neighbours", "trend_weight", "trend_days")
        },
        "train_seconds": round(run["seconds"]["train"]),
        "load_average": round(os.getloadavg()[1], 1),
        "baselines": {
            name: {
                "ndcg@10": round(result["metrics"]["NDCG@10"]["mean"], 4),
                "coverage@10": round(result["metrics"]["Coverage@10"]["mean"], 4),
                "linear_minus_it": ends(result["model_minus_baseline"]["NDCG@10"]),
            }
            for name, result in run["baselines"].items()
        },
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| data | minutes | NDCG@10 | 95 % | coverage@10 "
        "| EASE | its coverage | difference, 95 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        low, high = found["ndcg@10_interval"]
        ease = next(b for n, b in found["baselines"].items() if n.startswith("EASE"))
        worst, best = ease["linear_minus_it"]
        lines.append(
            f"| {name} | {found['train_seconds'] / 60:.1f} | **{found['ndcg@10']:.4f}** "
            f"| {low:.4f} to {high:.4f} | {found['coverage@10']:.2f} | {ease['ndcg@10']:.4f} "
            f"| {ease['coverage@10']:.2f} | {worst:.4f} to {best:.4f} |"
        )
    lines.append("")
    lines += [f"- {name}: {found['protocol']}." for name, found in sorted(kept.items())]
    return "\n".join(lines)


@click.command()
@click.argument("name")
@click.argument("data")
@click.option("--split", help="How the test set is held out.")
@click.option("--item-column", help="Column of the item.")
@click.option("--first", is_flag=True, help="Keep the first interaction of a user with an item.")
def main(name: str, data: str, split: str | None, item_column: str | None, first: bool) -> None:
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
        found = summary(trained(data, *options))
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    kept[name] = found
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    print(results_table(kept))


if __name__ == "__main__":
    main()
