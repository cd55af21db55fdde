"""Coherent forecasts of a hierarchy: totals that are the sums of the forecasts of their series."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kit.data.series import Hierarchy
from kit.models._forecaster import Forecaster

BOTTOM_UP = "bottom-up"
"""The forecasts of series are added up."""
MINT = "MinT-shrink"
"""Those of all levels are combined with the least expected squared error."""
# Variances below this share of their mean do not count as smaller.
LEAST_VARIANCE = 1e-9
SMALLEST = 1e-9


@dataclass(frozen=True)
class Reconciliation:
    """Makes the forecasts of series and of their groups coherent.

    Args:
        hierarchy: of the series.
        groups: forecasts the groups, from the sums of their series.
        gain: what the expected values of series change by for each unit by which the forecasts of
            groups exceed the sums of their series, float32 [series, groups]; None adds up the
            series as they are (bottom-up).
        nonnegative: whether nothing is forecast below 0.
        shrinkage: of the covariance towards its diagonal, 0 to 1.

    Source: Wickramasuriya, Athanasopoulos and Hyndman (2019), Optimal forecast reconciliation for
    hierarchical and grouped time series through trace minimization.

    Example:

    >>> one = Hierarchy(("total",), (("total",),), np.zeros((1, 2), int))
    >>> found = Reconciliation(one, Forecaster(1, 1), np.float32([[0.25], [0.5]]))
    >>> found.series(np.float32([[1], [2]]), np.float32([[7]])).tolist()
    [[2.0], [4.0]]
    """

    hierarchy: Hierarchy
    groups: Forecaster
    gain: NDArray[np.float32] | None = None
    nonnegative: bool = False
    shrinkage: float = 1.0

    @property
    def method(self) -> str:
        """`BOTTOM_UP` or `MINT`."""
        return BOTTOM_UP if self.gain is None else MINT

    def series(
        self, series: NDArray[np.floating], groups: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Coherent expected values of the series; their sums are those of the groups.

        Values below 0 become 0 before they are added up, which keeps the forecasts coherent.

        Args:
            series: forecasts [series, ...].
            groups: forecasts of the groups [groups, ...].
        """
        found = series.astype(np.float32)
        if self.gain is not None:
            gap = groups - self.hierarchy.sums(series)
            found = found + np.tensordot(self.gain, gap.astype(np.float32), 1)
        return np.maximum(found, 0) if self.nonnegative else found

    def quantiles(
        self, quantile: NDArray[np.floating], before: NDArray[np.floating], mean: NDArray[np.number]
    ) -> NDArray[np.float32]:
        """Quantiles [..., levels] that are shifted as their expected value was.

        Of values from 0 those below the expected value are shifted in proportion to it, so that 0
        stays 0.

        Args:
            quantile: before.
            before: the expected values, of the shape without levels.
            mean: the coherent ones.
        """
        shift = (mean - before)[..., None]
        if not self.nonnegative:
            return (quantile + shift).astype(np.float32)
        before = before[..., None]
        share = np.where(before > 0, quantile / np.maximum(before, SMALLEST), 1)
        found: NDArray[np.float32] = (quantile + shift * np.clip(share, 0, 1)).astype(np.float32)
        return np.maximum(found, 0)


def shrinkage_of(errors: NDArray[np.float64]) -> float:
    """How far correlations should be shrunk to 0, from 0 to 1.

    Args:
        errors: of forecasts with expected value 0, [variables, observations].

    Source: Schaefer and Strimmer (2005), A shrinkage approach to large-scale covariance matrix
    estimation and implications for functional genomics.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> shared = rng.normal(size=200) + 0.1 * rng.normal(size=(5, 200))
    >>> shrinkage_of(shared) < 0.01, shrinkage_of(rng.normal(size=(5, 20))) > 0.5
    (True, True)
    """
    count = errors.shape[1]
    deviation = np.sqrt((errors**2).mean(axis=1, keepdims=True))
    scaled = errors / np.where(deviation > 0, deviation, 1)
    # Sums over all pairs of variables, without their matrix: by that of the observations.
    squares = scaled**2
    of_products = (squares.sum(axis=0) ** 2).sum() - (squares**2).sum()
    correlations = ((scaled.T @ scaled) ** 2).sum() / count**2 - (squares.mean(axis=1) ** 2).sum()
    variance = (of_products - count * correlations) * count / max(count - 1, 1) ** 3
    if count < 2 or correlations <= 0:
        return 1.0
    return float(np.clip(variance / correlations, 0, 1))


def mint_gain(
    hierarchy: Hierarchy, series: NDArray[np.float64], groups: NDArray[np.float64]
) -> tuple[NDArray[np.float32], float]:
    """The gain of a `Reconciliation` with the least expected squared error.

    The covariance of the errors is that of the sample, shrunk to its diagonal. It is not built: of
    the matrix of rank m, the number of errors, only products with the constraints are needed.

    Args:
        hierarchy: of the series.
        series: errors of their forecasts, [series, m]; NaN is missing.
        groups: errors of the forecasts of groups, [groups, m].

    Returns:
        The gain, float32 [series, groups], and the shrinkage.

    Source: Wickramasuriya, Athanasopoulos and Hyndman (2019), see `Reconciliation`.

    Example:

    >>> one = Hierarchy(("total",), (("total",),), np.zeros((1, 2), int))
    >>> errors = np.array([[1.0, -1.0, 1.0, -1.0], [2.0, 2.0, -2.0, -2.0]])
    >>> gain, shrinkage = mint_gain(one, errors, np.array([[0.5, -0.5, -0.5, 0.5]]))
    >>> bool(gain[1] > gain[0] > 0), shrinkage
    (True, 1.0)
    """
    errors = np.nan_to_num(np.concatenate([series, groups]))
    count, size = errors.shape[1], len(series)
    shrinkage = shrinkage_of(errors)
    variance = (errors**2).mean(axis=1)
    variance = np.maximum(variance, LEAST_VARIANCE * max(variance.mean(), LEAST_VARIANCE))
    diagonal = np.maximum(shrinkage, LEAST_VARIANCE) * variance
    shared = np.sqrt((1 - shrinkage) / count) * errors
    members = np.zeros((len(groups), size))
    for places in hierarchy.places:
        members[places, np.arange(size)] = 1
    # Of the constraints: groups minus the sums of their series.
    gap = shared[size:] - members @ shared[:size]
    across = diagonal[:size] * members - gap @ shared[:size].T
    within = gap @ gap.T + np.diag(diagonal[size:]) + diagonal[:size] * members @ members.T
    return np.linalg.solve(within, across).T.astype(np.float32), shrinkage
