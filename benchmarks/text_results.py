"""Keep what runs of the recipe text-classification reached in results/texts.json.

    kit train text-classification --data path/to/imdb/train.jsonl.xz --report 0 --output model
    kit train text-classification --data path/to/sst2 --backbone FOLDER --report 1 --output model
    python benchmarks/text_results.py 0 1

Runs of one source and model that differ in the seed alone are one entry.
"""

import sys
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reports import command_of, keep, minutes, of_metric, seeds, shown, source_of

RESULTS = Path(__file__).parent.parent / "results" / "texts.json"
METRICS = {"accuracy": "accuracy", "mean_f1": "mean F1", "log_loss": "log loss", "ece": "ECE"}
BASELINE = "bigrams, linear"


def name_of(run: dict[str, Any]) -> str:
    """The source and the model; a file that is called train is named by its folder."""
    path = Path(run["data"]["name"])
    source = path.parent.name if path.name.split(".")[0] == "train" else source_of(run)
    return f"{source}, {run['model']}"


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
        f"| data, model | command | minutes on 2 cores | accuracy | log loss | ECE | {BASELINE} |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        cells = [
            f"{name}, {seeds(found)}",
            f"`{found['command']}`",
            minutes(found),
            f"**{shown(found['accuracy'])}**",
            shown(found["log_loss"]),
            shown(found["ece"]),
            f"{found['baselines'][BASELINE]:.4f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    notes = dict.fromkeys(
        f"- {name.split(', ')[0]}: {found['protocol']}." for name, found in sorted(kept.items())
    )
    return "\n".join([*lines, "", *notes])


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def main(reports: tuple[Path, ...]) -> None:
    """Keep the figures of REPORTS, print the table of the results page."""
    print(results_table(keep(reports, RESULTS, summary, name_of)))


if __name__ == "__main__":
    main()
