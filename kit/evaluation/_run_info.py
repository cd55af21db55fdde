"""What the reports on models of rows, texts and images have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, Self, TypeVar

from kit.evaluation._report_numbers import Estimates, plain, versions


class NamedData(Protocol):
    """Data of which a report is."""

    @property
    def name(self) -> str: ...


class MeasuredPredictions(Protocol):
    """What a system said of test, and how good that is."""

    def estimates(self) -> Estimates: ...

    def minus(self, other: Self) -> Estimates: ...


Found = TypeVar("Found", bound=MeasuredPredictions)


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What every report tells of a run.

    Args:
        recipe: its name, "ranking".
        command: what was typed.
        data: the split data.
        settings: name to value of what was set or chosen.
        history: one dict an epoch: epoch, loss, the metric on valid and what else there is.
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
        """What metrics.json holds: plain values, null where a number does not exist."""
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
    """What a report tells of a model beside its baselines, and of its run as `RunInfo`.

    Args:
        model: its name, "dcn".
        valid: the model on what it was chosen by.
        test: the model on what it is judged by.
        baselines: name to what was said of the same part of test.
    """

    model: str
    valid: Found
    test: Found
    baselines: Mapping[str, Found]

    @property
    def title(self) -> str:
        """Of the page."""
        return f"{self.recipe} ({self.model}) on {self.data.name}"

    @cached_property
    def systems(self) -> dict[str, Estimates]:
        """Measures on test by name, of the model and of the baselines."""
        every = {self.model: self.test, **self.baselines}
        return {name: found.estimates() for name, found in every.items()}

    @cached_property
    def differences(self) -> dict[str, Estimates]:
        """The model minus each baseline."""
        return {name: self.test.minus(found) for name, found in self.baselines.items()}

    def facts(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """What metrics.json holds, the model's name and the baselines with it."""
        baselines = {
            name: {"metrics": self.systems[name], "model_minus_baseline": self.differences[name]}
            for name in self.baselines
        }
        return super().facts({"model": self.model, **content, "baselines": baselines})
