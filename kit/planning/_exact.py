"""The same problem as a linear program, to check the prices on a sample."""

import numpy as np
import scipy.optimize
import scipy.sparse as sparse

from kit.planning._limits import Limits
from kit.planning._prices import Candidates


def linear_program(candidates: Candidates, limits: Limits) -> float:
    """The largest value within the limits, by HiGHS.

    Args:
        candidates: what can be shown to whom.
        limits: of the plan.

    Example:

    >>> both = Candidates(np.int32([[0, 1], [0, 1]]), np.float32([[5, 4], [3, 1]]), np.ones(2, "f"))
    >>> linear_program(both, Limits.of_stock(np.float32([1, 1])))
    7.0
    """
    user, place = np.nonzero((candidates.items >= 0) & (candidates.values > 0))
    item, value = candidates.items[user, place], candidates.values[user, place]
    pairs = np.arange(len(user))
    ones = np.ones(len(user))
    rows = [
        sparse.csr_matrix((ones, (user, pairs)), (len(candidates.items), len(user))),
        sparse.csr_matrix((ones, (item, pairs)), (len(limits.stock), len(user))),
    ]
    most = [candidates.visits, limits.stock]
    if limits.budget is not None:
        rows.append(sparse.csr_matrix(limits.cost[item][None]))
        most.append(np.array([limits.budget], np.float32))
    for member, share in zip(limits.member, limits.shares, strict=True):
        rows.append(sparse.csr_matrix((share - member[item])[None]))
        most.append(np.zeros(1, np.float32))
    found = scipy.optimize.linprog(
        -value, A_ub=sparse.vstack(rows), b_ub=np.concatenate(most), method="highs"
    )
    return -float(found.fun)
