"""Quality and speed of the two-tower recipe in each precision; writes results/precision.json.

    python benchmarks/precision.py PATH/TO/movielens-100k/split

Every seed is trained in every precision through the command a user types. A difference is to
float32 with the same seed. A training step is timed in one process, the precisions in turn, so that
they share the machine's mood: quartiles over rounds of 10 steps, as a ratio to float32.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kit.config import DataOptions

RESULTS = Path(__file__).parent.parent / "results" / "precision.json"
PEER, *OTHERS = PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def trained(source: str, precision: str, seed: int) -> dict[str, Any]:
    """What metrics.json says of test after one run of the recipe."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "two-tower", "--data", source, "--quiet"]
        command += ["--seed", str(seed), "--precision", precision]
        subprocess.run([*command, "--output", f"{folder}/m", "--report", f"{folder}/r"], check=True)
        test: dict[str, Any] = json.loads(Path(folder, "r", "metrics.json").read_text())["test"]
        return test


def timed(source: str, loss: str, rounds: int, steps: int = 10) -> dict[str, list[float]]:
    """Ratio of each precision's step to float32's, by round."""
    from kit.recipes import two_tower
    from kit.training import choose_precision

    options = two_tower.TwoTowerOptions(
        data=DataOptions(data=source), model=two_tower.LossOptions(loss=loss)
    )
    dataset = options.data.dataset()
    models, streams = {}, {}
    for name in PRECISIONS:
        precision = choose_precision(name)
        with precision.scope():
            models[name] = two_tower.build(dataset, options)
        built = two_tower.train(models[name], dataset, options, precision)
        streams[name] = iter(built.batches.stream())
    seconds: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    for _ in range(rounds + 1):
        for name, model in models.items():
            batches_of_round = [next(streams[name]) for _ in range(steps)]
            start = time.perf_counter()
            for inputs, targets, weights in batches_of_round:
                model.train_on_batch(inputs, targets, weights)
            seconds[name].append(time.perf_counter() - start)
    # The first round compiles.
    peer = seconds[PEER][1:]
    return {n: [a / b for a, b in zip(seconds[n][1:], peer, strict=True)] for n in OTHERS}


def summary(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """NDCG@10 of runs [precision][seed], and the differences to float32 by seed."""
    found = {n: [run["metrics"]["NDCG@10"]["mean"] for run in runs[n]] for n in PRECISIONS}
    kept: dict[str, Any] = {"protocol": runs[PEER][0]["protocol"]}
    for name, values in found.items():
        differences = [value - peer for value, peer in zip(values, found[PEER], strict=True)]
        kept[name] = {
            "ndcg@10": [round(value, 4) for value in values],
            "difference": [round(difference, 4) + 0.0 for difference in differences],
            "difference_mean": round(statistics.mean(differences), 4) + 0.0,
            "difference_deviation": round(statistics.stdev(differences), 4),
        }
    return kept


def table_of(name: str, kept: dict[str, Any]) -> Table:
    """One source as a table."""
    table = Table(
        "precision", "NDCG@10 of each seed", "minus float32", "seconds of a step / float32"
    )
    table.title = f"{name}: {kept['protocol']}"
    for precision in PRECISIONS:
        found = kept[precision]
        seeds = ", ".join(f"{value:.4f}" for value in found["ndcg@10"])
        mean, deviation = found["difference_mean"], found["difference_deviation"]
        steps = [f"{loss} {q[1]} ({q[0]} to {q[2]})" for loss, q in found.get("step", {}).items()]
        table.add_row(precision, seeds, f"{mean:+.4f} (deviation {deviation})", ", ".join(steps))
    return table


@click.command(help=__doc__)
@click.argument("source")
@click.option("--seeds", type=click.IntRange(min=2), default=3, show_default=True)
@click.option("--rounds", type=click.IntRange(min=2), default=15, show_default=True)
def main(source: str, seeds: int, rounds: int) -> None:
    runs = {n: [trained(source, n, seed) for seed in range(seeds)] for n in PRECISIONS}
    kept = summary(runs)
    for loss in ("full", "sampled"):
        for name, ratios in timed(source, loss, rounds).items():
            quartiles = [round(q, 2) for q in statistics.quantiles(ratios, n=4)]
            kept[name].setdefault("step", {})[loss] = quartiles
    name = "/".join(Path(source).parts[-2:])
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.write_text(json.dumps({**results, name: kept}, indent=2, sort_keys=True) + "\n")
    Console(width=140).print(table_of(name, kept))


if __name__ == "__main__":
    main()
