"""The measures of an export, for people and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Protocol

from kit.console import COMPARED, Evaluated, print_comparison, print_table


class Measured(Protocol):
    """What was measured, and how."""

    def show(self) -> None:
        """Print a table."""

    def document(self) -> dict[str, Any]:
        """Protocol, system and metrics, for JSON; what could not be measured is None."""


@dataclass(frozen=True)
class Metrics:
    """Metrics over the rows of test.

    Args:
        protocol: how they were measured.
        system: what was measured.
        result: means, and intervals of some.
        names: the metrics that are shown.
    """

    protocol: str
    system: str
    result: Evaluated
    names: Sequence[str] = COMPARED

    def show(self) -> None:
        """Print a table."""
        print_comparison(self.protocol, {self.system: self.result}, {}, self.names)

    def document(self) -> dict[str, Any]:
        """Mean of each metric, and its 95 % interval where there is one."""
        means, intervals = self.result.summary(), self.result.intervals()
        metrics = {}
        for name in self.names:
            low, high = intervals.get(name, (float("nan"), float("nan")))
            values = {"mean": means[name], "low": low, "high": high}
            metrics[name] = {key: _number(value) for key, value in values.items()}
        return {"protocol": self.protocol, "system": self.system, "metrics": metrics}


@dataclass(frozen=True)
class Precisions:
    """Average precisions of boxes.

    Args:
        protocol: how they were measured.
        system: what was measured.
        mean: AP50 and AP over all classes.
        of_class: the same of each class.
    """

    protocol: str
    system: str
    mean: tuple[float, float]
    of_class: Mapping[str, tuple[float, float]]

    def show(self) -> None:
        """Print a row a class."""
        rows = [
            [name, f"{half:.4f}", f"{mean:.4f}"]
            for name, (half, mean) in [*self.of_class.items(), ("mean", self.mean)]
        ]
        print_table(self.protocol, ["class", "AP50", "AP"], rows)

    def document(self) -> dict[str, Any]:
        """Mean precisions, and those of each class."""
        names = ("AP50", "AP")
        metrics = {
            name: {"mean": _number(value), "low": None, "high": None}
            for name, value in zip(names, self.mean, strict=True)
        }
        classes = {
            name: dict(zip(names, map(_number, values), strict=True))
            for name, values in self.of_class.items()
        }
        whole = {"protocol": self.protocol, "system": self.system, "metrics": metrics}
        return {**whole, "classes": classes}


def _number(value: float) -> float | None:
    return None if isnan(value) else float(value)
