"""Measure the recipes translation and summarization and write results/pairs.json.

    python benchmarks/pair_results.py translation path/to/multi30k -- --from en --to de
    python benchmarks/pair_results.py summarization scitldr-part
    python benchmarks/pair_results.py --report FOLDER translation path/to/multi30k

Every source is trained through the command a user types; what follows -- is handed on to it. With
--report the run is taken from the folder of its report, where it was kept before.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

RESULTS = Path(__file__).parent.parent / "results" / "pairs.json"
# Of each recipe the metric that systems are compared by.
METRIC = {"translation": "BLEU", "summarization": "ROUGE-1"}
DIGITS = {"translation": 1, "summarization": 4}


def trained(recipe: str, source: str, options: tuple[str, ...]) -> dict[str, Any]:
    """metrics.json of one run of the recipe, with its processor time and the load beside it."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kit", "train", recipe, "--data", source, *options]
        command += ["--quiet", "--output", f"{folder}/model", "--report", f"{folder}/report"]
        before = os.times()
        subprocess.run(command, check=True)
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


def summary(run: dict[str, Any]) -> dict[str, Any]:
    """What README tells of a run."""
    metric = METRIC[run["recipe"]]
    return {
        "recipe": run["recipe"],
        "model": run["model"],
        "protocol": run["test"]["protocol"],
        "metrics": {name: round(x["mean"], 4) for name, x in run["test"]["metrics"].items()},
        "interval": [round(run["test"]["metrics"][metric][end], 4) for end in ("low", "high")],
        "baselines": {
            name: round(found["metrics"][metric]["mean"], 4)
            for name, found in run["baselines"].items()
        },
        "weights": run["weights"],
        "epochs": run["settings"]["epochs"],
        "seed": run["settings"]["seed"],
        "seconds": {name: round(value) for name, value in run["seconds"].items()},
        "processor_seconds": run.get("processor_seconds"),
        "load_average": run.get("load_average"),
    }


def readme_table(kept: dict[str, Any]) -> str:
    """README's table of results, from the kept figures."""
    lines = [
        "| data | recipe | model | result | 95 % | baselines | minutes of training |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in kept.items():
        recipe, digits = found["recipe"], DIGITS[found["recipe"]]
        metric = METRIC[recipe]
        low, high = found["interval"]
        others = ", ".join(f"{n} {x:.{digits}f}" for n, x in found["baselines"].items())
        lines.append(
            f"| {name.split(' ')[0]} | {recipe} | {found['model']} | {metric} "
            f"**{found['metrics'][metric]:.{digits}f}** | {low:.{digits}f} to {high:.{digits}f} | "
            f"{others} | {found['seconds']['train'] / 60:.0f} |"
        )
    notes = [f"- {name.split(' ')[0]}: {found['protocol']}." for name, found in kept.items()]
    return "\n".join([*lines, "", *notes])


@click.command()
@click.argument("recipe", type=click.Choice(list(METRIC)))
@click.argument("source")
@click.argument("options", nargs=-1)
@click.option("--report", type=click.Path(path_type=Path, exists=True), help="Of one finished run.")
def main(recipe: str, source: str, options: tuple[str, ...], report: Path | None) -> None:
    """Measure, keep, print README's table."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    run = numbers_in(report) if report else trained(recipe, source, options)
    kept[f"{Path(source).name} {recipe} {run['model']}"] = summary(run)
    RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    print(readme_table(kept))


if __name__ == "__main__":
    main()
