"""The least that is as good as the best."""

import numpy as np
from numpy.typing import NDArray


def as_good_as_best(users: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which choices lose no more to the best one than chance would explain.

    Args:
        users: float [choices, users], a metric of each user under each choice.

    Returns:
        bool [choices]: whether the mean loss to the choice with the best mean lies within its
        standard error.

    Source: the one-standard-error rule of Breiman et al. (1984), Classification and regression
    trees, for a paired difference.

    Example:

    >>> as_good_as_best(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])).tolist()
    [True, True, False]
    """
    losses = users[users.mean(axis=1).argmax()] - users
    within: NDArray[np.bool_] = losses.mean(axis=1) <= losses.std(axis=1) / np.sqrt(users.shape[1])
    return within
