"""Trained weights beside an exported graph, from which a later training begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.exports import check_operations, read_weights, version_folder, write_weights
from kit.models import Known, TrainedWeights, attach


@dataclass(frozen=True)
class StoredWeights:
    """What an export holds for retraining.

    The graph alone does not do: it holds neither the tower of users' features nor the lengths of
    the vectors of a sequential model, and biases only with the trend of their day.

    Args:
        weights: of the model that was measured, before a refit on all rows.
        settings: name to value of what was set or chosen.
        split: how the rows were split: "time", "random" ...
        until: time of the last row it learned from, in seconds since 1970; None if unknown.
    """

    weights: TrainedWeights
    settings: Mapping[str, Any]
    split: str
    until: int | None = None

    @classmethod
    def of(cls, model: Any, data: Any, settings: Mapping[str, Any]) -> "StoredWeights":
        """Those of a trained model and its data."""
        times = getattr(data.train, "time", None)
        return cls(
            TrainedWeights.of(model, data),
            {
                name: value
                for name, value in settings.items()
                if value is None or isinstance(value, bool | int | float | str)
            },
            getattr(data, "split_method", data.split),
            None if times is None or not len(times) else int(np.max(times)),
        )

    def write(self, version: Path) -> None:
        """Write them to a version that is being made."""
        about = {
            "rows": dict(self.weights.rows),
            "keys": {kind: list(keys) for kind, keys in self.weights.keys.items()},
            "settings": dict(self.settings),
            "split": self.split,
            "until": self.until,
        }
        write_weights(version, dict(self.weights.arrays), about)


@dataclass(frozen=True)
class Started:
    """From what a training began.

    Args:
        version: folder of the export.
        known: of its items and vocabularies.
        split: as of `StoredWeights`.
        until: likewise.
    """

    version: Path
    known: list[Known]
    split: str
    until: int | None

    def __str__(self) -> str:
        counts = "; ".join(
            f"{one.kept:,} {one.kind} known, {one.new:,} new, {one.gone:,} gone"
            for one in self.known
        )
        return f"{self.version}: {counts}"

    def overlaps(self, data: Any) -> bool:
        """Whether it learned, or may have learned, from rows of valid or test."""
        method = getattr(data, "split_method", data.split)
        if method != self.split or method.startswith("random"):
            return True
        times = [getattr(part, "time", None) for part in (data.valid, data.test)]
        if method == "leave-one-out" or self.until is None:
            return False
        return any(one is not None and len(one) and int(np.min(one)) < self.until for one in times)


def start_from(model: Any, data: Any, folder: str | Path, *, trust: bool = False) -> Started:
    """Begin a training from the weights of an export; call `kit.fit` after it.

    Rows of known items and words are taken over, see `kit.models.TrainedWeights.start`. The
    optimizer begins anew.

    Args:
        model: built for the new data, untrained.
        data: the new data: the whole log to date, as items without a row in it leave the model.
        folder: of a version, or of the versions, of which the latest is taken.
        trust: also if the export was changed.

    Returns:
        What is known; the model keeps it as `started`.

    Raises:
        UserError: the export holds no weights, or is of a model of another width, encoder or other
            columns; or it was changed.
    """
    version = version_folder(Path(folder))
    check_operations(version, trust=trust)
    arrays, about = read_weights(version)
    keys = {kind: tuple(keys) for kind, keys in about["keys"].items()}
    known = TrainedWeights(arrays, about["rows"], keys).start(model, data, where=str(version))
    started = Started(version, known, about["split"], about["until"])
    attach(model, started=started)
    return started
