"""Keep the robustness of exports in results/robustness.json.

    kit train image-classification --data fashion-mnist-part --seed 1 --output models/fashion-1
    python benchmarks/robustness_results.py fashion-mnist-part models/fashion-0 models/fashion-1

Exports of one source that differ in the seed alone are one entry.
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reports import seeds

RESULTS = Path(__file__).parent.parent / "results" / "robustness.json"


def measured(folder: Path) -> dict[str, Any]:
    """What `kit robustness` prints of an export, with its seed and options."""
    from kit.exports import read_card, version_folder
    from kit.tasks import TASKS, Export

    version = version_folder(folder)
    card = read_card(version)
    task: Any = TASKS[card.task]
    data = task.open_again(card, None)
    found = task.robustness_of_export(Export(version, card), data, most=1000).facts()
    return {**found, "model": card.model, "seed": card.data["seed"], "recipe": card.recipe}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds, and the accuracies of each."""
    runs = sorted(runs, key=lambda run: run["seed"])
    accuracies = {}
    for name in runs[0]["metrics"]:
        values = [round(run["metrics"][name]["mean"], 4) for run in runs]
        accuracies[name] = {
            "mean": round(statistics.mean(values), 4),
            "deviation": round(statistics.stdev(values), 4) if len(values) > 1 else None,
            "values": values,
        }
    return {
        "recipe": runs[0]["recipe"],
        "model": runs[0]["model"],
        "protocol": runs[0]["protocol"],
        "seeds": [run["seed"] for run in runs],
        "accuracies": accuracies,
        "left_out": runs[0]["left_out"],
    }


def results_table(kept: dict[str, Any]) -> str:
    """The tables of the results page, one for each recipe."""
    blocks = []
    for recipe in sorted({found["recipe"] for found in kept.values()}):
        of_recipe = {name: found for name, found in kept.items() if found["recipe"] == recipe}
        changes = list(next(iter(of_recipe.values()))["accuracies"])
        lines = [f"| {recipe} | {' | '.join(of_recipe)} |", "|---|" + "---|" * len(of_recipe)]
        for change in changes:
            cells = [_cell(found["accuracies"].get(change)) for found in of_recipe.values()]
            lines.append(f"| {change} | {' | '.join(cells)} |")
        notes = [
            f"- {name}, {found['model']}, {seeds(found)}: {found['protocol']}."
            for name, found in of_recipe.items()
        ]
        blocks.append("\n".join([*lines, "", *notes]))
    return "\n\n".join(blocks)


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    spread = "" if found["deviation"] is None else f" (±{found['deviation']:.4f})"
    return f"{found['mean']:.4f}{spread}"


@click.command()
@click.argument("name")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def main(name: str, folders: tuple[Path, ...]) -> None:
    """Measure the exports in FOLDERS and keep the figures under NAME."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    kept[name] = summary([measured(folder) for folder in folders])
    kept = dict(sorted(kept.items()))
    RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    print(results_table(kept))


if __name__ == "__main__":
    main()
