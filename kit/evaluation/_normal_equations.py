"""A linear regression of many targets that share some of their weights, in closed form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# Covariates are few weights that all steps share: a small penalty, a share of their mean square.
KNOWN_PENALTY = 1e-3


@dataclass(frozen=True)
class NormalEquations:
    """What a linear regression needs of the data; those of two parts of the data add up.

    Every target, a step of the horizon, has weights of its own for the regressors; the covariates
    of its step have weights that all targets share.

    Args:
        gram: products of the regressors, float64 [regressors, regressors].
        cross: products with the targets, float64 [regressors, targets].
        square: sum of the squared targets.
        count: number of targets.
        known_cross: products of regressors and covariates, float64 [regressors, targets, known].
        known_gram: products of the covariates, float64 [known, known].
        known_target: products of covariates and targets, float64 [known].
    """

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    square: float
    count: int
    known_cross: NDArray[np.float64]
    known_gram: NDArray[np.float64]
    known_target: NDArray[np.float64]

    def mapped(self, columns: NDArray[np.float64]) -> "NormalEquations":
        """Of combinations of the regressors, float64 [regressors, combinations]."""
        return replace(
            self,
            gram=columns.T @ self.gram @ columns,
            cross=columns.T @ self.cross,
            known_cross=np.tensordot(columns.T, self.known_cross, 1),
        )

    @cached_property
    def _eigen(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values, vectors = np.linalg.eigh(self.gram)
        return values, vectors

    def solutions(
        self, penalties: Sequence[float], known: bool = False
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Ridge weights of regressors and covariates for each penalty.

        Args:
            penalties: of the regressors, as shares of their mean square.
            known: whether covariates count; else their weights are 0.
        """
        values, vectors = self._eigen
        rotated = vectors.T @ self.cross
        size = max(float(values.mean()), 1e-12)
        nothing = np.zeros(len(self.known_target))
        if not known:
            for penalty in penalties:
                shrunk = np.maximum(values, 0) + penalty * size
                yield vectors @ (rotated / shrunk[:, None]), nothing
            return
        # The regressors are eliminated first (a Schur complement): what remains is small.
        turned = np.tensordot(vectors.T, self.known_cross, 1)
        ridge = KNOWN_PENALTY * max(float(np.trace(self.known_gram)) / len(nothing), 1e-12)
        for penalty in penalties:
            shrunk = np.maximum(values, 0) + penalty * size
            divided = turned / shrunk[:, None, None]
            flat, flat_divided = (x.reshape(-1, len(nothing)) for x in (turned, divided))
            gram = self.known_gram - flat.T @ flat_divided
            target = self.known_target - flat_divided.T @ rotated.ravel()
            weights = np.asarray(
                np.linalg.solve(gram + ridge * np.eye(len(nothing)), target), np.float64
            )
            left = rotated / shrunk[:, None] - divided @ weights
            yield vectors @ left, weights

    def error(self, weights: NDArray[np.float64], known: NDArray[np.float64]) -> float:
        """Mean squared error of weights of regressors and covariates."""
        fitted = (weights * (self.gram @ weights - 2 * self.cross)).sum()
        if len(known):
            fitted += 2 * (weights * (self.known_cross @ known)).sum()
            fitted += known @ (self.known_gram @ known - 2 * self.known_target)
        return float((self.square + fitted) / max(self.count, 1))
