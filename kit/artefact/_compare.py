"""When an answer is the recorded one."""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-5


def compare(expected: dict[str, Any], answer: dict[str, NDArray[Any]]) -> tuple[float, int]:
    """Hold a signature's outputs against the recorded ones.

    Real numbers may differ by `TOLERANCE`, times the largest of their output where that is above
    one: what is computed from numbers of about ten may be near zero and is as inexact as they. Text
    and whole numbers are ids, which must be equal; of a list of ids beside a "score" or
    "probability" of its shape, items of one score may change places.

    Args:
        expected: recorded outputs by name, as lists.
        answer: outputs by name, text as `str`.

    Returns:
        The largest difference of real numbers, relative to the largest of their output where that
        is above 1, and the count of ids that differ.

    Raises:
        ValueError: other outputs, shapes or kinds than recorded.

    Example:

    >>> compare({"word": ["a", "b"]}, {"word": np.array(["a", "x"])})
    (0.0, 1)
    """
    if set(expected) != set(answer):
        raise ValueError(f"outputs {sorted(answer)}, recorded were {sorted(expected)}")
    difference, ids_differ = 0.0, 0
    for name, theirs in answer.items():
        ours = np.asarray(expected[name])
        if ours.shape != theirs.shape:
            raise ValueError(f"{name} has shape {theirs.shape}, recorded was {ours.shape}")
        if ours.size and (ours.dtype.kind == "U") != (theirs.dtype.kind == "U"):
            raise ValueError(
                f"{name} is of another kind: {theirs.dtype}, recorded was {ours.dtype}"
            )
        score = answer.get("score", answer.get("probability"))
        if np.issubdtype(theirs.dtype, np.floating):
            ours = ours.astype(np.float64)
            gap = np.abs(ours - theirs) / np.maximum(_scale(ours), np.abs(ours))
            # Not the built-in max, which passes over a nan.
            difference = float(np.max([difference, np.max(gap, initial=0.0)]))
        elif score is not None and score.ndim == 2 and score.shape == theirs.shape:
            ids_differ += _ids_that_differ(ours, theirs, score)
        else:
            ids_differ += int(np.sum(ours != theirs))
    return difference, ids_differ


def agrees(difference: float, ids_differ: int) -> bool:
    """Whether the outcome of `compare` is good enough; nan is not."""
    return difference <= TOLERANCE and ids_differ == 0


def _scale(numbers: NDArray[Any]) -> float:
    """The largest, but at least one, of those that do not stand for nothing."""
    sizes = np.abs(numbers)
    return float(np.max(sizes, initial=1.0, where=sizes < np.finfo(np.float32).max))


def _ids_that_differ(ours: NDArray[Any], theirs: NDArray[Any], score: NDArray[Any]) -> int:
    """Ids [rows, k] that stand in one list only, where items of one score may change places."""
    apart = np.abs(np.diff(score, axis=1)) > 2 * TOLERANCE * _scale(score)
    tie = np.pad(np.cumsum(apart, axis=1), ((0, 0), (1, 0)))
    # An item may be as good as the last one and just not be shown; not so past the end of a list.
    free = (tie == tie[:, -1:]) & (score > np.finfo(score.dtype).min)
    differ = 0
    for row, fixed in enumerate(~free):
        places = tie[row, fixed].tolist()
        pairs = [
            Counter(zip(places, ids[row, fixed].tolist(), strict=True)) for ids in (ours, theirs)
        ]
        differ += (pairs[0] - pairs[1]).total()
    return differ
