"""What scripts that keep figures of finished runs share: they read the reports that runs left."""

import json
import shlex
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Where a run left what it made is nobody's concern; seeds have a column of their own.
LEFT_OUT = ("--output", "--report", "--seed")
FLAGS_LEFT_OUT = ("--quiet", "--fresh")


def source_of(run: dict[str, Any]) -> str:
    """Name of the source, without the folders above it."""
    name = Path(run["data"]["name"]).name
    return f"{name}, built in" if run["data"]["licence"] else name


def command_of(run: dict[str, Any]) -> str:
    """What was typed, with FOLDER for a source that is not built in."""
    words = shlex.split(run["command"])
    kept: list[str] = []
    for word, before in zip(words, ["", *words], strict=False):
        if word in (*LEFT_OUT, *FLAGS_LEFT_OUT) or before in LEFT_OUT:
            continue
        is_folder = (before == "--data" and not run["data"]["licence"]) or (
            before == "--backbone" and "/" in word
        )
        kept.append("FOLDER" if is_folder else word)
    # `python -m kit` calls itself by its file.
    return shlex.join(["kit", *kept[1:]])


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """The values, their mean and their deviation."""
    known = [value for value in values if value is not None]
    deviation = round(statistics.stdev(known), 4) if len(known) > 1 else None
    average = round(statistics.mean(known), 4) if known else None
    return {"values": list(values), "mean": average, "deviation": deviation}


def of_metric(runs: Sequence[dict[str, Any]], metric: str, part: str = "test") -> dict[str, Any]:
    """`spread` of a metric over runs."""
    values = [run[part]["metrics"][metric]["mean"] for run in runs]
    return spread([value if value is None else round(value, 4) for value in values])


def shown(found: dict[str, Any]) -> str:
    """Mean and deviation as a cell of a table."""
    deviation = found["deviation"]
    return f"{found['mean']:.4f}" + ("" if deviation is None else f" ({deviation:.4f})")


def minutes(found: dict[str, Any]) -> str:
    """Of training, on average, as a cell of a table."""
    return f"{statistics.mean(found['train_seconds']) / 60:.1f}"


def seeds(found: dict[str, Any]) -> str:
    """How many runs there were."""
    count = len(found["seeds"])
    return f"{count} seed{'s' * (count > 1)}"


def keep(
    reports: Sequence[Path],
    results: Path,
    summary: Callable[[list[dict[str, Any]]], Any],
    name: Callable[[dict[str, Any]], str] = source_of,
) -> dict[str, Any]:
    """Put what reports say into a file of results; runs of one name are one entry.

    Returns:
        What the file holds.
    """
    of_name: dict[str, list[dict[str, Any]]] = {}
    for report in reports:
        run = json.loads((report / "metrics.json").read_text())
        of_name.setdefault(name(run), []).append(run)
    kept: dict[str, Any] = json.loads(results.read_text()) if results.is_file() else {}
    kept |= {entry: summary(runs) for entry, runs in of_name.items()}
    results.write_text(json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return kept
