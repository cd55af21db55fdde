"""Split examples that have a class: what pictures and texts share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.errors import UserError

PARTS = TRAIN, VALID, TEST = "train", "valid", "test"


def drawn(
    labels: NDArray[np.int32], shares: Sequence[float], draw: np.random.Generator
) -> NDArray[np.int64]:
    """1 for the first share of each class, 2 for the second, 0 for the rest.

    Args:
        labels: int [examples], numbers of classes.
        shares: one or two, from 0 to 1.
        draw: where randomness comes from.
    """
    held = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == label))
        ends = np.round(np.cumsum(shares) * len(rows)).astype(int)
        held[rows[: ends[0]]] = 1
        held[rows[ends[0] : ends[-1]]] = 2
    return held


def limited(part: NDArray[np.str_], limit: int, draw: np.random.Generator) -> NDArray[np.str_]:
    """The parts with at most `limit` examples of train and valid, drawn; the others are "none"."""
    rows = draw.permutation(np.flatnonzero(part != TEST))
    part = part.copy()
    part[rows[limit:]] = "none"
    return part


def check_classes(classes: Sequence[str], *, where: str, nouns: str) -> None:
    """There have to be two classes.

    Args:
        classes: names.
        where: the source, for the message.
        nouns: what an example is, in the plural.

    Raises:
        UserError: there is one.
    """
    if len(classes) < 2:
        raise UserError(
            f"All {nouns} are of one class: {classes[0]}.",
            where=where,
            expected=f"{nouns} of two classes or more",
            remedy=f"Add {nouns} of what it is not.",
        )


def check_parts(
    part: NDArray[np.str_],
    labels: NDArray[np.int32],
    classes: Sequence[str],
    *,
    where: str,
    noun: str,
) -> None:
    """Every part has to hold something, and train something of every class.

    Args:
        part: of each example.
        labels: number of the class of each.
        classes: names.
        where: the source, for the message.
        noun: what an example is.

    Raises:
        UserError: a part is empty, or a class is not in train.
    """
    for one in PARTS:
        if not (part == one).any():
            raise UserError(
                f"The part {one} holds no {noun}.",
                where=where,
                expected=f"{noun}s in train, valid and test; about ten of each class at least",
                remedy=f"Give more {noun}s.",
            )
    learned = set(labels[part == TRAIN].tolist())
    if missing := sorted(set(labels[np.isin(part, (VALID, TEST))].tolist()) - learned):
        raise UserError(
            f"Of a class there is no {noun} in train: {classes[missing[0]]}.",
            where=where,
            expected="each class of valid and test in train, too",
            remedy="Give more examples of it, or leave it out.",
        )
