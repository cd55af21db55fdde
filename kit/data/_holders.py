"""How many users have each item."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.data._events import Events


def holders(parts: Sequence[Events], num_items: int) -> NDArray[np.int64]:
    """int64 [num_items]: how many different users have each item.

    Args:
        parts: events; those of items with larger codes are ignored.
        num_items: length of the result.

    Example:

    >>> events = Events(np.array([1, 0, 1], np.int32), np.array([2, 0, 2], np.int32), None, None)
    >>> holders([events], num_items=3)
    array([1, 0, 1])
    """
    width = 1 + int(max(events.user.max(initial=0) for events in parts))
    pairs = np.concatenate([events.item.astype(np.int64) * width + events.user for events in parts])
    pairs.sort()
    pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])[: len(pairs)]]
    return np.bincount(pairs // width, minlength=num_items)[:num_items]
