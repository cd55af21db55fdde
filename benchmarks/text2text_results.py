"""Keep what runs of the recipes translation and summarization reached in results/pairs.json.

    kit train translation --data path/to/multi30k --from en --to de --report 0 --output model
    kit train summarization --data scitldr-part --report 1 --output model
    python benchmarks/text2text_results.py 0 1

Runs of one source, recipe and model that differ in the seed alone are one entry.
"""

import sys
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reports import command_of, keep, minutes, of_metric, seeds, shown, source_of

RESULTS = Path(__file__).parent.parent / "results" / "pairs.json"
# Of each recipe the metric that systems are compared by.
METRIC = {"translation": "BLEU", "summarization": "ROUGE-1"}


def name_of(run: dict[str, Any]) -> str:
    """The source and the model."""
    return f"{source_of(run)}, {run['model']}"


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What is kept of metrics.json of runs that differ in the seed."""
    first = runs[0]
    metric = METRIC[first["recipe"]]
    found = [run["test"]["metrics"][metric] for run in runs]
    return {
        "command": command_of(first),
        "protocol": first["test"]["protocol"],
        "metric": metric,
        "weights": first["weights"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "train_seconds": [round(run["seconds"]["train"]) for run in runs],
        "metrics": {name: of_metric(runs, name) for name in first["test"]["metrics"]},
        "intervals": [[round(x["low"], 4), round(x["high"], 4)] for x in found],
        "valid": of_metric(runs, metric, "valid"),
        "baselines": {
            name: round(baseline["metrics"][metric]["mean"], 4)
            for name, baseline in first["baselines"].items()
        },
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| data, model | command | minutes on 2 cores | result | 95 % | baselines |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        low, high = found["intervals"][0]
        cells = [
            f"{name}, {seeds(found)}",
            f"`{found['command']}`",
            minutes(found),
            f"{found['metric']} **{shown(found['metrics'][found['metric']])}**",
            f"{low:.4f} to {high:.4f}",
            ", ".join(f"{other} {value:.4f}" for other, value in found["baselines"].items()),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    lines += [f"- {name}: {found['protocol']}." for name, found in sorted(kept.items())]
    return "\n".join(lines)


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def main(reports: tuple[Path, ...]) -> None:
    """Keep the figures of the runs that left REPORTS."""
    print(results_table(keep(reports, RESULTS, summary, name_of)))


if __name__ == "__main__":
    main()
