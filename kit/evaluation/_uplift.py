"""Predicted uplift on a part of a campaign: Qini, AUUC and the value of a policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kit.data.campaign import CampaignData, CampaignRows
from kit.metrics import (
    Estimate,
    Estimates,
    OffPolicyValue,
    UpliftCurve,
    check_finite,
    resampled,
)

QINI = "Qini x 1000"
"""Name of the Qini coefficient."""
AUUC = "AUUC x 1000"
"""Name of the area under the uplift curve."""
ROBUST_VALUE = "value, doubly robust"
"""Name of the doubly robust value of a policy."""
VALUES = ("value by IPS", "value by SNIPS", ROBUST_VALUE)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class UpliftPredictions:
    """What a system says of rows of a campaign, and what it does with them.

    Args:
        rows: of a part.
        arms: names, the control first.
        uplift: float64 [rows, arms], by what rows are ranked for each arm; that of the control
            does not count.
        policy: float64 [rows, arms], with which probability a row gets each arm.
        response: float64 [rows, arms], outcomes that a model which was trained on other rows
            predicts, the same for all systems: for the doubly robust value.

    Example:

    >>> import kit
    >>> test = kit.open("synthetic-campaign").test
    >>> arms, chance = ("none", "coupon", "mail"), np.full((len(test), 3), 1 / 3)
    >>> random = UpliftPredictions(test, arms, np.zeros((len(test), 3)), chance, chance)
    >>> random.summary()["Qini x 1000 of mail"]
    0.0
    """

    rows: CampaignRows
    arms: tuple[str, ...]
    uplift: Floats
    policy: Floats
    response: Floats

    def __post_init__(self) -> None:
        for name in ("uplift", "policy", "response"):
            check_finite(getattr(self, name), name)

    def metric(self, metric: str, arm: int) -> str:
        """The name of a metric of an arm."""
        return metric if len(self.arms) == 2 else f"{metric} of {self.arms[arm]}"

    @cached_property
    def metrics(self) -> list[str]:
        """Names of all metrics."""
        treated = range(1, len(self.arms))
        return [*(self.metric(name, arm) for name in (QINI, AUUC) for arm in treated), *VALUES]

    @cached_property
    def curves(self) -> list[UpliftCurve]:
        """Of each arm but the control, beside the control."""
        found = []
        for arm in range(1, len(self.arms)):
            # Rows of other arms stay, with weight 0, so that the same resamples fit all metrics.
            counts = (self.rows.arm == 0) | (self.rows.arm == arm)
            found.append(
                UpliftCurve(
                    (self.rows.arm == arm).astype(np.float64),
                    self.rows.outcome,
                    self.uplift[:, arm],
                    counts / self.rows.propensity,
                )
            )
        return found

    @cached_property
    def value(self) -> OffPolicyValue:
        """The value of the policy."""
        rows = self.rows
        return OffPolicyValue.of(
            rows.arm, rows.propensity, rows.outcome, self.policy, self.response
        )

    def _measured(self, times: Floats) -> list[float]:
        ranked = [1000 * curve.qini(times) for curve in self.curves]
        ranked += [1000 * curve.auuc(times) for curve in self.curves]
        return [*ranked, *self.value.values(times)]

    def summary(self) -> dict[str, float]:
        """Every metric."""
        return dict(zip(self.metrics, self._measured(np.ones(len(self.rows))), strict=True))

    @cached_property
    def _resamples(self) -> Floats:
        return np.array([self._measured(times) for times in resampled(len(self.rows))])

    def estimates(self) -> Estimates:
        """Every metric with its 95 % interval, by bootstrap over rows."""
        return _estimates(self.summary(), self._resamples)

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals."""
        known = self.estimates().items()
        return {name: (x.low, x.high) for name, x in known if not np.isnan(x.low)}

    def minus(self, other: "UpliftPredictions") -> Estimates:
        """Differences to another system on the same rows, paired."""
        mine, theirs = self.summary(), other.summary()
        gap = {name: mine[name] - theirs[name] for name in mine}
        return _estimates(gap, self._resamples - other._resamples)

    def mean_qini(self) -> float:
        """Mean over arms: what learners are chosen by."""
        return float(np.mean([1000 * curve.qini() for curve in self.curves]))


def _estimates(means: Mapping[str, float], resamples: Floats) -> Estimates:
    low, high = np.quantile(resamples, [0.025, 0.975], axis=0)
    return {
        name: Estimate(mean, *ends)
        for (name, mean), *ends in zip(means.items(), low.tolist(), high.tolist(), strict=True)
    }


def best_arm(rows: CampaignRows) -> int:
    """The arm with the best mean outcome but for the control, by SNIPS.

    Args:
        rows: of train, so that it is not chosen on what it is measured on.
    """
    arms = int(rows.arm.max()) + 1
    weights = [(rows.arm == arm) / rows.propensity for arm in range(arms)]
    return 1 + int(np.argmax([w @ rows.outcome / w.sum() for w in weights[1:]]))


