"""Predicted class probabilities of images and texts, and their metrics."""

from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np
from numpy.typing import NDArray

from kit.data.images import Images
from kit.metrics import Estimate, Estimates, bootstrap_intervals, calibration_error, check_classes
from kit.progress import stage
from kit.tokenizers import TokenIds

BINS = 20
"""Bins of the calibration error."""
ACCURACY = "accuracy"
"""The share of rows whose class is predicted."""
RECALL, PRECISION, F1 = "mean recall", "mean precision", "mean F1"
LOSS = "log loss"
"""Minus the mean logarithm of the probability of the true class."""
ECE = "ECE"
"""The expected calibration error."""
SHOWN = (ACCURACY, F1, LOSS, ECE)
"""Metrics of classification, in the order of the tables."""
SMALLER_IS_BETTER = (LOSS, ECE)
"""Metrics of which a smaller value is the better one."""


@dataclass(frozen=True)
class ClassPredictions:
    """Predicted class probabilities, with the true classes.

    Args:
        labels: int [examples], numbers of classes.
        probabilities: float32 [examples, classes].

    Raises:
        ValueError: a label is not the number of a class, or a probability is invalid.

    Example:

    >>> found = ClassPredictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]]))
    >>> found.summary()["accuracy"], found.confusion.tolist()
    (0.5, [[1, 0], [1, 0]])
    """

    labels: NDArray[np.integer]
    probabilities: NDArray[np.floating]

    def __post_init__(self) -> None:
        check_classes(self.labels, self.probabilities)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each example."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @cached_property
    def is_correct(self) -> NDArray[np.float64]:
        """1 where the predicted class is the true one, else 0."""
        return np.asarray(self.predicted == self.labels, np.float64)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """How often class [row] was predicted as class [column]."""
        classes = self.probabilities.shape[1]
        places = self.labels.astype(np.int64) * classes + self.predicted
        return np.bincount(places, minlength=classes**2).reshape(classes, classes)

    @cached_property
    def of_classes(self) -> dict[str, NDArray[np.float64]]:
        """Recall, precision and F1 of each class; nan for recall of a class without examples.

        A class that is never predicted has precision 0.
        """
        right = np.diag(self.confusion).astype(np.float64)
        there, named = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        recall = np.where(there > 0, right / np.maximum(there, 1), np.nan)
        precision = np.where(there + named > 0, right / np.maximum(named, 1), np.nan)
        f1 = np.where(there + named > 0, 2 * right / np.maximum(there + named, 1), np.nan)
        return {"recall": recall, "precision": precision, "F1": f1}

    @cached_property
    def _losses(self) -> NDArray[np.float64]:
        rows = np.arange(len(self.labels))
        right = self.probabilities[rows, self.labels].astype(np.float64)
        return np.asarray(-np.log(np.clip(right, 1e-7, 1)))

    def summary(self) -> dict[str, float]:
        """Accuracy, means over classes of recall, precision and F1, log loss, calibration error."""
        of_classes = self.of_classes
        return {
            ACCURACY: float(self.is_correct.mean()),
            RECALL: float(np.nanmean(of_classes["recall"])),
            PRECISION: float(np.nanmean(of_classes["precision"])),
            F1: float(np.nanmean(of_classes["F1"])),
            LOSS: float(self._losses.mean()),
            ECE: float(calibration_error(self.is_correct, self.probabilities.max(axis=1), BINS)),
        }

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals over examples, of accuracy and log loss."""
        found = bootstrap_intervals(np.stack([self.is_correct, self._losses], axis=1))
        return {
            name: (float(low), float(high))
            for name, (low, high) in zip((ACCURACY, LOSS), found, strict=True)
        }

    def estimates(self) -> Estimates:
        """Every metric, with its interval where it has one."""
        return _estimates(self.summary(), self.intervals())

    def minus(self, other: "ClassPredictions") -> Estimates:
        """Differences to predictions of another system for the same examples, paired resamples.

        Raises:
            ValueError: the examples differ.
        """
        if not np.array_equal(self.labels, other.labels):
            raise ValueError("Differences need the same examples.")
        mine, others = self.summary(), other.summary()
        gaps = [self.is_correct - other.is_correct, self._losses - other._losses]
        found = bootstrap_intervals(np.stack(gaps, axis=1))
        intervals = {
            name: (float(low), float(high))
            for name, (low, high) in zip((ACCURACY, LOSS), found, strict=True)
        }
        return _estimates({name: mine[name] - others[name] for name in mine}, intervals)

    def worst(self, count: int) -> NDArray[np.int64]:
        """Numbers of the misclassified examples with the highest probability, highest first."""
        wrong = np.flatnonzero(self.is_correct == 0)
        certainty = self.probabilities[wrong, self.predicted[wrong]]
        return wrong[np.argsort(-certainty, kind="stable")[:count]]


def _estimates(
    means: dict[str, float], intervals: dict[str, tuple[float, float]]
) -> dict[str, Estimate]:
    return {name: Estimate(mean, *intervals.get(name, ())) for name, mean in means.items()}


PICTURES_AT_ONCE = 256


def probabilities_of_images(model: keras.Model, images: Images) -> NDArray[np.float32]:
    """Probabilities predicted by a classifier in its current state, float32 [images, classes].

    Args:
        model: returns logits.
        images: read and decoded in batches that fit into memory.
    """
    parts = []
    with stage("evaluate", len(images), "images") as looked_at:
        for start in range(0, len(images), PICTURES_AT_ONCE):
            pixels = images.decoded(slice(start, start + PICTURES_AT_ONCE))
            logits = model.predict_on_batch(pixels)
            parts.append(keras.ops.convert_to_numpy(keras.ops.softmax(logits)))
            looked_at.advance(len(pixels))
    return np.concatenate(parts)


TEXTS_AT_ONCE = 128


def probabilities_of_texts(model: keras.Model, numbers: TokenIds) -> NDArray[np.float32]:
    """Probabilities predicted by a classifier in its current state, float32 [texts, classes].

    Args:
        model: returns logits.
        numbers: token ids of the texts; batches hold texts of similar length.
    """
    order = np.argsort(numbers.lengths, kind="stable")
    parts = []
    with stage("evaluate", len(order), "texts") as read:
        for start in range(0, len(order), TEXTS_AT_ONCE):
            rows = order[start : start + TEXTS_AT_ONCE]
            logits = model.predict_on_batch(numbers.padded(rows))
            parts.append(keras.ops.convert_to_numpy(keras.ops.softmax(logits)))
            read.advance(len(rows))
    predicted = np.concatenate(parts)
    probabilities = np.empty_like(predicted)
    probabilities[order] = predicted
    return probabilities
