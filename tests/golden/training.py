"""What a small training computes: first losses, metrics, recorded answers and sections."""

import hashlib
import json
import os
import platform
import random
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing
from tests.golden.commands import COMMANDS

FOLDER = Path(__file__).parent
FIRST, SAMPLE = 20, 6
# Instructions that change in which order sums are taken.
FLAGS = {"avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile"}


class Losses(keras.callbacks.Callback):
    """The loss after each step, as Keras logs it."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.values.append(float((logs or {})["loss"]))


def machine() -> dict[str, Any]:
    """What has to be the same for sums to be equal bit for bit."""
    flags: set[str] = set()
    if Path("/proc/cpuinfo").is_file():
        found = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        flags = set(found[1].split()) & FLAGS if found else set()
    return {
        "machine": platform.machine(),
        "cpu_flags": sorted(flags),
        # Sums are taken in shares of the threads.
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", ""),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def run(name: str, folder: Path) -> dict[str, Any]:
    """Train a command of `COMMANDS` and summarize what it leaves.

    Args:
        name: of the command.
        folder: where the export and the report go.
    """
    losses: list[list[float]] = []
    fit = keras.Model.fit

    def watched(model: keras.Model, *args: Any, callbacks: Any = (), **kwargs: Any) -> Any:
        watch = Losses()
        try:
            return fit(model, *args, callbacks=[*callbacks, watch], **kwargs)
        finally:
            losses.append(watch.values[:FIRST])

    # What was drawn before must not matter.
    random.seed(1)
    line = f"train {COMMANDS[name]} --output {folder / 'model'} --report {folder / 'report'}"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("default")
        patch.setattr("kit.exports.verify", passing)
        patch.setattr(keras.Model, "fit", watched)
        answer = CliRunner().invoke(main, line.split())
    assert answer.exit_code == 0, answer.output
    return summary(losses, folder / "report", folder / "model" / "1")


def summary(losses: list[list[float]], report: Path, version: Path) -> dict[str, Any]:
    """The parts of a run that have to stay, small enough for a file in the repository."""
    facts = json.loads((report / "metrics.json").read_text())
    metrics = {
        path: value
        for part in ("test", "valid", "baselines")
        for path, value in _numbers(facts.get(part), part)
        if "metrics" in path.split("/") and (part != "baselines" or path.endswith("/mean"))
    }
    recorded = json.loads((version / "assets.extra" / "recorded.json").read_text())
    answers = {}
    for signature, calls in recorded.items():
        exact = hashlib.sha256(json.dumps(calls["outputs"], sort_keys=True).encode())
        first = {name: _leaves(rows)[:SAMPLE] for name, rows in calls["outputs"].items()}
        answers[signature] = {"digest": exact.hexdigest()[:16], "first": first}
    sections = len(re.findall("<h2", (report / "report.html").read_text()))
    return {"losses": losses, "metrics": metrics, "answers": answers, "sections": sections}


def stored(name: str) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return golden


def store(name: str, found: dict[str, Any]) -> None:
    lines = [
        f"{json.dumps(k)}: {json.dumps(v)}" for k, v in {"machine": machine(), **found}.items()
    ]
    (FOLDER / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _numbers(facts: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(facts, dict):
        for name, value in facts.items():
            yield from _numbers(value, f"{path}/{name}")
    elif isinstance(facts, int | float) and not isinstance(facts, bool):
        yield path, facts


def _leaves(values: Any) -> list[Any]:
    if not isinstance(values, list):
        return [values]
    return [leaf for value in values for leaf in _leaves(value)]
