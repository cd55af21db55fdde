"""Options of differential privacy."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from kit.config._options import Options, as_values, option
from kit.errors import UserError


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

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delta is not None and self.private is None:
            raise UserError(
                "--delta is a part of the guarantee that --private asks for.",
                where="--delta",
                expected="--private EPSILON",
                remedy="Give both, or neither.",
            )

    def check_fits(self, **others: Any) -> None:
        """Refuse options that are not open with --private.

        Args:
            others: name to value of options; None is not given.

        Raises:
            UserError: one is given, and --private is.
        """
        for name, value in others.items():
            if self.private is not None and value is not None:
                word = f"--{name.replace('_', '-')}"
                raise UserError(
                    f"{word} does not go with --private.",
                    where=word,
                    expected="interactions of everybody that count alike, and an item-to-item "
                    "regression whose penalty follows from the noise",
                    remedy=f"Leave {word} out.",
                )

    def delta_for(self, people: int) -> float:
        """The delta for data of so many people; as a power of ten it does not tell the number."""
        return self.delta or 10.0 ** -math.ceil(math.log10(10 * max(people, 1)))


def refits(options: Any) -> bool:
    """Whether the exported model is trained again on all rows.

    Always with differential privacy: which rows are in train depends on those of everybody.

    Args:
        options: of a recipe.
    """
    values = as_values(options)
    return bool(values.get("refit")) or values.get("private") is not None
