"""Interactions as integers."""

from dataclasses import dataclass

import numpy as np

_LOOKED_UP_AT_ONCE = 1 << 22


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

    def where(self, keep: np.ndarray | slice) -> "Events":
        """The events for which bool [rows] is true, or of a slice or list of rows."""
        return Events(
            self.user[keep],
            self.item[keep],
            None if self.time is None else self.time[keep],
            None if self.weight is None else self.weight[keep],
        )

    def of_users(self, chosen: np.ndarray) -> "Events":
        """The events of the users for whom bool [users] is true."""
        keep = np.empty(len(self), bool)
        # Looking up takes eight bytes a row: some million rows at a time.
        for start in range(0, len(self), _LOOKED_UP_AT_ONCE):
            rows = slice(start, start + _LOOKED_UP_AT_ONCE)
            keep[rows] = chosen[self.user[rows]]
        return self.where(keep)