def targeted(score: Floats, arm: int | NDArray[np.int64], arms: int, share: float) -> Floats:
    """The policy that treats the share of rows with the largest scores.

    Args:
        score: float [rows].
        arm: what they get, for all or for each.
        arms: number of arms, the control first, which all others get.
        share: at most this share of the rows is treated.

    Returns:
        float64 [rows, arms], 0 and 1.

    Example:

    >>> targeted(np.array([0.1, 0.9]), 1, arms=2, share=0.5).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    chosen = np.argsort(-score, kind="stable")[: round(share * len(score))]
    gets = np.zeros(len(score), np.int64)
    gets[chosen] = np.broadcast_to(arm, len(score))[chosen]
    return np.eye(arms)[gets]


def by_uplift(uplift: Floats, share: float) -> Floats:
    """The policy that gives the arm with the largest uplift to whom it is largest, if above 0.

    Args:
        uplift: float [rows, arms], of the control 0.
        share: at most this share of the rows is treated.
    """
    best = uplift[:, 1:].argmax(axis=1) + 1
    largest = uplift[np.arange(len(uplift)), best]
    return targeted(largest, np.where(largest > 0, best, 0), uplift.shape[1], share)


def uplift_of(response: NDArray[np.floating]) -> Floats:
    """Predicted outcomes less that of the control, float64 [rows, arms].

    Args:
        response: [rows, arms].

    Example:

    >>> uplift_of(np.array([[0.25, 0.5]])).tolist()
    [[0.0, 0.25]]
    """
    found: Floats = response.astype(np.float64) - response[:, :1]
    return found


def uplift_systems(
    data: CampaignData,
    part: str,
    responses: Mapping[str, NDArray[np.floating]],
    likely: Floats,
    *,
    share: float,
    nuisance: str,
) -> dict[str, UpliftPredictions]:
    """Models and simple policies on a part, by name.

    Args:
        data: the split campaign.
        part: "valid" or "test".
        responses: model to the outcomes it predicts, [rows, arms].
        likely: float64 [rows], the outcome that is expected whatever the arm: likely buyers.
        share: at most this share of the rows is treated.
        nuisance: the model whose predictions the doubly robust values use.
    """
    rows: CampaignRows = getattr(data, part)
    arms = len(data.arms)
    predicted = responses[nuisance].astype(np.float64)
    arm = best_arm(data.train)
    flat = np.zeros((len(rows), arms))

    def system(uplift: Floats, policy: Floats) -> UpliftPredictions:
        return UpliftPredictions(rows, data.arms, uplift, policy, predicted)

    found = {}
    for name, response in responses.items():
        uplift = uplift_of(response)
        found[name] = system(uplift, by_uplift(uplift, share))
    named = data.arms[arm]
    found[LIKELY] = system(np.tile(likely[:, None], arms), targeted(likely, arm, arms, share))
    chance = np.zeros(arms)
    chance[[0, arm]] = 1 - share, share
    found[f"{named} at random"] = system(flat, np.tile(chance, (len(rows), 1)))
    found[f"{named} for all"] = system(flat, np.tile(np.eye(arms)[arm], (len(rows), 1)))
    found[f"{data.arms[0]} for all"] = system(flat, np.tile(np.eye(arms)[0], (len(rows), 1)))
    return found


LIKELY = "response model"
"""Name of the baseline that targets whom the outcome is likely of, whatever the arm."""


def uplift_protocol(data: CampaignData, part: str, share: float) -> str:
    """The protocol of a part, in one line.

    Args:
        data: the split campaign.
        part: its name.
        share: that policies treat at most.
    """
    rows: CampaignRows = getattr(data, part)
    sizes = ", ".join(
        f"{name} {int((rows.arm == arm).sum()):,} rows "
        f"({rows.outcome[rows.arm == arm].mean():.1%} {data.outcome})"
        for arm, name in enumerate(data.arms)
    )
    known = "as the source states them" if data.has_propensities else "the shares of the arms"
    return (
        f"{part}, {len(rows):,} rows, control {data.arms[0]}: {sizes}; propensities {known}; "
        f"policies treat at most {share:.0%}; split {data.split}; 95 % by bootstrap over rows"
    )


def verdicts(
    model: str, arms: Sequence[str], found: UpliftPredictions, differences: Estimates
) -> list[str]:
    """What the differences to the response model say, a sentence for each arm and one for the
    policy.

    Args:
        model: its name.
        arms: names, the control first.
        found: predictions of the model.
        differences: the model minus the response model.
    """
    sentences = []
    for arm in range(1, len(arms)):
        gap = differences[found.metric(QINI, arm)]
        size = f"Qini x 1000 {gap.mean:+.1f}, 95 % {gap.low:+.1f} to {gap.high:+.1f}"
        sentences.append(f"{arms[arm]}: {_verdict(gap, model)} ({size}).")
    gap = differences[ROBUST_VALUE]
    size = f"doubly robust value {gap.mean:+.4f}, 95 % {gap.low:+.4f} to {gap.high:+.4f}"
    sentences.append(f"Policy: {_verdict(gap, model)} ({size}).")
    return sentences


def _verdict(gap: Estimate, model: str) -> str:
    if not gap.outside_chance:
        return "targeting likely buyers is as good, no difference is shown"
    if gap.mean < 0:
        return f"targeting likely buyers is better than {model}"
    return f"{model} is better than targeting likely buyers"
