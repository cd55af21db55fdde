"""Measure the sequential recipe at its defaults and write results/sequential.json.

\b
    python benchmarks/sequential_results.py PATH/TO/amazon-beauty/Beauty.txt.gz
    python benchmarks/sequential_results.py PATH/TO/Toys_and_Games.txt.gz online-retail
    python benchmarks/sequential_results.py Beauty.txt.gz --encoder gru --epochs 20 --seeds 1

Every source is trained with every seed through the command a user types. A file of sequences (a
line a user: user item item ...) is split by leave-one-out, other sources by the recipe's default.
Runs that are in the file already are not run again.
"""

import gzip
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

RESULTS = Path(__file__).parent.parent / "results" / "sequential.json"
FIGURES = ("NDCG@10", "Recall@10", "Coverage@10")


def write_events(sequences: Path, file: Path) -> None:
    """Write lines of `user item item ...` as rows of user, item and place in time."""
    rows = []
    with gzip.open(sequences, "rt") as lines:
        for line in lines:
            user, *items = line.split()
            rows += [(user, item, place) for place, item in enumerate(items)]
    pl.DataFrame(rows, ["user_id", "item_id", "time"], orient="row").write_csv(file)


def name_of(source: str) -> str:
    """What a source is called in the results: the stem of a file of sequences, else itself."""
    return Path(source).name.partition(".")[0] if source.endswith(".txt.gz") else source


def trained(source: str, encoder: str, epochs: int | None, seed: int) -> dict[str, Any]:
    """Figures of one run of the recipe."""
    with TemporaryDirectory() as folder:
        data = ["--data", source]
        if source.endswith(".txt.gz"):
            events = Path(folder, f"{name_of(source)}.csv")
            write_events(Path(source), events)
            data = ["--data", str(events), "--split", "leave-one-out"]
        command = [sys.executable, "-m", "kit", "train", "sequential", *data]
        command += ["--encoder", encoder, "--seed", str(seed), "--quiet"]
        command += [] if epochs is None else ["--epochs", str(epochs)]
        command += ["--output", f"{folder}/model", "--report", f"{folder}/report"]
        subprocess.run(command, check=True)
        return figures(json.loads(Path(folder, "report", "metrics.json").read_text()))


def figures(numbers: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a report's metrics.json."""
    found = numbers["test"]["metrics"]
    return {
        "protocol": numbers["test"]["protocol"],
        **{name.lower(): round(found[name]["mean"], 4) for name in FIGURES},
        "ndcg@10_interval": [round(found["NDCG@10"][end], 4) for end in ("low", "high")],
        "recall@10_interval": [round(found["Recall@10"][end], 4) for end in ("low", "high")],
        "valid_ndcg@10": round(numbers["valid"]["metrics"]["NDCG@10"]["mean"], 4),
        "train_seconds": round(numbers["seconds"]["train"]),
        "load_average": round(os.getloadavg()[1], 1),
        "baselines": {
            name: {
                metric.lower(): round(result["metrics"][metric]["mean"], 4)
                for metric in FIGURES[:2]
            }
            for name, result in numbers["baselines"].items()
        },
    }


def means(runs: Sequence[dict[str, Any]], figure: str) -> str:
    """Mean of the seeds, and each of them where there are several."""
    values = [run[figure] for run in runs]
    each = f" ({', '.join(f'{x:.4f}' for x in values)})" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{each}"


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| data | encoder | seeds | minutes on 2 cores | Recall@10 | NDCG@10 | best baseline |",
        "|---|---|---|---|---|---|---|",
    ]
    protocols = {}
    for name, encoders in kept.items():
        for encoder, seeds in encoders.items():
            runs = list(seeds.values())
            minutes = statistics.mean(run["train_seconds"] for run in runs) / 60
            others = next((run["baselines"] for run in runs if run["baselines"]), {})
            best = "not run"
            if others:
                name_of_best = max(others, key=lambda other: others[other]["ndcg@10"])
                figures_of_best = others[name_of_best]
                best = (
                    f"{name_of_best}: {figures_of_best['recall@10']:.4f}, "
                    f"{figures_of_best['ndcg@10']:.4f}"
                )
            lines.append(
                f"| {name} | {encoder} | {', '.join(seeds)} | {minutes:.1f} "
                f"| {means(runs, 'recall@10')} | {means(runs, 'ndcg@10')} "
                f"| {best} |"
            )
            protocols[name] = runs[0]["protocol"]
    return "\n".join([*lines, "", *(f"- {name}: {said}." for name, said in protocols.items())])


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--encoder", "encoders", multiple=True, default=["attention"], show_default=True)
@click.option("--epochs", type=int, help="Most epochs.  [default: the recipe's]")
@click.option("--seeds", default=3, show_default=True)
def main(
    sources: tuple[str, ...], encoders: tuple[str, ...], epochs: int | None, seeds: int
) -> None:
    """Train each of SOURCES with every encoder and seed, and keep the figures."""
    for source in sources:
        for encoder in encoders:
            for seed in range(seeds):
                kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
                way = encoder if epochs is None else f"{encoder}, {epochs} epochs"
                runs = kept.setdefault(name_of(source), {}).setdefault(way, {})
                if str(seed) not in runs:
                    runs[str(seed)] = trained(source, encoder, epochs, seed)
                    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")
    print(results_table(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
