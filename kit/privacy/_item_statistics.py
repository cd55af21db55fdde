"""What is released of the histories of people: which items there are, and which go together."""

import math
import secrets
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.stats import norm

from kit.errors import UserError
from kit.privacy._gaussian import noise_of

MOST_ITEMS = 1_000
"""Items of one person that count; of longer histories as many are drawn."""
# Of the budget, the share for which items there are, as a share of the squared inverse noise.
SHARE_OF_ITEMS = 0.2
# A model of fewer items ranks nothing; of more, the matrix of all pairs does not fit in memory.
FEWEST_ITEMS, MOST_RELEASED = 2, 10_000
# Values are multiples of this share of the noise: the last digits of a float tell of its terms.
GRID = 2.0**-10


def private_rng() -> np.random.Generator:
    """A generator of noise that nobody can draw again: its seed is secret and is not kept."""
    return np.random.Generator(np.random.Philox(secrets.randbits(128)))


@dataclass(frozen=True)
class PrivateItems:
    """What is released of histories, all of it by one (epsilon, delta) guarantee for each person.

    Args:
        items: int [kept], the items with enough people, those with most of them first.
        popularity: float64 [kept], how many people there are for each, of whom one with n items
            counts as n ** -0.5, with noise.
        together: float64 [kept, kept], how often items go together: a person's history, scaled to
            length 1, times itself, summed over people, with noise.
        epsilon: of the guarantee.
        delta: of the guarantee.
        noise: standard deviation of the noise of `together`.
        noise_of_items: of `popularity`.
        threshold: that `popularity` had to reach.
    """

    items: NDArray[np.int64]
    popularity: NDArray[np.float64]
    together: NDArray[np.float64]
    epsilon: float
    delta: float
    noise: float
    noise_of_items: float
    threshold: float

    @property
    def shares(self) -> NDArray[np.float32]:
        """Popularity as shares of that of the first item, float32 [kept]."""
        shares: NDArray[np.float32] = (self.popularity / self.popularity[0]).astype(np.float32)
        return shares

    def card(self) -> dict[str, Any]:
        """What a card states of the guarantee."""
        return {
            "epsilon": self.epsilon,
            "delta": self.delta,
            "unit": "one person's whole history, added or removed",
            "method": "Gaussian noise on which items people have and which go together",
            "noise": round(self.noise, 6),
            "noise_of_items": round(self.noise_of_items, 6),
            "threshold": round(self.threshold, 3),
        }


def private_items(
    owned: sparse.spmatrix,
    *,
    epsilon: float,
    delta: float,
    most: int = MOST_RELEASED,
    rng: np.random.Generator | None = None,
) -> PrivateItems:
    """Release which items people have and which go together, with differential privacy.

    Neighbouring data differ by one person's whole history, which is added or removed. Half of delta
    is for the choice of the items: an item that one person alone has is released with at most that
    probability.

    Args:
        owned: [people, items], not 0 where a person has an item. How often does not count.
        epsilon: above 0; smaller is more private.
        delta: probability of more than that; well below 1 / people.
        most: items to release.
        rng: draws the noise; None draws what cannot be drawn again. Whoever knows its seed can
            take the noise away.

    Raises:
        UserError: there are too few people for any two items.

    Source: choice of items: Gopi et al. (2020), Differentially private set union; noise of the
    co-occurrences: Dwork et al. (2014), Analyze Gauss.

    Example:

    >>> owned = np.tile([[1, 1, 0], [0, 1, 1]], (5_000, 1))
    >>> found = private_items(sparse.csr_matrix(owned), epsilon=8.0, delta=1e-6)
    >>> found.items[0] == 1, sorted(found.items.tolist()), bool(found.together[0, 1] > 1_000)
    (np.True_, [0, 1, 2], True)
    """
    rng = rng or private_rng()
    owned = _bounded(sparse.csr_matrix(owned, dtype=np.float64, copy=True), rng)
    total = noise_of(epsilon, delta / 2)
    noise_of_items = total / math.sqrt(SHARE_OF_ITEMS)
    noise = total / math.sqrt(1 - SHARE_OF_ITEMS)
    popularity = _noisy(np.asarray(_unit_rows(owned).sum(axis=0)).ravel(), noise_of_items, rng)
    # Of a person who alone has n items, each counts n ** -0.5, and any of them may be released.
    alone = np.arange(1, MOST_ITEMS + 1)
    chances = -np.expm1(np.log1p(-delta / 2) / alone)
    threshold = float((alone**-0.5 + noise_of_items * norm.isf(chances)).max())
    # By what is released, as the order of the codes follows from the data.
    items = np.argsort(-popularity, kind="stable")[: (popularity >= threshold).sum()]
    items = items[: min(most, MOST_RELEASED)]
    if len(items) < FEWEST_ITEMS:
        raise UserError(
            f"{owned.shape[0]:,} people are too few for epsilon {epsilon:g}: nothing could be said "
            f"of any {FEWEST_ITEMS} items without telling of some person.",
            where="--private",
            expected=f"items with more than {threshold:,.0f} people, of whom one with n items "
            "counts as the root of 1 / n",
            remedy="Give a larger epsilon, or the log of more people.",
        )
    upper = np.triu(_noisy(exact_together(owned[:, items]), noise, rng))
    together = upper + np.triu(upper, 1).T
    return PrivateItems(
        items, popularity[items], together, epsilon, delta, noise, noise_of_items, threshold
    )


def private_weights(found: PrivateItems) -> NDArray[np.float32]:
    """Item-to-item weights from what was released, which tells nothing more of anybody.

    The penalty is the norm that a matrix of such noise alone has; what the noise made negative of
    the spectrum is left out first.

    Args:
        found: the released co-occurrences.

    Returns:
        float32 [kept, kept], by item of the history and item to score; the diagonal is 0.

    Source: Steck (2019), Embarrassingly shallow autoencoders for sparse data; norm of noise: Wigner
    (1958), On the distribution of the roots of certain symmetric matrices.
    """
    values, vectors = scipy.linalg.eigh(found.together)
    penalty = 2 * found.noise * math.sqrt(len(values))
    inverse = (vectors / (np.maximum(values, 0) + penalty)) @ vectors.T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def _bounded(owned: sparse.csr_matrix, rng: np.random.Generator) -> sparse.csr_matrix:
    """Ones, of at most `MOST_ITEMS` items of each person."""
    owned.eliminate_zeros()
    owned.data[:] = 1
    for row in np.flatnonzero(np.diff(owned.indptr) > MOST_ITEMS):
        mine = np.arange(owned.indptr[row], owned.indptr[row + 1])
        owned.data[rng.permutation(mine)[MOST_ITEMS:]] = 0
    owned.eliminate_zeros()
    return owned


def exact_together(owned: sparse.csr_matrix) -> NDArray[np.float64]:
    """How often items go together, without noise: float64 [items, items]; ones in `owned`."""
    rows = _unit_rows(owned)
    return np.asarray((rows.T @ rows).toarray(), np.float64)


def _unit_rows(owned: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = np.sqrt(np.diff(sparse.csr_matrix(owned).indptr))
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1)) @ owned)


def _noisy(
    values: NDArray[np.float64], noise: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    step = GRID * noise
    found: NDArray[np.float64] = np.round((values + rng.normal(0, noise, values.shape)) / step)
    return found * step
