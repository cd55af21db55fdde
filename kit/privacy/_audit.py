"""What can be shown against a guarantee, and who can be told to have been in a training."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binom

from kit.errors import UserError
from kit.metrics import Estimate, auc, bootstrap_aucs
from kit.privacy._gaussian import noise_of
from kit.privacy._item_statistics import PrivateItems, exact_together, private_items

CONFIDENCE = 0.95
FALSE_POSITIVES = 0.01
FEWEST_CANARIES = 10


def epsilon_shown(correct: int, guesses: int, confidence: float = CONFIDENCE) -> float:
    """The epsilon below which so many correct guesses are too unlikely.

    Each canary was in the data with probability 1/2, and of `guesses` of them it was guessed
    whether it was. Delta is not counted, which at the deltas of practice changes nothing.

    Args:
        correct: number of guesses that were right.
        guesses: number of guesses.
        confidence: of the bound.

    Source: Steinke, Nasr and Jagielski (2023), Privacy auditing with one (1) training run.

    Example:

    >>> round(epsilon_shown(100, 100), 2), epsilon_shown(50, 100)
    (3.49, 0.0)
    """
    if not 0 <= correct <= guesses:
        raise ValueError(f"{correct} of {guesses} guesses cannot be right.")

    def excess(epsilon: float) -> float:
        return float(binom.sf(correct - 1, guesses, 1 / (1 + math.exp(-epsilon)))) - 1 + confidence

    if guesses == 0 or excess(0.0) >= 0:
        return 0.0
    return float(brentq(excess, 0.0, 50.0))


class Release(Protocol):
    """Releases what items people have and which go together."""

    def __call__(self, owned: sparse.spmatrix, *, epsilon: float, delta: float) -> PrivateItems: ...


@dataclass(frozen=True)
class CanaryAudit:
    """What was guessed of canaries, and what it shows.

    Args:
        epsilon: that is claimed.
        shown: the lower bound of epsilon, with 95 % confidence.
        possible: the bound if every guess had been right: no audit of so many canaries shows more.
        canaries: number of them.
        guesses: number of those that were guessed.
        correct: number of right guesses.
    """

    epsilon: float
    shown: float
    possible: float
    canaries: int
    guesses: int
    correct: int

    @property
    def passed(self) -> bool:
        """Whether nothing was shown against the claim."""
        return self.shown <= self.epsilon


def audit_by_canaries(
    owned: sparse.spmatrix,
    *,
    epsilon: float,
    delta: float,
    canaries: int = 1_000,
    seed: int = 0,
    release: "Release | None" = None,
) -> CanaryAudit:
    """Add people who are easy to tell apart, each with probability 1/2, and guess who was added.

    A canary has two items that few people have together. Whoever guesses knows everybody else, as
    the guarantee allows, and compares what is released of the pair with what it would be without
    the canary. The surest sixth of the guesses counts.

    Args:
        owned: [people, items], not 0 where a person has an item.
        epsilon: that is claimed.
        delta: that is claimed.
        canaries: number of people who may be added.
        seed: of who they are and who is added.
        release: is audited; None is `private_items`.

    Raises:
        UserError: too few items are released.

    Source: Steinke, Nasr and Jagielski (2023), Privacy auditing with one (1) training run.

    Example:

    >>> owned = sparse.random(4_000, 40, 0.2, format="csr", random_state=0)
    >>> audit_by_canaries(owned, epsilon=1.0, delta=1e-6).passed
    True
    """
    rng = np.random.default_rng(seed)
    owned = sparse.csr_matrix(owned, dtype=np.float64, copy=True)
    owned.data[:] = 1
    release = release or private_items
    often = np.flatnonzero(owned.getnnz(axis=0) > 20 * noise_of(epsilon, delta))
    first, second = np.triu_indices(len(often), 1)
    if len(first) < FEWEST_CANARIES:
        raise UserError(
            f"{len(often)} items with enough people are too few for canaries.",
            where="--canaries",
            expected=f"{FEWEST_CANARIES} pairs of items",
            remedy="Audit with a larger epsilon, or with the log of more people.",
        )
    before = exact_together(owned)
    rarest = np.argsort(before[often[first], often[second]], kind="stable")[:canaries]
    pairs = np.stack([often[first[rarest]], often[second[rarest]]], axis=1)
    added = rng.random(len(pairs)) < 0.5
    rows = np.repeat(np.arange(added.sum()), 2)
    people = sparse.csr_matrix(
        (np.ones(len(rows)), (rows, pairs[added].ravel())), (int(added.sum()), owned.shape[1])
    )
    found: PrivateItems = release(
        sparse.vstack([owned, people]).tocsr(), epsilon=epsilon, delta=delta
    )
    place = np.full(owned.shape[1], -1)
    place[found.items] = np.arange(len(found.items))
    row, column = place[pairs].T
    usable = (row >= 0) & (column >= 0)
    # Everybody's history is cut to the released items before its length counts.
    exact = exact_together(owned[:, found.items])
    told = found.together[row[usable], column[usable]] - exact[row[usable], column[usable]]
    guesses = max(len(told) // 6, min(len(told), FEWEST_CANARIES))
    surest = np.argsort(-np.abs(told - 0.25), kind="stable")[:guesses]
    correct = int(((told[surest] > 0.25) == added[usable][surest]).sum())
    return CanaryAudit(
        epsilon,
        epsilon_shown(correct, guesses),
        epsilon_shown(guesses, guesses),
        len(pairs),
        guesses,
        correct,
    )


@dataclass(frozen=True)
class Membership:
    """How well it can be told who was in a training.

    Args:
        auc: of the attack, with its 95 % interval; .5 is guessing.
        plain: AUC of the loss alone, without reference models, which understates the attack.
        found: share of the members that is found at 1 % false alarms.
        members: number of people who were in the training.
        others: number of people who were not.
    """

    auc: Estimate
    plain: float
    found: float
    members: int
    others: int


def membership(
    losses: NDArray[np.floating],
    references: NDArray[np.floating],
    member: NDArray[np.bool_],
    in_reference: NDArray[np.bool_],
    *,
    seed: int = 0,
) -> Membership:
    """Guess who was in a training by the loss, compared with models that never had the person.

    Args:
        losses: float [people], of each person's items, by the attacked model.
        references: float [models, people], by models of the same kind trained on others.
        member: bool [people], who was in the training of the attacked model.
        in_reference: bool [models, people], who was in those of the references. These are left
            out: an average over all models tells by itself who was in few of them.
        seed: of the bootstrap.

    Raises:
        ValueError: nobody was a member, or all were.

    Source: Carlini et al. (2022), Membership inference attacks from first principles.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> member = rng.random(400) < 0.5
    >>> never = np.zeros((2, 400), bool)
    >>> hard = rng.normal(size=400)
    >>> found = membership(hard - member, np.stack([hard, hard]), member, never)
    >>> found.auc.mean, found.plain < 0.8
    (1.0, True)
    """
    apart = np.where(in_reference, np.nan, references)
    count = (~np.isnan(apart)).sum(axis=0)
    usual = np.nansum(apart, axis=0) / np.maximum(count, 1)
    judged = count > 0
    if not 0 < member[judged].sum() < judged.sum():
        raise ValueError("Members and others are needed, both missing in a reference model.")
    score, labels = (usual - losses)[judged], member[judged].astype(np.int64)
    # Ties are no evidence: the threshold is above the scores of 1 % of the others.
    threshold = np.quantile(score[labels == 0], 1 - FALSE_POSITIVES, method="higher")
    low, high = np.nanquantile(bootstrap_aucs(labels, score, seed=seed), [0.025, 0.975])
    return Membership(
        auc=Estimate(auc(labels, score), float(low), float(high)),
        plain=auc(labels, -losses[judged]),
        found=float((score[labels == 1] > threshold).mean()),
        members=int(labels.sum()),
        others=int((1 - labels).sum()),
    )
