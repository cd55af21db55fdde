"""Texts of one part of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Texts:
    """Texts and their classes.

    Args:
        texts: without white space around them, none empty.
        names: of each, for messages.
        labels: int32 [texts], numbers of their classes.
    """

    texts: Sequence[str]
    names: Sequence[str]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.integer]) -> "Texts":
        """Some of them, in this order."""
        return Texts(
            [self.texts[row] for row in rows], [self.names[row] for row in rows], self.labels[rows]
        )
