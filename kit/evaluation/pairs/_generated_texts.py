"""What every kind of written text is judged by."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._report_numbers import Estimates
from kit.metrics import bootstrap_intervals


class GeneratedTexts(Protocol):
    """Texts that a system wrote, beside those that people wrote.

    Attributes:
        METRIC: by which systems are compared.
        SHOWN: metrics of the table on the terminal.
    """

    METRIC: ClassVar[str]
    SHOWN: ClassVar[tuple[str, ...]]

    @property
    def texts(self) -> Sequence[str]:
        """What the system wrote."""
        ...

    @property
    def references(self) -> Sequence[Sequence[str]]:
        """What people wrote; of each one or more."""
        ...

    @property
    def of_texts(self) -> NDArray[np.float64]:
        """How good each text is by itself."""
        ...

    @property
    def implementation(self) -> str:
        """By what it is measured, to the version."""
        ...

    def warnings(self) -> list[str]:
        """Why the measures may say little; none as a rule."""
        ...

    def card(self) -> dict[str, str]:
        """What an export keeps, to be measured alike."""
        ...

    def summary(self) -> dict[str, float]:
        """Every metric."""
        ...

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals over texts, of metrics that have one."""
        ...

    def estimates(self) -> Estimates:
        """Every metric, with its interval where it has one."""
        ...

    def minus(self, other: Self) -> Estimates:
        """Differences to what another system wrote for the same sources."""
        ...


def intervals_of(values: dict[str, NDArray[np.float64]]) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of means over texts, by name, from the same resamples."""
    found = bootstrap_intervals(np.stack(list(values.values()), axis=1))
    return {
        name: (float(low), float(high)) for name, (low, high) in zip(values, found, strict=True)
    }
