"""Options of differential privacy."""

import math
from dataclasses import dataclass
from typing import ClassVar

from kit.config._options import Options, option


@dataclass(frozen=True, kw_only=True)
class PrivacyOptions(Options):
    """What the export may tell of any one person.

    Example:

    >>> PrivacyOptions(private=4).delta_for(943)
    0.0001
    """

    group: ClassVar[str] = "Privacy"

    private: float | None = option(
        None,
        "Train with differential privacy for each person's whole history, with this epsilon: 1 "
        "protects well, 8 a little. The export then knows no users.",
        above=0,
        metavar="EPSILON",
    )
    delta: float | None = option(
        None,
        "Probability that the export tells more than that.  [default: a power of ten, at most a "
        "tenth of 1 / people]",
        above=0,
        below=0.1,
        metavar="DELTA",
    )

    def delta_for(self, people: int) -> float:
        """The delta for data of so many people; as a power of ten it does not tell the number."""
        return self.delta or 10.0 ** -math.ceil(math.log10(10 * max(people, 1)))
