"""Measure the recipe image-classification at its defaults and write results/images.json.

    python benchmarks/image_results.py --seeds 3 path/to/fashion-mnist fashion-mnist-part
    python benchmarks/cifar10_jpeg.py path/to/train.npz cifar10-jpeg
    python benchmarks/image_results.py cifar10-jpeg
    python benchmarks/image_results.py --report FOLDER path/to/fashion-mnist

Every source is trained with every seed through the command a user types. With --report the run is
taken from the folder of its report, where it was kept before.
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

RESULTS = Path(__file__).parent.parent / "results" / "images.json"
METRICS = {"accuracy": "accuracy", "mean_f1": "mean F1", "log_loss": "log loss", "ece": "ECE"}


def trained(source: str, seed: int) -> dict[str, Any]:
    """metrics.json of one run of the recipe, with its processor time and the load beside it."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", "image-classification", "--data", source]
        command += ["--seed", str(seed), "--quiet", "--output", f"{folder}/model"]
        before = os.times()
        subprocess.run([*command, "--report", f"{folder}/report"], check=True)
        after = os.times()
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
        return {
            **numbers_in(Path(folder, "report")),
            "processor_seconds": round(used),
            "load_average": round(os.getloadavg()[2], 1),
        }


def numbers_in(report: Path) -> dict[str, Any]:
    """metrics.json of a report."""
    numbers: dict[str, Any] = json.loads((report / "metrics.json").read_text())
    return numbers


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What README tells of the runs of one source."""
    accuracies = [run["test"]["metrics"]["accuracy"] for run in runs]
    means = [found["mean"] for found in accuracies]
    return {
        "protocol": runs[0]["test"]["protocol"],
        "model": runs[0]["model"],
        "epochs": runs[0]["settings"]["epochs"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "accuracy_mean": round(statistics.mean(means), 4),
        "accuracy_spread": round(statistics.stdev(means), 4) if len(means) > 1 else None,
        "accuracy_intervals": [[round(x["low"], 4), round(x["high"], 4)] for x in accuracies],
        **{
            name: [round(run["test"]["metrics"][metric]["mean"], 4) for run in runs]
            for name, metric in METRICS.items()
        },
        "baselines": {
            name: round(found["metrics"]["accuracy"]["mean"], 4)
            for name, found in runs[0]["baselines"].items()
        },
        "weights": runs[0]["cost"]["weights"],
        "training_pflop": [round(run["cost"]["operations_of_training"] / 1e15, 4) for run in runs],
        "seconds": [{name: round(value) for name, value in run["seconds"].items()} for run in runs],
        "processor_seconds": [run.get("processor_seconds") for run in runs],
        "load_average": [run.get("load_average") for run in runs],
    }


def readme_table(kept: dict[str, Any]) -> str:
    """README's table of results, from the kept figures."""
    lines = [
        "| data | accuracy | mean F1 | pixels, linear | PFLOP | minutes of training |",
        "|---|---|---|---|---|---|",
    ]
    for source, found in kept.items():
        spread = found["accuracy_spread"]
        accuracy = f"**{found['accuracy_mean']:.4f}**" + (f" ({spread:.4f})" if spread else "")
        minutes = statistics.mean(seconds["train"] for seconds in found["seconds"]) / 60
        lines.append(
            f"| {source} | {accuracy} | {statistics.mean(found['mean_f1']):.4f} | "
            f"{found['baselines']['pixels, linear']:.4f} | "
            f"{statistics.mean(found['training_pflop']):.4f} | {minutes:.0f} |"
        )
    notes = [f"- {source}: {found['protocol']}." for source, found in kept.items()]
    return "\n".join([*lines, "", *notes])


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--report", type=click.Path(path_type=Path, exists=True), help="Of one finished run.")
def main(sources: tuple[str, ...], seeds: int, report: Path | None) -> None:
    """Measure, keep, print README's table."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for source in sources:
        runs = [numbers_in(report)] if report else [trained(source, n) for n in range(seeds)]
        kept[Path(source).name] = summary(runs)
        RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    print(readme_table(kept))


if __name__ == "__main__":
    main()
