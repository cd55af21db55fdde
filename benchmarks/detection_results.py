"""Keep what runs of the object-detection recipe reached in results/detection.json.

    kit train object-detection --data path/to/bccd --report /tmp/0 --output /tmp/m
    kit train object-detection --data path/to/bccd --seed 1 --report /tmp/1 --output /tmp/m
    python benchmarks/detection_results.py /tmp/0 /tmp/1

Runs of one source that differ in the seed alone are one entry. A run may be stopped and go on, so
what is read is the reports that it left.
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

RESULTS = Path(__file__).parent.parent / "results" / "detection.json"
METRICS = {"map50": "mAP50", "map": "mAP"}
# COCO-pretrained YOLOv3 on the same val, as the data set's README has it.
PUBLISHED = {"bccd": {"map50": 0.84, "system": "YOLOv3, pretrained on COCO"}}
COMMAND = "kit train object-detection --data {}"


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What is kept of metrics.json of runs that differ in the seed."""
    first = runs[0]
    classes = first["data"]["boxes_of_class"]
    source = source_of(first)
    return {
        "command": COMMAND.format(first["data"]["name"] if first["data"]["licence"] else "FOLDER")
        + f" --epochs {first['settings']['epochs']} --size {max(first['settings']['size'])}",
        "protocol": first["test"]["protocol"],
        "size": first["settings"]["size"],
        "weights": first["settings"]["weights"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "train_seconds": [round(run["seconds"]["train"]) for run in runs],
        **{key: spread([mean(run, metric) for run in runs]) for key, metric in METRICS.items()},
        "ap50_of_class": {
            name: spread([mean(run, f"AP50 of {name}") for run in runs]) for name in classes
        },
        "valid_map50": [mean(run, "mAP50", "valid") for run in runs],
        "published": PUBLISHED.get(source),
    }


def source_of(run: dict[str, Any]) -> str:
    """Name of the source, without the folders above it."""
    name = Path(run["data"]["name"]).name
    return f"{name}, built in" if run["data"]["licence"] else name


def mean(run: dict[str, Any], metric: str, part: str = "test") -> float | None:
    """A metric of a run; None where it does not exist."""
    value: float | None = run[part]["metrics"][metric]["mean"]
    return value if value is None else round(value, 4)


def spread(values: list[float | None]) -> dict[str, Any]:
    """The values, their mean and their deviation."""
    known = [value for value in values if value is not None]
    deviation = round(statistics.stdev(known), 4) if len(known) > 1 else None
    average = round(statistics.mean(known), 4) if known else None
    return {"values": values, "mean": average, "deviation": deviation}


def readme_table(kept: dict[str, Any]) -> str:
    """README's table of results and its protocols, from the kept figures."""
    lines = [
        "| data | command | minutes on 2 cores | mAP50 | mAP | published mAP50 |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in sorted(kept.items()):
        minutes = statistics.mean(found["train_seconds"]) / 60
        cells = [f"{name}, {len(found['seeds'])} seeds", f"`{found['command']}`", f"{minutes:.1f}"]
        for key in METRICS:
            deviation = found[key]["deviation"]
            cells.append(
                f"{found[key]['mean']:.4f}" + ("" if deviation is None else f" ({deviation:.4f})")
            )
        published = found["published"]
        cells.append(f"{published['map50']} ({published['system']})" if published else "")
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    lines += [f"- {name}: {found['protocol']}." for name, found in sorted(kept.items())]
    return "\n".join(lines)


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
def main(reports: tuple[Path, ...]) -> None:
    """Keep the figures of the runs that left REPORTS."""
    of_source: dict[str, list[dict[str, Any]]] = {}
    for report in reports:
        run = json.loads((report / "metrics.json").read_text())
        of_source.setdefault(source_of(run), []).append(run)
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    kept |= {name: summary(runs) for name, runs in of_source.items()}
    text = json.dumps(kept, indent=2, sort_keys=True).replace("../shared/data/", "")
    RESULTS.write_text(text + "\n")
    print(readme_table(kept))


if __name__ == "__main__":
    main()
