"""Interactions as integers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Events:
    """Encoded interactions, arrays of one length, in the order of the source.

    Args:
        user: int32 codes of users.
        item: int32 codes of items.
        time: int64 seconds since 1970 UTC, or None.
        weight: float32, or None.
    """

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray | None
    weight: np.ndarray | None

    def __len__(self) -> int:
        return len(self.user)

    def where(self, keep: np.ndarray) -> "Events":
        """The events for which bool [rows] is true."""
        return Events(
            self.user[keep],
            self.item[keep],
            None if self.time is None else self.time[keep],
            None if self.weight is None else self.weight[keep],
        )
