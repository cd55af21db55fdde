"""How often a user's list may be asked for under rules: paging reveals the history."""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from threading import Lock
from time import monotonic
from typing import Any

import numpy as np

from kit.data import clean_id
from kit.serving._status import ServingError

HOUR = 3600.0
# Users whose requests are counted; those asked for least recently are dropped.
MOST_USERS = 100_000


class Pages:
    """Counts, for each user, the rows of requests by id that ask for more than the plain list.

    These are the requests of signatures that take `user_id` and something else: items to leave out,
    a filter, an item to explain.

    Args:
        most: rows of one user that are answered in an hour.

    Example:

    >>> pages = Pages(1)
    >>> row = {"user_id": np.array([b"42"], object), "exclude": np.array([[b"A1"]], object)}
    >>> pages.count(row)
    >>> pages.count(row)
    Traceback (most recent call last):
        ...
    kit.serving._status.ServingError: ...
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._rows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, tensors: Mapping[str, Any]) -> None:
        """Count a request before it is answered.

        Args:
            tensors: its inputs by name.

        Raises:
            ServingError: RESOURCE_EXHAUSTED, one of its users was asked for too often.
        """
        if "user_id" not in tensors or len(tensors) == 1:
            return
        # As the graph reads ids: one with blanks at its ends is the same user.
        ids = [
            clean_id(bytes(one).decode(errors="replace")) for one in np.ravel(tensors["user_id"])
        ]
        now = monotonic()
        with self._lock:
            asked = {}
            for user, rows in Counter(ids).items():
                since, before = self._rows.get(user, (now, 0))
                if now - since >= HOUR:
                    since, before = now, 0
                if before + rows > self._most:
                    raise ServingError(
                        "RESOURCE_EXHAUSTED",
                        f"More than {self._most} requests under rules for one user within an hour",
                    )
                asked[user] = since, before + rows
            for user, value in asked.items():
                self._rows[user] = value
                self._rows.move_to_end(user)
            while len(self._rows) > MOST_USERS:
                self._rows.popitem(last=False)
