"""What tasks share to evaluate exports: opening the data again, asking the model, metrics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kit.config import Options
from kit.errors import UserError
from kit.tasks._task import Comparison, Table

Data = TypeVar("Data")
Kind = TypeVar("Kind", bound=Options)
# Options that do not describe the form of the data.
NO_FORM = ("data", "size", "on_bad_file", "limit", "seed", "rare", "negatives_by", "classes")


@dataclass(frozen=True)
class Export:
    """An export to evaluate.

    Args:
        version: its folder.
        card: a `kit.exports.Card`.
        trust: load it also if it could do what no export of this kit does.
        against: a table with forecasts of another system, measured beside it; of forecasters only.
    """

    version: Path
    card: Any
    trust: bool = False
    against: str | None = None

    def load(self) -> Any:
        """The SavedModel; its signatures work as long as it is referenced.

        Raises:
            UserError: it should not be loaded, or a package that it needs is not installed.
        """
        from kit.exports import load_version

        return load_version(self.version, trust=self.trust)


class ExportMetrics(Protocol):
    """Metrics of an export, as a table and for JSON."""

    def table(self) -> Comparison | Table:
        """To be printed."""

    def document(self) -> dict[str, Any]:
        """Protocol, system and metrics; what could not be measured is None."""


@dataclass(frozen=True)
class ExportEvaluation:
    """What an evaluation of an export came to.

    Args:
        results: one, or one a label.
        notes: lines on data and protocol.
    """

    results: Sequence[ExportMetrics]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class PredictionMetrics:
    """Metrics of predictions.

    Args:
        protocol: how they were measured.
        system: name of the model.
        predictions: have `summary()` and `intervals()`.
        names: the metrics that are shown.
    """

    protocol: str
    system: str
    predictions: Any
    names: Sequence[str]

    def table(self) -> Comparison:
        """A row with the interval of the first metric."""
        return Comparison(
            title=self.protocol, systems={self.system: self.predictions}, metrics=self.names
        )

    def document(self) -> dict[str, Any]:
        """Mean of each metric, and its 95 % interval where there is one."""
        means, intervals = self.predictions.summary(), self.predictions.intervals()
        metrics = {}
        for name in self.names:
            low, high = intervals.get(name, (nan, nan))
            values = {"mean": means[name], "low": low, "high": high}
            metrics[name] = {key: number_or_none(value) for key, value in values.items()}
        return {"protocol": self.protocol, "system": self.system, "metrics": metrics}


def number_or_none(value: float) -> float | None:
    """JSON has no nan."""
    return None if isnan(value) else float(value)


def card_options(kind: type[Kind], card: Any, source: str | None) -> Kind:
    """The options that the data of an export were opened with.

    Args:
        kind: class of the options.
        card: of the export.
        source: other data, opened in the same way, or None.

    Raises:
        UserError: the card does not state them.
    """
    values = dict(card.data)
    if source is not None:
        values["data"] = source
        # Other data may have a split of their own or none.
        if values.get("split") == "given":
            values["split"] = None
    try:
        return kind.of_card(values)
    except TypeError as error:
        raise UserError(
            f"The card of the export does not state how its data are opened: {error}.",
            where="card.json",
            expected="the options of the data, as kit train keeps them",
            remedy="Evaluate an export that kit train made, or name the data: --data SOURCE",
        ) from error


def open_again(options: Kind, read: Callable[[Kind], Data]) -> Data:
    """Open and split the data of an export.

    Args:
        options: see `card_options`.
        read: opens and splits.

    Raises:
        UserError: they cannot be read; the remedy names no option that only training has.
    """
    try:
        return read(options)
    except UserError as error:
        if "--" not in error.remedy:
            raise
        form = "".join(
            f"; {name.replace('_', ' ')} {', '.join(value) if isinstance(value, tuple) else value}"
            for name, value in asdict(options).items()
            if value and name not in NO_FORM
        )
        raise UserError(
            error.what,
            where=error.where,
            expected=error.expected,
            remedy=f"Repair them, or give them the form of what it was trained on{form}.",
        ) from error


def class_numbers(classes: Sequence[str], known: Mapping[str, int], where: str) -> list[int]:
    """The model's numbers of the data's classes.

    Raises:
        UserError: the model does not know one.

    Example:

    >>> class_numbers(["b", "a"], {"a": 0, "b": 1, "c": 2}, "data.csv")
    [1, 0]
    """
    if unknown := [name for name in classes if name not in known]:
        raise UserError(
            f"The model does not know the class {unknown[0]}.",
            where=where,
            expected=f"classes among: {', '.join(known)}",
            remedy="Evaluate it on examples of its own classes.",
        )
    return [known[name] for name in classes]
