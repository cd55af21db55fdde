"""Keep what runs of the recipe image-classification reached in results/images.json.

    kit train image-classification --data path/to/fashion-mnist --report 0 --output model
    kit train image-classification --data path/to/fashion-mnist --seed 1 --report 1 --output model
    python benchmarks/image_results.py 0 1

Runs of one source that differ in the seed alone are one entry. The part of CIFAR-10 becomes
folders of images before: python benchmarks/cifar10_jpeg.py path/to/train.npz cifar10-jpeg
"""

import sys
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reports import command_of, keep, minutes, of_metric, seeds, shown

RESULTS = Path(__file__).parent.parent / "results" / "images.json"
METRICS = {"accuracy": "accuracy", "mean_f1": "mean F1", "log_loss": "log loss", "ece": "ECE"}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What is kept of metrics.json of runs that differ in the seed."""
    first = runs[0]
    accuracies = [run["test"]["metrics"]["accuracy"] for run in runs]
    return {
        "command": command_of(first),
        "protocol": first["test"]["protocol"],
        "model": first["model"],
        "weights": first["cost"]["weights"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "train_seconds": [round(run["seconds"]["train"]) for run in runs],
        "training_pflop": [round(run["cost"]["operations_of_training"] / 1e15, 4) for run in runs],
        "accuracy_intervals": [[round(x["low"], 4), round(x["high"], 4)] for x in accuracies],
        **{key: of_metric(runs, metric) for key, metric in METRICS.items()},
        "valid_accuracy": of_metric(runs, "accuracy", "valid"),
        "baselines": {
            name: round(found["metrics"]["accuracy"]["mean"], 4)
            for name, found in first["baselines"].items()
        },
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| data | command | minutes on 2 cores | PFLOP | accuracy | log loss | ECE "
        "| pixels, linear |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        cells = [
            f"{name}, {seeds(found)}",
            f"`{found['command']}`",
            minutes(found),
            f"{found['training_pflop'][0]:.4f}",
            f"**{shown(found['accuracy'])}**",
            shown(found["log_loss"]),
            shown(found["ece"]),
            f"{found['baselines']['pixels, linear']:.4f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    lines += [f"- {name}: {found['protocol']}." for name, found in sorted(kept.items())]
    return "\n".join(lines)


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
def main(reports: tuple[Path, ...]) -> None:
    """Keep the figures of the runs that left REPORTS."""
    print(results_table(keep(reports, RESULTS, summary)))


if __name__ == "__main__":
    main()
