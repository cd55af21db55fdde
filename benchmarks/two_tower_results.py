"""Measure the two-tower recipe at its defaults and write results/two_tower.json.

    python benchmarks/two_tower_results.py online-retail PATH/TO/movielens-100k/split

Every source is trained with every seed through the command a user types.
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

RESULTS = Path(__file__).parent.parent / "results" / "two_tower.json"


def trained(source: str, seed: int) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "two-tower", "--data", source]
        command += ["--seed", str(seed), "--quiet", "--output", f"{folder}/model"]
        subprocess.run([*command, "--report", f"{folder}/report"], check=True)
        numbers: dict[str, Any] = json.loads(Path(folder, "report", "metrics.json").read_text())
        return numbers


def ends(measured: dict[str, float]) -> list[float]:
    """Both ends of an interval."""
    return [round(measured["low"], 4), round(measured["high"], 4)]


def summary(source: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The kept figures of one source."""
    found = [run["test"]["metrics"]["NDCG@10"] for run in runs]
    first = runs[0]
    return {
        "data": "/".join(Path(source).parts[-2:]),
        "protocol": first["test"]["protocol"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "ndcg@10": [round(x["mean"], 4) for x in found],
        "ndcg@10_mean": round(statistics.mean(x["mean"] for x in found), 4),
        "ndcg@10_interval": ends(found[0]),
        "recall@10_mean": round(
            statistics.mean(run["test"]["metrics"]["Recall@10"]["mean"] for run in runs), 4
        ),
        "coverage@10_mean": round(
            statistics.mean(run["test"]["metrics"]["Coverage@10"]["mean"] for run in runs), 4
        ),
        "train_seconds": [round(run["seconds"]["train"]) for run in runs],
        "load_average": round(os.getloadavg()[1], 1),
        "baselines": {
            name: {
                "ndcg@10": round(result["metrics"]["NDCG@10"]["mean"], 4),
                "interval": ends(result["metrics"]["NDCG@10"]),
                "two_tower_minus_it": ends(result["model_minus_baseline"]["NDCG@10"]),
            }
            for name, result in first["baselines"].items()
        },
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| task | recipe | command | minutes on 2 cores | NDCG@10 (each seed) | 95 % | baselines |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items(), reverse=True):
        seeds = ", ".join(f"{x:.4f}" for x in found["ndcg@10"])
        low, high = found["ndcg@10_interval"]
        others = ", ".join(f"{n} {b['ndcg@10']:.4f}" for n, b in found["baselines"].items())
        minutes = statistics.mean(found["train_seconds"]) / 60
        lines.append(
            f"| retrieval, {name} | two-tower | `kit train two-tower --data {name}` "
            f"| {minutes:.1f} | **{found['ndcg@10_mean']:.4f}** ({seeds}) "
            f"| {low:.4f} to {high:.4f} | {others} |"
        )
    lines.append("")
    lines += [
        f"- {name}: {found['protocol']}." for name, found in sorted(kept.items(), reverse=True)
    ]
    return "\n".join(lines)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--seeds", default=3, show_default=True)
def main(sources: tuple[str, ...], seeds: int) -> None:
    """Train each of SOURCES with every seed and keep the figures."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for source in sources:
        found = summary(source, [trained(source, seed) for seed in range(seeds)])
        kept[found["data"]] = found
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    print(results_table(kept))


if __name__ == "__main__":
    main()
