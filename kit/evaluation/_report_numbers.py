"""The numbers of a report: means, intervals, differences; and as JSON."""

import dataclasses
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from kit import __version__
from kit.data import Dataset, user_counts
from kit.evaluation._evaluate import Evaluation
from kit.evaluation._report import RankingReport
from kit.evaluation._task import RankingTask
from kit.metrics import bootstrap_intervals

LIBRARIES = ("tensorflow", "keras", "numpy", "polars")


@dataclass(frozen=True)
class Estimate:
    """A mean over users with its 95 % bootstrap interval; nan where there is none."""

    mean: float
    low: float = math.nan
    high: float = math.nan

    @property
    def outside_chance(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


Estimates = dict[str, Estimate]


@dataclass(frozen=True)
class Numbers:
    """Estimates of everything that was evaluated.

    Args:
        test: metric to estimate, the model on test.
        valid: the model on valid.
        cold_users: the model on cold users of test, or None.
        baselines: name to estimates on test.
        differences: name of a baseline or variant to the paired differences, model minus that.
        variants: name to estimates on test.
    """

    test: Estimates
    valid: Estimates
    cold_users: Estimates | None
    baselines: dict[str, Estimates]
    differences: dict[str, Estimates]
    variants: dict[str, Estimates]

    def best_baseline(self, metric: str) -> str | None:
        """The baseline with the largest mean; None where there is no baseline or no user."""
        means = {name: found[metric].mean for name, found in self.baselines.items()}
        means = {name: mean for name, mean in means.items() if not math.isnan(mean)}
        return max(means, key=means.__getitem__) if means else None


def numbers_of(report: RankingReport) -> Numbers:
    """Estimate everything in a report.

    Raises:
        ValueError: a baseline was evaluated on other users or other metrics than the model.
    """
    model = report.test.per_user
    others = {**report.baselines, **report.variants}
    for name, baseline in others.items():
        if {m: len(v) for m, v in baseline.per_user.items()} != {
            m: len(v) for m, v in model.items()
        }:
            raise ValueError(f"Evaluate {name} on the test task, with the cuts of the model.")
    return Numbers(
        test=estimates(report.test),
        valid=estimates(report.valid),
        cold_users=None if report.cold_users is None else estimates(report.cold_users[1]),
        baselines={name: estimates(baseline) for name, baseline in report.baselines.items()},
        differences={
            name: _of_users({m: model[m] - baseline.per_user[m] for m in model})
            for name, baseline in others.items()
        },
        variants={name: estimates(variant) for name, variant in report.variants.items()},
    )


def as_json(report: RankingReport, numbers: Numbers) -> dict[str, Any]:
    """What metrics.json holds: plain values, null where a number does not exist."""
    content = {
        "recipe": report.recipe,
        "command": report.command,
        "test": _part(report.test_task, numbers.test),
        "valid": _part(report.valid_task, numbers.valid),
        "cold_users": None
        if report.cold_users is None or numbers.cold_users is None
        else _part(report.cold_users[0], numbers.cold_users),
        "baselines": {
            name: {"metrics": estimates, "model_minus_baseline": numbers.differences[name]}
            for name, estimates in numbers.baselines.items()
        },
        "baselines_left_out": report.left_out,
        "variants": {
            name: {"metrics": estimates, "model_minus_variant": numbers.differences[name]}
            for name, estimates in numbers.variants.items()
        },
        "data": data_facts(report.dataset),
        "settings": report.settings,
        "seconds": report.seconds,
        "versions": versions(),
    }
    facts = plain(content)
    assert isinstance(facts, dict)
    return facts


def data_facts(dataset: Dataset) -> dict[str, Any]:
    """Size, cleaning, split and licence of the data."""
    parts = {part: len(getattr(dataset, part)) for part in ("train", "valid", "test")}
    rows = sum(parts.values())
    users, items = len(dataset.user_ids), len(dataset.item_ids)
    dropped = sum(step.rows for step in dataset.cleaning if step.of_log)
    pairs = int(user_counts([dataset.train, dataset.valid, dataset.test], items).sum())
    return {
        "name": dataset.name,
        "rows_read": rows + dropped,
        "rows": rows,
        "rows_of_part": parts,
        "users": users,
        "users_in_train": dataset.num_users,
        "items": items,
        "items_in_train": dataset.num_items,
        "density": pairs / (users * items),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in dataset.cleaning],
        "split": dataset.split,
        "cold": dataset.cold,
        "licence": dataset.licence,
    }


def versions() -> dict[str, str]:
    """Versions of Python, the kit and the libraries the numbers depend on."""
    return {
        "python": platform.python_version(),
        "kit": __version__,
        **{library: version(library) for library in LIBRARIES},
    }


def estimates(evaluation: Evaluation) -> Estimates:
    """Every metric of an evaluation, with intervals where they are means over users."""
    of_lists = {**evaluation.coverage, **evaluation.novelty}
    return {
        **_of_users(evaluation.per_user),
        **{metric: Estimate(value) for metric, value in of_lists.items()},
    }


def _of_users(per_user: Mapping[str, np.ndarray[Any, Any]]) -> Estimates:
    values = np.stack(list(per_user.values()), axis=1)
    means = values.mean(axis=0) if len(values) else np.full(len(per_user), np.nan)
    return {
        metric: Estimate(float(mean), float(low), float(high))
        for metric, mean, (low, high) in zip(
            per_user, means, bootstrap_intervals(values), strict=True
        )
    }


def _part(task: RankingTask, estimates: Estimates) -> dict[str, Any]:
    return {"protocol": task.protocol, "counts": task.counts, "metrics": estimates}


def plain(value: object) -> object:
    """A value as JSON holds it: numbers that are none become null, unknown objects their text."""
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
