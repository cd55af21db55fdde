"""Validation of the inputs of metrics, shared by all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.errors import UserError

# Tolerance for probabilities computed in float32, which may exceed [0, 1] by rounding.
ROUNDING = 1e-5
Numbers = NDArray[Any]


class InvalidInputError(UserError, ValueError):
    """A metric cannot be computed from these inputs.

    It is a `ValueError` for callers of a metric, and a `UserError`, whose message a command prints.
    """


def check_finite(values: Any, name: str) -> Numbers:
    """Convert values to an array and check that they are finite.

    Args:
        values: scores, probabilities or other numbers that a metric averages or sorts by.
        name: what they are, for the error message.

    Raises:
        InvalidInputError: a value is NaN or infinite.
    """
    array = np.asarray(values)
    # A fast check: a finite sum has finite terms only. The sum of finite float32 values may
    # overflow, so an infinite sum decides nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):
            return array
    bad = ~np.isfinite(array)
    if not bad.any():
        return array
    raise _invalid(
        f"The {name} hold {int(bad.sum()):,} NaN or infinite values of {array.size:,}.",
        f"{name}, row {np.argwhere(bad)[0][0]}",
        "finite numbers",
        "Give finite values. Where a model made them its training diverged: train it again with a "
        "smaller --learning-rate.",
    )


def binary(labels: Any) -> Numbers:
    """Convert binary labels to an array of numbers.

    Raises:
        InvalidInputError: a label is neither 0 nor 1.
    """
    array = check_finite(labels, "labels")
    wrong = (array != 0) & (array != 1)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise _invalid(
            f"Label {array.flat[place]} is neither 0 nor 1.",
            f"labels, row {place}",
            "0 for a negative, 1 for a positive",
            "Turn others into 0 and 1 first: of -1 and 1 labels > 0, of ratings ratings >= 4.",
        )
    return array.astype(np.float64) if array.dtype == bool else array


def probabilities(values: Any, name: str = "probabilities") -> Numbers:
    """Convert probabilities to an array and check their range.

    Raises:
        InvalidInputError: a probability is NaN or outside of [0, 1].
    """
    array = check_finite(values, name)
    if array.size and (array.min() < -ROUNDING or array.max() > 1 + ROUNDING):
        raise _invalid(
            f"The {name} lie between {array.min():.4g} and {array.max():.4g}.",
            name,
            "values from 0 to 1",
            "Apply a sigmoid or softmax to logits first.",
        )
    return array


def weights_of(values: Any) -> Numbers:
    """Convert weights to an array and check their range.

    Raises:
        InvalidInputError: a weight is NaN, infinite or negative.
    """
    array = check_finite(values, "weights")
    if (array < 0).any():
        raise _invalid("A weight is negative.", "weights", "0 or more", "Leave such rows out.")
    return array


def same_length(**arrays: Numbers | None) -> None:
    """Check that arrays have the same length.

    Raises:
        InvalidInputError: their lengths differ.
    """
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{length:,} {name}" for name, length in lengths.items())
        raise _invalid(
            f"The lengths differ: {listed}.", ", ".join(lengths), "one value for each row", ""
        )


def check_binary(labels: Any, predicted: Any) -> None:
    """Check binary labels and the predicted probability of label 1 of each row.

    Raises:
        InvalidInputError: a label is neither 0 nor 1, a probability is invalid, or the lengths
            differ.
    """
    same_length(labels=binary(labels), probabilities=probabilities(predicted))


def check_classes(labels: Any, predicted: Any) -> None:
    """Check class indices, [rows], and predicted probabilities of all classes, [rows, classes].

    Raises:
        InvalidInputError: a label is not a class index, a probability is invalid, or the lengths
            differ.
    """
    labels, predicted = check_finite(labels, "labels"), probabilities(predicted)
    same_length(labels=labels, probabilities=predicted)
    classes = predicted.shape[1]
    wrong = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise _invalid(
            f"Label {labels[place]} is no number of a class.",
            f"labels, row {place}",
            f"a whole number from 0 to {classes - 1}",
            "Number the classes in the order of the probabilities.",
        )


def groups_of(values: Any, name: str) -> Numbers:
    """Convert the group of each row to an int64 array.

    Raises:
        InvalidInputError: a group is not a whole number from 0.
    """
    array = check_finite(values, name)
    wrong = (array < 0) | (array != np.floor(array))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise _invalid(
            f"{array[place]} is no number of a group.",
            f"{name}, row {place}",
            "a whole number from 0",
            "Number the groups first: numpy.unique(values, return_inverse=True)[1].",
        )
    return array.astype(np.int64)


def _invalid(what: str, where: str, expected: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(what, where=where, expected=expected, remedy=remedy)
