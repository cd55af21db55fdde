"""Off-policy value: what a policy would have earned, from actions that another one chose."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.metrics._bootstrap import Estimate, Estimates
from kit.metrics._checks import InvalidInputError, check_finite, probabilities, same_length

IPS = "IPS"
"""Name of inverse propensity scoring."""
SNIPS = "SNIPS"
"""Name of self-normalised inverse propensity scoring."""
DOUBLY_ROBUST = "doubly robust"
"""Name of the doubly robust estimator."""
Floats = NDArray[np.float64]
MOST_DRAWN = 3 * 10**8


def ips(actions: Any, propensities: Any, rewards: Any, policy: Any) -> float:
    """Value of a policy by inverse propensity scoring (IPS): unbiased, and noisy.

    The mean of `policy(action) / propensity * reward` over logged rows.

    Args:
        actions: int [rows], the logged actions, from 0.
        propensities: float [rows], the probabilities with which they were chosen.
        rewards: float [rows].
        policy: float [rows, actions], the policy's probabilities of all actions; or float [rows],
            those of the logged actions, where there are too many.

    Raises:
        InvalidInputError: a propensity is not above 0 and at most 1, probabilities are invalid, or
            the lengths differ.

    Source: Horvitz and Thompson (1952), A generalization of sampling without replacement from a
    finite universe.

    Example:

    >>> ips([0, 1], [0.5, 0.5], [0, 1], [[0, 1], [0, 1]])
    1.0
    """
    return _point(OffPolicyValue.of(actions, propensities, rewards, policy), IPS)


def snips(actions: Any, propensities: Any, rewards: Any, policy: Any) -> float:
    """Value of a policy by self-normalised inverse propensity scoring (SNIPS).

    IPS divided by the mean weight: a little biased, less noisy, and never beyond the rewards.

    Args:
        actions: int [rows], see `ips`.
        propensities: float [rows].
        rewards: float [rows].
        policy: float [rows, actions], or [rows].

    Returns:
        The value; nan if the policy chooses no logged action.

    Raises:
        InvalidInputError: see `ips`.

    Source: Swaminathan and Joachims (2015), The self-normalized estimator for counterfactual
    learning.

    Example:

    >>> snips([0, 1, 1], [0.5, 0.5, 0.5], [0, 1, 0], [[0, 1], [0, 1], [0, 1]])
    0.5
    """
    return _point(OffPolicyValue.of(actions, propensities, rewards, policy), SNIPS)


def doubly_robust(
    actions: Any, propensities: Any, rewards: Any, policy: Any, predicted: Any
) -> float:
    """Value of a policy by the doubly robust estimator.

    A model's prediction of the policy's reward, corrected by IPS of its errors: right where the
    propensities or the predictions are, and less noisy than IPS where the predictions are good.

    Args:
        actions: int [rows], see `ips`.
        propensities: float [rows].
        rewards: float [rows].
        policy: float [rows, actions].
        predicted: float [rows, actions], rewards that a model which was trained on other rows
            predicts.

    Raises:
        InvalidInputError: see `ips`.

    Source: Dudík, Langford and Li (2011), Doubly robust policy evaluation and learning.

    Example:

    >>> doubly_robust([0, 1], [0.5, 0.5], [0, 1], [[0, 1], [0, 1]], [[0, 0.8], [0, 0.8]])
    1.0
    """
    value = OffPolicyValue.of(actions, propensities, rewards, policy, predicted)
    return _point(value, DOUBLY_ROBUST)


@dataclass(frozen=True)
class OffPolicyValue:
    """A policy on logged rows: its value by every estimator, with intervals and differences.

    Args:
        rewards: float64 [rows].
        weights: float64 [rows], the policy's probability of the logged action over its propensity.
        expected: float64 [rows], the reward that a model predicts for the policy; None without
            one.
        logged: float64 [rows], the reward that it predicts for the logged action; None without one.
        groups: int [rows], from 0, such as users: the bootstrap draws whole groups. None draws
            rows.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> actions, half = rng.integers(0, 2, 1000), np.full(1000, 0.5)
    >>> value = OffPolicyValue.of(actions, half, actions, np.tile([0, 1], (1000, 1)))
    >>> value.effective_rows, value.summary()["SNIPS"]
    (537.0, 1.0)
    """

    rewards: Floats
    weights: Floats
    expected: Floats | None = None
    logged: Floats | None = None
    groups: NDArray[np.integer] | None = None

    @classmethod
    def of(
        cls, actions: Any, propensities: Any, rewards: Any, policy: Any, predicted: Any = None
    ) -> "OffPolicyValue":
        """Of the arguments of `ips` and `doubly_robust`.

        Raises:
            InvalidInputError: see `ips`.
        """
        actions = check_finite(actions, "actions").astype(np.int64)
        rewards = check_finite(rewards, "rewards").astype(np.float64)
        propensities = probabilities(propensities, "propensities").astype(np.float64)
        policy = probabilities(policy, "probabilities of the policy").astype(np.float64)
        same_length(actions=actions, propensities=propensities, rewards=rewards, policy=policy)
        _check(actions, propensities, policy)
        rows = np.arange(len(actions))
        chosen = policy if policy.ndim == 1 else policy[rows, actions]
        weights = chosen / propensities
        if predicted is None:
            return cls(rewards, weights)
        predicted = check_finite(predicted, "predicted rewards").astype(np.float64)
        if predicted.shape != policy.shape or policy.ndim != 2:
            raise InvalidInputError(
                "The doubly robust value needs probabilities and rewards of all actions.",
                where="predicted rewards",
                expected=f"[rows, actions]; got {predicted.shape} beside a policy {policy.shape}",
            )
        expected = (policy * predicted).sum(axis=1)
        return cls(rewards, weights, expected, predicted[rows, actions])

    @property
    def effective_rows(self) -> float:
        """Rows of equal weight that would be as noisy: Kish's effective sample size."""
        squares = float((self.weights**2).sum())
        return float(self.weights.sum()) ** 2 / squares if squares else 0.0

    def values(self, times: Floats) -> list[float]:
        """IPS, SNIPS and doubly robust value, with each row counted so many times.

        Args:
            times: float64 [rows].
        """
        count, weighted = times.sum(), times * self.weights
        paid, total = weighted @ self.rewards, weighted.sum()
        found = [float(paid / count), float(paid / total) if total else np.nan]
        if self.expected is not None and self.logged is not None:
            corrected = weighted @ (self.rewards - self.logged)
            found.append(float((times @ self.expected + corrected) / count))
        return found

    @property
    def names(self) -> list[str]:
        """Of the estimators."""
        return [IPS, SNIPS, DOUBLY_ROBUST][: 2 if self.expected is None else 3]

    def summary(self) -> dict[str, float]:
        """The value by every estimator."""
        ones = np.ones(len(self.rewards))
        return dict(zip(self.names, self.values(ones), strict=True))

    def estimates(self) -> Estimates:
        """The value by every estimator with its 95 % interval, by bootstrap over rows or groups."""
        return self._intervals(self.summary(), self.values)

    def minus(self, other: "OffPolicyValue") -> Estimates:
        """Differences to the value of another policy on the same rows, paired by row.

        Raises:
            InvalidInputError: the rows differ.
        """
        if not np.array_equal(self.rewards, other.rewards):
            raise InvalidInputError(
                "Differences need the same rows.", where="minus", expected="two policies on a log"
            )
        mine, theirs = self.summary(), other.summary()
        gap = {name: mine[name] - theirs[name] for name in mine if name in theirs}
        return self._intervals(
            gap,
            lambda times: [
                a - b for a, b in zip(self.values(times), other.values(times), strict=False)
            ],
        )

    def _intervals(
        self, means: dict[str, float], values: Callable[[Floats], list[float]]
    ) -> Estimates:
        groups = np.arange(len(self.rewards)) if self.groups is None else self.groups
        draws = resampled(int(groups.max()) + 1)
        found = np.array([values(times[groups]) for times in draws])
        low, high = np.quantile(found, [0.025, 0.975], axis=0)
        ends = zip(means.items(), low.tolist(), high.tolist(), strict=True)
        return {name: Estimate(mean, *two) for (name, mean), *two in ends}


