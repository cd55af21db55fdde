"""How often users will come."""

import numpy as np
from numpy.typing import NDArray

from kit.exports import is_sample_user
from kit.planning._limits import Limits
from kit.planning._visits import Visits


def expected_visits(visits: Visits, user_ids: list[str], limits: Limits) -> NDArray[np.float32]:
    """Expected visits of each known user, and last of all unknown ones, float32 [users + 1].

    Whoever came once need not come again, and others will. Visits of users are taken as Poisson
    with rates of a gamma distribution, fitted by its moments; the rates expected after the log are
    between those of the log and the mean. They add up to the visits of the log.

    Args:
        visits: of a log.
        user_ids: known users.
        limits: of contacts; visits beyond them do not count.

    Source: Robbins (1956), An Empirical Bayes Approach to Statistics.
    """
    users = len(user_ids)
    allowed = visits.user[visits.allowed(limits.contacts, limits.window)]
    counts = np.bincount(np.where(allowed < 0, users, allowed), minlength=users + 1).astype(float)
    is_real = np.array([*(not is_sample_user(user) for user in user_ids), False])
    own = counts[is_real]
    if own.sum():
        mean, variance = own.mean(), own.var()
        shape = mean**2 / max(variance - mean, 1e-9) if variance > mean else 1e9
        counts[is_real] = own.sum() * (own + shape) / (own.sum() + shape * len(own))
    return counts.astype(np.float32)


def users_of(counts: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Codes of the users with visits, -1 for unknown ones, and their visits."""
    users = np.flatnonzero(counts > 0)
    return np.where(users == len(counts) - 1, -1, users), counts[users]
