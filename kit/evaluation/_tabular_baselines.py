"""Baselines of tabular models: the base rate and a logistic regression."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.data.table import RankingData, TableEncoder
from kit.evaluation._tabular import Predictions
from kit.metrics import log_losses
from kit.progress import stage

MOST_ROWS = 1_000_000
WEIGHTS = (1.0, 10.0, 100.0)
ITERATIONS = 200
BINS = 32


@stage("baselines")
def classification_baselines(data: RankingData, encoder: TableEncoder) -> dict[str, Predictions]:
    """Predictions of each baseline for test, by name.

    Args:
        data: the split table.
        encoder: fitted on its train part.
    """
    labels = range(len(data.labels))
    said = {
        "base rate": [base_rate(data, label) for label in labels],
        "logistic regression": [logistic_regression(data, encoder, label) for label in labels],
    }
    return {
        name: Predictions.of(data.test, data.labels, np.stack(columns, axis=1))
        for name, columns in said.items()
    }


def base_rate(data: RankingData, label: int = 0) -> NDArray[np.float64]:
    """The share of positives in train, for every row of test."""
    known = data.train.labels[:, label]
    return np.full(len(data.test), np.nanmean(known))


def logistic_regression(
    data: RankingData, encoder: TableEncoder, label: int = 0, *, seed: int = 0
) -> NDArray[np.float64]:
    """Probabilities of test by a linear model of the same features.

    Categories are one-hot, lists are the mean of their values' columns, numbers are one-hot in
    32 bins with equally many rows of train. The weight of the squared norm (1, 10, 100) is chosen
    by log loss on valid. Of more than a million rows of train, a million are sampled.

    Args:
        data: the split table.
        encoder: fitted on its train part.
        label: index of the label.
        seed: of the sample.

    Returns:
        float64 [rows of test].
    """
    known = np.flatnonzero(~np.isnan(data.train.labels[:, label]))
    if len(known) > MOST_ROWS:
        drawn = np.random.default_rng(seed).choice(known, MOST_ROWS, replace=False)
        known = np.sort(drawn)
    train = encoder.encode(data.train.features[known])
    edges = {
        feature.name: np.unique(
            np.nanquantile(train[feature.name], np.linspace(0, 1, BINS + 1)[1:-1])
        )
        for feature in encoder.schema.of_kind("number")
        if not np.isnan(train[feature.name]).all()
    }
    columns = _columns(train, encoder, edges)
    targets = data.train.labels[known, label].astype(np.float64)
    valid = _columns(encoder.encode(data.valid.features, whole=True), encoder, edges)
    best, least = np.zeros(columns.shape[1] + 1), np.inf
    start = np.zeros(columns.shape[1] + 1)
    rate = np.clip(targets.mean(), 1e-6, 1 - 1e-6)
    start[-1] = np.log(rate / (1 - rate))
    judged = ~np.isnan(data.valid.labels[:, label])
    # From the largest weight down, each fit starts from the previous solution.
    for weight in sorted(WEIGHTS, reverse=True):
        start = _fitted(columns, targets, weight, start)
        said = _probabilities(valid, start)[judged]
        loss = log_losses(data.valid.labels[judged, label], said).mean()
        if loss < least:
            best, least = start, loss
    return _probabilities(
        _columns(encoder.encode(data.test.features, whole=True), encoder, edges), best
    )


def _columns(
    encoded: Mapping[str, NDArray[Any]],
    encoder: TableEncoder,
    edges: Mapping[str, NDArray[np.floating]],
) -> sparse.csr_matrix:
    parts = []
    for feature in encoder.schema.features:
        values = encoded[feature.name]
        if feature.kind == "number":
            bounds = edges.get(feature.name, np.zeros(0))
            binned = np.where(np.isnan(values), 0, np.searchsorted(bounds, values) + 1)
            parts.append(_one_hot(binned[:, None], len(bounds) + 2))
        elif values.ndim == 2:
            parts.append(_one_hot(values, encoder.size(feature), padded=True))
        else:
            parts.append(_one_hot(values[:, None], encoder.size(feature)))
    return sparse.hstack(parts).tocsr()


def _one_hot(codes: NDArray[np.generic], size: int, *, padded: bool = False) -> sparse.csr_matrix:
    """float64 [rows, size]: the share of each code in a row; 0 does not count if padded."""
    counts = (codes != 0) if padded else np.ones(codes.shape, bool)
    lengths = counts.sum(axis=1)
    shares = np.repeat(1 / np.maximum(lengths, 1), lengths)
    places = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_matrix((shares, codes[counts], places), shape=(len(codes), size))


def _fitted(
    columns: sparse.csr_matrix,
    targets: NDArray[np.float64],
    weight: float,
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    transposed = columns.T.tocsr()

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = columns @ w[:-1] + w[-1]
        value = np.logaddexp(0, logits).sum() - targets @ logits + weight / 2 * w[:-1] @ w[:-1]
        wrong = 1 / (1 + np.exp(-logits)) - targets
        return value, np.append(transposed @ wrong + weight * w[:-1], wrong.sum())

    found = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    )
    fitted: NDArray[np.float64] = found.x
    return fitted


def _probabilities(columns: sparse.csr_matrix, w: NDArray[np.float64]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = columns @ w[:-1] + w[-1]
    return 1 / (1 + np.exp(-logits))
