"""How a sequential model is trained."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["auto", "full", "sampled", "gbce"]


@dataclass(frozen=True)
class SequenceLoss:
    """Settings of the loss of a sequential model; every position is a query.

    Args:
        kind: "full" compares with the whole catalogue, "sampled" by softmax with a sample of it,
            "gbce" by calibrated binary cross-entropy with such a sample; "auto" is "sampled" where
            the catalogue is larger than the sample, else "full".
        negatives: items drawn uniformly for each batch.
        calibration: t of gBCE, in [0, 1].

    Raises:
        ValueError: an unknown kind, or a number out of its range.

    Example:

    >>> SequenceLoss().chosen(num_items=500), SequenceLoss().chosen(num_items=50_000)
    ('full', 'sampled')
    """

    kind: Kind = "auto"
    negatives: int = 1024
    calibration: float = 0.75

    def __post_init__(self) -> None:
        if self.kind not in ("auto", "full", "sampled", "gbce"):
            raise ValueError(f"kind must be auto, full, sampled or gbce; got {self.kind!r}.")
        if self.negatives < 1:
            raise ValueError(f"negatives must be at least 1; got {self.negatives}.")
        if not 0 <= self.calibration <= 1:
            raise ValueError(f"calibration must lie in [0, 1]; got {self.calibration}.")

    def chosen(self, num_items: int) -> str:
        """The kind for a catalogue of this size."""
        if self.kind != "auto":
            return self.kind
        return "sampled" if num_items > 2 * self.negatives else "full"
