"""How many users have each item."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.data._events import Events
from kit.data._user_chunks import iter_user_chunks


def user_counts(parts: Sequence[Events], num_items: int) -> NDArray[np.int64]:
    """int64 [num_items]: how many different users have each item.

    Args:
        parts: events; those of items with larger codes are ignored.
        num_items: length of the result.

    Example:

    >>> events = Events(np.array([1, 0, 1], np.int32), np.array([2, 0, 2], np.int32), None, None)
    >>> user_counts([events], num_items=3)
    array([1, 0, 1])
    """
    counts = np.zeros(num_items, np.int64)
    num_users = 1 + int(max(events.user.max(initial=-1) for events in parts))
    for users, some in iter_user_chunks(parts, num_users):
        pairs = np.concatenate(
            [events.item * np.int64(len(users)) + (events.user - users.start) for events in some]
        )
        pairs.sort()
        first = np.ones(len(pairs), bool)
        first[1:] = pairs[1:] != pairs[:-1]
        counts += np.bincount(pairs[first] // len(users), minlength=num_items)[:num_items]
    return counts
