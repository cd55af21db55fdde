"""Baselines of text classification: a linear model of words and pairs of words."""

from collections.abc import Sequence

import numpy as np
import scipy.optimize
import scipy.sparse as sparse
import scipy.special
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.texts import TextData
from kit.evaluation._classes import ClassPredictions
from kit.progress import stage
from kit.tokenizers import words_of

WEIGHTS = (0.3, 1.0, 3.0, 10.0)
ITERATIONS = 100
TEXTS_AT_ONCE = 4096
# A pair in a single text does not generalize.
FEWEST_TEXTS = 2
MOST_FEATURES = 1 << 19


@stage("baselines")
def text_baselines(data: TextData) -> dict[str, ClassPredictions]:
    """Predictions of each baseline for test, by name.

    * "most frequent": the shares of the classes in train;
    * "bigrams, linear": a linear model of words and pairs of neighbouring words.

    Args:
        data: the split texts.
    """
    shares = np.bincount(data.train.labels, minlength=len(data.classes)) / len(data.train)
    always = np.tile(shares, (len(data.test), 1))
    return {
        "most frequent": ClassPredictions(data.test.labels, always),
        "bigrams, linear": ClassPredictions(data.test.labels, _linear(data)),
    }


def _linear(data: TextData) -> NDArray[np.float64]:
    """Multinomial logistic regression; the weight of the squared norm is chosen on valid."""
    of_data = (data.train, data.valid, data.test)
    parts = [_grams(part.texts) for part in of_data]
    known = _known(parts[0])
    inverse = None
    columns = []
    for (grams, rows), part in zip(parts, of_data, strict=True):
        counts = _counts(grams, rows, known, len(part))
        if inverse is None:
            inverse = np.log((1 + counts.shape[0]) / (1 + np.asarray((counts > 0).sum(0))[0])) + 1
        columns.append(_unit(counts, inverse))
    train, valid, test = columns
    classes = len(data.classes)
    targets = np.eye(classes)[data.train.labels]
    best, least = np.zeros((train.shape[1] + 1, classes)), np.inf
    start = best
    # From the largest weight down, each fit starts from the previous solution.
    for weight in sorted(WEIGHTS, reverse=True):
        start = _fitted(train, targets, weight, start)
        predicted = _probabilities(valid, start)[np.arange(len(data.valid)), data.valid.labels]
        loss = -np.log(np.clip(predicted, 1e-7, 1)).mean()
        if loss < least:
            best, least = start, loss
    return _probabilities(test, best)


Grams = tuple[NDArray[np.object_], NDArray[np.int64]]


def _grams(texts: Sequence[str]) -> Grams:
    """Every word and every pair of neighbouring words of the texts, and the row of each."""
    grams, rows = [np.zeros(0, object)], [np.zeros(0, np.int64)]
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        words = words_of(tf.constant(list(texts[start : start + TEXTS_AT_ONCE])))
        flat, row = words.flat_values.numpy(), words.value_rowids().numpy() + start
        is_pair = row[1:] == row[:-1]
        grams += [flat, flat[:-1][is_pair] + b" " + flat[1:][is_pair]]
        rows += [row, row[1:][is_pair]]
    return np.concatenate(grams), np.concatenate(rows)


def _known(part: Grams) -> dict[bytes, int]:
    """Columns of the words and pairs in several texts, at most `MOST_FEATURES` by frequency."""
    grams, rows = part
    codes: dict[bytes, int] = {}
    of_gram = np.array([codes.setdefault(gram, len(codes)) for gram in grams], np.int64)
    pairs = np.unique(of_gram * (int(rows.max(initial=0)) + 1) + rows)
    texts = np.bincount(pairs // (int(rows.max(initial=0)) + 1), minlength=len(codes))
    chosen = np.flatnonzero(texts >= FEWEST_TEXTS)
    chosen = chosen[np.argsort(-texts[chosen], kind="stable")[:MOST_FEATURES]]
    every = list(codes)
    return {every[code]: column for column, code in enumerate(chosen)}


def _counts(
    grams: NDArray[np.object_], rows: NDArray[np.int64], known: dict[bytes, int], texts: int
) -> sparse.csr_matrix:
    columns = np.array([known.get(gram, -1) for gram in grams], np.int64)
    there = columns >= 0
    return sparse.csr_matrix(
        (np.ones(int(there.sum())), (rows[there], columns[there])), shape=(texts, len(known))
    )


def _unit(counts: sparse.csr_matrix, inverse: NDArray[np.float64]) -> sparse.csr_matrix:
    """Rows of unit length: logarithmic counts times inverse document frequencies."""
    found = counts.copy()
    found.data = 1 + np.log(found.data)
    found = found @ sparse.diags(inverse)
    norms = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)))[:, 0]
    return (sparse.diags(1 / np.maximum(norms, 1e-9)) @ found).tocsr()


def _fitted(
    columns: sparse.csr_matrix,
    targets: NDArray[np.float64],
    weight: float,
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    transposed = columns.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(start.shape)
        logits = columns @ w[:-1] + w[-1]
        norms = scipy.special.logsumexp(logits, axis=1, keepdims=True)
        value = (norms[:, 0] - (targets * logits).sum(axis=1)).sum() + weight / 2 * (
            w[:-1] ** 2
        ).sum()
        wrong = np.exp(logits - norms) - targets
        slope = np.concatenate([transposed @ wrong + weight * w[:-1], wrong.sum(0, keepdims=True)])
        return float(value), slope.ravel()

    found = scipy.optimize.minimize(
        loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    )
    return np.asarray(found.x).reshape(start.shape)


def _probabilities(columns: sparse.csr_matrix, w: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(scipy.special.softmax(columns @ w[:-1] + w[-1], axis=1))
