"""Measure the two-stage recipe at its defaults and write results/two_stage.json.

    python benchmarks/two_stage_results.py
    python benchmarks/two_stage_results.py --reports FOLDER

Every seed is trained through the command a user types. With --reports the runs are taken from
FOLDER/SEED/report, where they were kept before.
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

RESULTS = Path(__file__).parent.parent / "results" / "two_stage.json"
RETRIEVAL = "retrieval alone"
METRICS = ("NDCG@10", "Recall@10", "Coverage@10", "Diversity@10")


def trained(source: str, seed: int) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "two-stage", "--data", source]
        command += ["--seed", str(seed), "--quiet", "--output", f"{folder}/model"]
        subprocess.run([*command, "--report", f"{folder}/report"], check=True)
        return numbers_in(Path(folder, "report"))


def numbers_in(report: Path) -> dict[str, Any]:
    """metrics.json of a report."""
    numbers: dict[str, Any] = json.loads((report / "metrics.json").read_text())
    return numbers


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The kept figures of the runs of one source."""
    lists = {
        "two-stage": [run["test"]["metrics"] for run in runs],
        RETRIEVAL: [run["baselines"][RETRIEVAL]["metrics"] for run in runs],
        **{
            name: [run["variants"][name]["metrics"] for run in runs] for name in runs[0]["variants"]
        },
    }
    gains = [run["baselines"][RETRIEVAL]["model_minus_baseline"]["NDCG@10"] for run in runs]
    return {
        "protocol": runs[0]["test"]["protocol"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "lists": {
            name: {
                metric.lower(): [round(found[metric]["mean"], 4) for found in results]
                for metric in METRICS
            }
            for name, results in lists.items()
        },
        "gain": [round(gain["mean"], 4) for gain in gains],
        "gain_mean": round(statistics.mean(gain["mean"] for gain in gains), 4),
        "gain_intervals": [[round(gain["low"], 4), round(gain["high"], 4)] for gain in gains],
        "ranking_weight": [run["settings"]["ranking_weight"] for run in runs],
        "baselines": {
            name: round(found["metrics"]["NDCG@10"]["mean"], 4)
            for name, found in runs[0]["baselines"].items()
            if name != RETRIEVAL
        },
        "seconds": [{name: round(value) for name, value in run["seconds"].items()} for run in runs],
        "load_average": round(os.getloadavg()[1], 1),
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = [
        "| data | retrieval alone | two-stage | difference | with diversity 0.1 |",
        "|---|---|---|---|---|",
    ]
    for name, found in kept.items():
        alone, both, diverse = (
            ", ".join(f"{x:.4f}" for x in found["lists"][of]["ndcg@10"])
            for of in (RETRIEVAL, "two-stage", "diversity 0.1")
        )
        gains = "; ".join(
            f"{gain:.4f} ({low:.4f} to {high:.4f})"
            for gain, (low, high) in zip(found["gain"], found["gain_intervals"], strict=True)
        )
        lines.append(f"| {name} | {alone} | **{both}** | {gains} | {diverse} |")
    return "\n".join(lines)


@click.command()
@click.argument("source", default="online-retail")
@click.option("--seeds", default=3, show_default=True)
@click.option("--reports", type=click.Path(path_type=Path), help="Where finished runs are.")
def main(source: str, seeds: int, reports: Path | None) -> None:
    """Train SOURCE with every seed and keep the figures."""
    runs = [
        trained(source, seed) if reports is None else numbers_in(reports / str(seed) / "report")
        for seed in range(seeds)
    ]
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    kept["/".join(Path(source).parts[-2:])] = summary(runs)
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    print(results_table(kept))


if __name__ == "__main__":
    main()
