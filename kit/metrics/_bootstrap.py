"""Bootstrap confidence intervals."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kit.metrics._checks import check_finite


def bootstrap_interval(
    values: NDArray[np.float64], *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap confidence interval of the mean over users.

    Args:
        values: float [users], one value per user; differences of two systems for a paired interval.
        resamples: number of bootstrap resamples.
        level: confidence level, between 0 and 1.
        seed: random seed of the resampling.

    Returns:
        Lower and upper end; both nan without users.

    Raises:
        ValueError: a value is NaN or infinite.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Example:

    >>> import numpy as np
    >>> bootstrap_interval(np.full(20, 0.5))
    (0.5, 0.5)
    """
    low, high = bootstrap_intervals(
        np.asarray(values)[:, None], resamples=resamples, level=level, seed=seed
    )[0]
    return float(low), float(high)


def bootstrap_intervals(
    values: NDArray[np.float64], *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> NDArray[np.float64]:
    """`bootstrap_interval` of several columns, from the same resamples.

    Args:
        values: float [users, columns].
        resamples: number of bootstrap resamples.
        level: confidence level, between 0 and 1.
        seed: random seed of the resampling.

    Returns:
        float64 [columns, 2], lower and upper ends; nan without users.

    Raises:
        ValueError: a value is NaN or infinite.

    Example:

    >>> import numpy as np
    >>> bootstrap_intervals(np.full([20, 2], [0.5, 2.0]))
    array([[0.5, 0.5],
           [2. , 2. ]])
    """
    values = check_finite(values, "values")
    users, columns = values.shape
    if not users:
        return np.full((columns, 2), np.nan)
    rng = np.random.default_rng(seed)
    # Relative to one value of each column, so that a constant column keeps its exact value.
    centre = values[0]
    off_centre = values - centre
    means = np.empty((resamples, columns))
    for row in means:
        row[:] = np.bincount(rng.integers(0, users, users), minlength=users) @ off_centre / users
    tail = (1 - level) / 2
    intervals: NDArray[np.float64] = np.quantile(means + centre, [tail, 1 - tail], axis=0).T
    return intervals


@dataclass(frozen=True)
class Estimate:
    """A mean over users with its 95 % bootstrap confidence interval; nan if there is none."""

    mean: float
    low: float = math.nan
    high: float = math.nan

    @property
    def outside_chance(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


Estimates = dict[str, Estimate]
"""Estimates by name of the metric."""
