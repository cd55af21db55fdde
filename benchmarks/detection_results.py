"""Keep what runs of the object-detection recipe reached in results/detection.json.

    kit train object-detection --data path/to/bccd --report 0 --output model
    kit train object-detection --data path/to/bccd --seed 1 --report 1 --output model
    python benchmarks/detection_results.py 0 1

Runs of one source that differ in the seed alone are one entry. A run may be stopped and go on, so
what is read is the reports that it left.
"""

import sys
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reports import command_of, keep, minutes, of_metric, seeds, shown, source_of

RESULTS = Path(__file__).parent.parent / "results" / "detection.json"
METRICS = {"map50": "mAP50", "map": "mAP"}
# COCO-pretrained YOLOv3, by experiencor/keras-yolo3: BCCD on the same val, raccoon on one of the
# same size.
PRETRAINED = "YOLOv3, pretrained on COCO"
PUBLISHED = {
    "bccd": {"map50": 0.84, "system": PRETRAINED},
    "raccoon": {"map50": 0.98, "system": PRETRAINED},
}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What is kept of metrics.json of runs that differ in the seed."""
    first = runs[0]
    halves = [run["test"]["metrics"]["mAP50"] for run in runs]
    return {
        "command": command_of(first),
        "protocol": first["test"]["protocol"],
        "size": first["settings"]["size"],
        "weights": first["settings"]["weights"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "train_seconds": [round(run["seconds"]["train"]) for run in runs],
        **{key: of_metric(runs, metric) for key, metric in METRICS.items()},
        "map50_intervals": [
            [value if value is None else round(value, 4) for value in (x.get("low"), x.get("high"))]
            for x in halves
        ],
        "ap50_of_class": {
            name: of_metric(runs, f"AP50 of {name}") for name in first["data"]["boxes_of_class"]
        },
        "valid_map50": of_metric(runs, "mAP50", "valid"),
        "published": PUBLISHED.get(source_of(first)),
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page, and its protocols."""
    lines = [
        "| data | command | minutes on 2 cores | mAP50 | mAP | published mAP50 |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        published = found["published"]
        cells = [
            f"{name}, {seeds(found)}",
            f"`{found['command']}`",
            minutes(found),
            f"**{shown(found['map50'])}**",
            shown(found["map"]),
            f"{published['map50']} ({published['system']})" if published else "",
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