def resampled(rows: int, *, resamples: int = 500, seed: int = 0) -> Iterator[Floats]:
    """How often each row is drawn in each bootstrap resample, float64 [rows].

    With the same seed, the resamples of two systems are paired. With many rows, fewer resamples are
    drawn, but at least 100.

    Args:
        rows: their number.
        resamples: maximum number of resamples.
        seed: random seed.

    Example:

    >>> [times.sum() for times in resampled(5, resamples=2)]
    [np.float64(5.0), np.float64(5.0)]
    """
    rng = np.random.default_rng(seed)
    for _ in range(int(np.clip(MOST_DRAWN // max(rows, 1), 100, resamples))):
        drawn = np.bincount(rng.integers(0, rows, rows), minlength=rows)
        yield drawn.astype(np.float64)


def _point(value: OffPolicyValue, name: str) -> float:
    return value.summary()[name]


def _check(actions: NDArray[np.int64], propensities: Floats, policy: Floats) -> None:
    if (propensities <= 0).any():
        raise InvalidInputError(
            "A logged action has a propensity of 0.",
            where=f"propensities, row {int(np.argmin(propensities))}",
            expected="above 0: the action was chosen, so it had a chance",
        )
    if policy.ndim == 1:
        return
    if actions.size and (actions.min() < 0 or actions.max() >= policy.shape[1]):
        raise InvalidInputError(
            f"The policy has no action {int(actions.max())}.",
            where="actions",
            expected=f"0 to {policy.shape[1] - 1}",
        )
    if not np.allclose(policy.sum(axis=1), 1, atol=1e-4):
        raise InvalidInputError(
            "The probabilities of the policy do not add up to 1.",
            where=f"policy, row {int(np.argmax(np.abs(policy.sum(axis=1) - 1)))}",
            expected="a distribution over the actions in each row",
        )
