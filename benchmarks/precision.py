"""Quality and speed of the two-tower recipe in each precision; writes results/precision.json.

    python benchmarks/precision.py PATH/TO/movielens-100k/split

Every seed is trained in every precision, one after the other, through the command a user types.
Seeds are paired: a difference is to float32 with the same seed, so the same start and batches.
Seconds are those of the training steps for the same number of interactions, as a ratio to float32.
"""

import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent.parent / "results" / "precision.json"
PEER = "float32"


def trained(source: str, precision: str, seed: int) -> dict[str, Any]:
    """NDCG@10 on test and interactions trained a second, of one run of the recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "two-tower", "--data", source]
        command += ["--seed", str(seed), "--precision", precision, "--quiet"]
        subprocess.run([*command, "--output", f"{folder}/m", "--report", f"{folder}/r"], check=True)
        numbers = json.loads(Path(folder, "r", "metrics.json").read_text())
        with Path(folder, "r", "history.csv").open() as file:
            rates = [float(row["interactions_per_second"]) for row in csv.DictReader(file)]
    return {
        "protocol": numbers["test"]["protocol"],
        "ndcg": numbers["test"]["metrics"]["NDCG@10"]["mean"],
        "rate": statistics.median(rates),
    }


def summary(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What is kept of the runs [precision][seed] of one source."""
    return {
        "protocol": runs[PEER][0]["protocol"],
        "precisions": {name: beside(found, runs[PEER]) for name, found in runs.items()},
    }


def beside(runs: list[dict[str, Any]], peers: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of one precision, and the differences to the peer by seed."""
    pairs = list(zip(runs, peers, strict=True))
    differences = [run["ndcg"] - peer["ndcg"] for run, peer in pairs]
    return {
        "ndcg@10": [round(run["ndcg"], 4) for run in runs],
        "ndcg@10_mean": round(statistics.mean(run["ndcg"] for run in runs), 4),
        "difference": [round(difference, 4) for difference in differences],
        "difference_mean": round(statistics.mean(differences), 4),
        "difference_deviation": round(statistics.stdev(differences), 4),
        "seconds_ratio": [round(peer["rate"] / run["rate"], 2) for run, peer in pairs],
    }


def table_of(name: str, kept: dict[str, Any]) -> Table:
    """One source as a table."""
    table = Table(title=f"{name}: {kept['protocol']}")
    for heading in ("precision", "NDCG@10 of each seed", "minus float32", "seconds / float32"):
        table.add_column(heading, justify="right")
    for precision, found in kept["precisions"].items():
        table.add_row(
            precision,
            ", ".join(f"{value:.4f}" for value in found["ndcg@10"]),
            f"{found['difference_mean']:+.4f} (deviation {found['difference_deviation']:.4f})",
            ", ".join(f"{ratio:.2f}" for ratio in found["seconds_ratio"]),
        )
    return table


@click.command(help=__doc__)
@click.argument("sources", nargs=-1, required=True)
@click.option("--seeds", type=click.IntRange(min=2), default=3, show_default=True)
def main(sources: tuple[str, ...], seeds: int) -> None:
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for source in sources:
        runs: dict[str, list[dict[str, Any]]] = {
            name: [] for name in (PEER, "mixed_bfloat16", "mixed_float16")
        }
        for seed in range(seeds):
            for precision, found in runs.items():
                found.append(trained(source, precision, seed))
        name = "/".join(Path(source).parts[-2:])
        kept[name] = summary(runs)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
        Console(width=120).print(table_of(name, kept[name]))


if __name__ == "__main__":
    main()
