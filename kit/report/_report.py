"""What all reports share: facts of a run, comparison, training curves, files."""

import csv
import dataclasses
import io
import json
import math
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from kit import __version__
from kit.errors import UserError
from kit.metrics import Estimate, Estimates
from kit.progress import stage
from kit.report._figures import decimals, training_figure
from kit.report._html import figure, interval, signed


class NamedData(Protocol):
    """The data of a report."""

    @property
    def name(self) -> str: ...


class MeasuredPredictions(Protocol):
    """Predictions of a system on a part, and their metrics."""

    def estimates(self) -> Estimates: ...

    def minus(self, other: Self) -> Estimates: ...


Found = TypeVar("Found", bound=MeasuredPredictions)


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What every report states about a run.

    Args:
        recipe: its name, "ranking".
        command: the command line.
        data: the split data.
        settings: name to value, given or chosen.
        history: one dict an epoch: epoch, loss, the metric on valid and further values.
        metric: the key of the metric on valid.
        seconds: name of a phase to its duration.
    """

    recipe: str
    command: str
    data: NamedData
    settings: dict[str, object]
    history: list[dict[str, float]]
    metric: str
    seconds: dict[str, float]

    def facts(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of metrics.json: plain values, null where a number does not exist."""
        facts = plain(
            {
                "recipe": self.recipe,
                "command": self.command,
                **content,
                "settings": self.settings,
                "seconds": self.seconds,
                "versions": versions(),
            }
        )
        assert isinstance(facts, dict)
        return facts


@dataclass(frozen=True, kw_only=True)
class ComparisonReport(RunInfo, Generic[Found]):
    """What a report states about a model and its baselines, and about the run as `RunInfo`.

    Args:
        model: its name, "dcn".
        valid: predictions of the model on valid.
        test: predictions of the model on test.
        baselines: name to predictions on the same test part.
    """

    model: str
    valid: Found
    test: Found
    baselines: Mapping[str, Found]

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"{self.recipe} ({self.model}) on {self.data.name}"

    @cached_property
    def systems(self) -> dict[str, Estimates]:
        """Metrics on test, of the model and of the baselines, by name."""
        every = {self.model: self.test, **self.baselines}
        return {name: found.estimates() for name, found in every.items()}

    @cached_property
    def differences(self) -> dict[str, Estimates]:
        """The model minus each baseline."""
        return {name: self.test.minus(found) for name, found in self.baselines.items()}

    def facts(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of metrics.json, with the model's name and the baselines."""
        baselines = {
            name: {"metrics": self.systems[name], "model_minus_baseline": self.differences[name]}
            for name in self.baselines
        }
        return super().facts({"model": self.model, **content, "baselines": baselines})


LIBRARIES = ("tensorflow", "keras", "numpy", "polars")


def versions() -> dict[str, str]:
    """Versions of Python, the kit and the libraries the numbers depend on."""
    return {
        "python": platform.python_version(),
        "kit": __version__,
        **{library: version(library) for library in LIBRARIES},
    }


def plain(value: object) -> object:
    """A value for JSON: nan and infinities become null, other objects their text."""
    if isinstance(value, Estimate):
        if math.isnan(value.low):
            return {"mean": plain(value.mean)}
        return dataclasses.asdict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | bool | int) else str(value)


@dataclass(frozen=True)
class Report:
    """The facts of a run and the page that shows them.

    Args:
        facts: the content of metrics.json.
        page: renders report.html.
        history: rows of history.csv.
    """

    facts: dict[str, Any]
    page: Callable[[], str]
    history: list[dict[str, float]]

    @stage("report")
    def save(self, folder: Path | str) -> None:
        """Write metrics.json, history.csv and report.html.

        The files are written to a temporary folder and then moved, so that no reader sees half a
        report; files of an older report are replaced, others (TensorBoard logs) stay.

        Args:
            folder: its path; created if it does not exist.

        Raises:
            UserError: the folder cannot be written.
        """
        contents = {
            "history.csv": _history(self.history),
            "report.html": self.page(),
            # Last, so that new metrics imply a complete new report.
            "metrics.json": json.dumps(self.facts, indent=2, ensure_ascii=False, allow_nan=False)
            + "\n",
        }
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
            try:
                for name, text in contents.items():
                    (beside / name).write_text(text, encoding="utf-8")
                for name in contents:
                    os.replace(beside / name, folder / name)
            finally:
                shutil.rmtree(beside)
        except OSError as error:
            raise UserError(
                f"The report cannot be written: {error.strerror or error}.",
                where=str(folder),
                expected="a folder that can be written",
                remedy="Name another: --report FOLDER",
            ) from error


def _history(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def against_best(model: str, best: str, reached: Estimate, difference: Estimate) -> str:
    """Whether a model is better than a baseline, as HTML.

    Args:
        model: its name.
        best: name of the baseline.
        reached: the metric of the baseline.
        difference: model minus baseline.

    Example:

    >>> print(against_best("dcn", "linear", Estimate(0.5, 0.4, 0.6), Estimate(0.2, 0.1, 0.3)))
    The best baseline, linear, reaches .5000; the difference of +.2000 is <b>significant</b>
    (95 % .1000 to .3000).
    """
    gap = f"the difference of {signed(difference.mean)}"
    if not difference.outside_chance:
        verdict = f"{gap} is <b>not significant</b>"
    elif difference.mean > 0:
        verdict = f"{gap} is <b>significant</b>"
    else:
        verdict = f"{escape(model)} is <b>worse</b>: {gap} is significant"
    return (
        f"The best baseline, {escape(best)}, reaches {decimals(reached.mean)}; {verdict} "
        f"(95 % {interval(difference)})."
    )


def training_section(history: list[dict[str, float]], metric: str | None) -> str:
    """Loss and metric by epoch; empty if neither is known, or the model was fitted in one go.

    Args:
        history: a dict an epoch.
        metric: the key that holds the metric on valid, or None.
    """
    if not history:
        return ""

    def column(key: str | None) -> list[float]:
        return [float(row[key]) if key in row else math.nan for row in history]

    epochs = [row.get("epoch", number) for number, row in enumerate(history, start=1)]
    loss, valid = column("loss"), column(metric)
    in_one_go = len(history) == 1 and "loss" not in history[0]
    if in_one_go or not np.isfinite([*loss, *valid]).any():
        return ""
    name = (metric or "").removeprefix("valid").strip(" _")
    note = (
        " The dashed line marks the best epoch on valid, whose weights were restored; where "
        f"{name} falls below it while the loss keeps falling, the model overfits."
        if np.isfinite(valid).any()
        else ""
    )
    return "<h2>Training</h2>" + figure(
        training_figure(epochs, loss, valid, metric=name), f"By epoch.{note}"
    )
