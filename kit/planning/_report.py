"""What policies bring, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from kit.metrics import bootstrap_interval
from kit.planning._limits import Limits
from kit.planning._simulate import Run

RESAMPLES = 1000


@dataclass(frozen=True)
class PolicyResult:
    """What a policy brought in the simulation.

    Args:
        policy: its name.
        value: expected value of what was shown, by the model's own probabilities.
        of_bound: the same as a share of the bound.
        gain: value beyond that of greedy.
        gain_low: of its 95 % interval over resampled visits.
        gain_high: of the same.
        bought: value of what was shown and really bought in that visit.
        shown: visits that were shown something.
        spent: of the budget.
    """

    policy: str
    value: float
    of_bound: float
    gain: float
    gain_low: float
    gain_high: float
    bought: float
    shown: int
    spent: float


def compared(
    runs: Sequence[Run], bound: float, limits: Limits, *, seed: int = 0
) -> list[PolicyResult]:
    """Each policy beside the first one.

    Args:
        runs: of the same visits; the first is greedy.
        bound: on the value.
        limits: of the runs.
        seed: of the resampling.
    """
    results = []
    for run in runs:
        gain = run.value - runs[0].value
        low, high = bootstrap_interval(gain, resamples=RESAMPLES, seed=seed)
        shown = run.item >= 0
        results.append(
            PolicyResult(
                run.policy.name,
                float(run.value.sum()),
                float(run.value.sum() / bound) if bound > 0 else 0.0,
                float(gain.sum()),
                low * len(gain),
                high * len(gain),
                float(run.bought.sum()),
                int(shown.sum()),
                float(limits.cost[run.item[shown]].sum()),
            )
        )
    return results
