"""Split examples that have a class: what images and texts share."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kit.data._parts import PARTS, TEST, TRAIN, VALID
from kit.errors import UserError


def drawn(
    labels: NDArray[np.int32], shares: Sequence[float], rng: np.random.Generator
) -> NDArray[np.int64]:
    """1 for the first share of each class, 2 for the second, 0 for the rest.

    Args:
        labels: int [examples], numbers of classes.
        shares: one or two, from 0 to 1.
        draw: where randomness comes from.
    """
    held = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        ends = np.round(np.cumsum(shares) * len(rows)).astype(int)
        held[rows[: ends[0]]] = 1
        held[rows[ends[0] : ends[-1]]] = 2
    return held


def given(
    parts: Sequence[str] | None,
    kept: Sequence[int] | NDArray[np.int64],
    labels: NDArray[np.int32],
    rng: np.random.Generator,
    *,
    where: str,
    valid_share: float,
    seed: int,
) -> tuple[NDArray[np.str_], str]:
    """The parts that the source has; what it lacks of them is its valid part, or drawn from train.

    Args:
        parts: of each example of the source, or None.
        kept: numbers of the examples that are used.
        labels: of these.
        draw: where randomness comes from.
        where: the source, for the message.
        valid_share: of train, where there is no valid.
        seed: of the rng, for the protocol.

    Returns:
        The part of each example that is used, and the protocol in words.

    Raises:
        UserError: the source has no parts.
    """
    if parts is None:
        raise UserError(
            "The source has no split of its own.",
            where=where,
            expected="folders or files train and test, a column split, or splits of that name",
            remedy="Leave --split given out.",
        )
    part = np.array([parts[row] for row in kept])
    if {VALID, TEST} <= set(part.tolist()):
        return part, "given: train, valid and test as the source has them"
    words = "train and test as the source has them"
    if TEST not in part:
        # Many public sets keep the labels of test to themselves.
        part[part == VALID] = TEST
        words = "test is its valid part"
    train = np.flatnonzero(part == TRAIN)
    part[train[drawn(labels[train], (valid_share, 0.0), rng) == 1]] = VALID
    return part, (
        f"given: {words}, {100 * valid_share:.0f} % of each class of train drawn as valid, "
        f"seed {seed}"
    )


def limited(part: NDArray[np.str_], limit: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """The parts with at most `limit` examples of train and valid, drawn; the others are "none"."""
    rows = rng.permutation(np.flatnonzero(part != TEST))
    part = part.copy()
    part[rows[limit:]] = "none"
    return part


def repeats_in_words(digests: Iterable[Sequence[Hashable]], nouns: str) -> str:
    """What a protocol says where examples of test were learned from or chosen by, else "".

    Args:
        digests: of each example of train, of valid and of test.
        nouns: what an example is, in the plural.

    Example:

    >>> repeats_in_words([[b"a", b"b"], [], [b"b", b"c"]], "rows")
    '; 1 of 2 rows of test is identical to one of train or valid'
    """
    train, valid, test = digests
    known = {*train, *valid}
    repeated = sum(one in known for one in test)
    if not repeated:
        return ""
    verb = "is" if repeated == 1 else "are"
    return (
        f"; {repeated:,} of {len(test):,} {nouns} of test {verb} identical to one of train or valid"
    )


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
            f"Class '{classes[missing[0]]}' has no training {noun}s.",
            where=where,
            expected="each class of valid and test in train, too",
            remedy="Give more examples of it, or leave it out.",
        )
