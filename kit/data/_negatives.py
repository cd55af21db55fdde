"""Items somebody did not take, for logs that hold only what was taken."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kit.errors import UserError

ROUNDS = 100


@dataclass(frozen=True)
class Negatives:
    """How many items not taken stand beside one that was, and how they are drawn.

    Args:
        number: for each positive row, of the same user in the same context.
        by: "uniform" draws every item alike, "popularity" as often as it was taken.
    """

    number: int
    by: Literal["uniform", "popularity"] = "uniform"


def draw_negatives(
    user: NDArray[np.int64], item: NDArray[np.int64], negatives: Negatives, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw items that the user of a row has in no row.

    Args:
        user: int64 [rows], codes.
        item: int64 [rows], codes from 0.
        negatives: how many and how.
        seed: of the draw.

    Returns:
        int64 [drawn]: the row each stands beside, in order; and its item. Somebody who has nearly
        every item gets fewer.

    Raises:
        UserError: nobody lacks an item.

    Example:

    >>> user, item = np.array([0, 0, 1]), np.array([0, 1, 2])
    >>> rows, items = draw_negatives(user, item, Negatives(1), seed=0)
    >>> rows.tolist(), items[:2].tolist()
    ([0, 1, 2], [2, 2])
    """
    count = int(item.max(initial=0)) + 1
    taken = np.unique(user * count + item)
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(user)), negatives.number)
    drawn = np.empty(len(rows), np.int64)
    open_places = np.arange(len(rows))
    for _ in range(ROUNDS):
        if negatives.by == "popularity":
            found = item[rng.integers(0, len(item), len(open_places))]
        else:
            found = rng.integers(0, count, len(open_places))
        drawn[open_places] = found
        key = user[rows[open_places]] * count + found
        place = np.minimum(np.searchsorted(taken, key), len(taken) - 1)
        open_places = open_places[taken[place] == key]
        if not len(open_places):
            break
    settled = np.ones(len(rows), bool)
    settled[open_places] = False
    if not settled.any():
        raise UserError(
            "No negatives can be drawn: every user has every item.",
            where="--negatives",
            expected="a log in which people take some items and not others",
            remedy="Check --user-column and --item-column.",
        )
    return rows[settled], drawn[settled]
