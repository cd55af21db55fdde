"""Fit a `CustomerValue` on all complete cuts, calibrate it on the last one, predict with it."""

import numpy as np
from scipy.optimize import brentq

from kit.data.purchases import Histories, PurchaseData
from kit.evaluation._customer_value import ValuePredictions
from kit.models import COVERAGE, CustomerValue, log_likelihood
from kit.progress import stage

MOST_HISTORIES = 500_000
# Bounds of the factors: a model further off than that is wrong, not uncalibrated.
FARTHEST = 20.0


def train_histories(data: PurchaseData, length: int, *, complete: bool = False) -> Histories:
    """Histories at all cuts of train, or at all whose outcome is complete at the cut of test.

    Of large logs a sample of each cut is taken, half a million histories in all.

    Args:
        data: the cut log.
        length: of the histories.
        complete: also those between the last cut of train and valid, and valid.
    """
    cuts = data.training_cuts(complete)
    most = MOST_HISTORIES // len(cuts)
    return Histories.joined([data.histories(cut, length).sample(most, cut) for cut in cuts])


def valid_log_likelihood(model: CustomerValue, histories: Histories) -> float:
    """Mean log-likelihood of the values of histories."""
    found = model.distributions(histories.inputs())
    return float(np.mean(log_likelihood(histories.value, found)))


@stage("predict")
def values_of(model: CustomerValue, data: PurchaseData, part: str) -> ValuePredictions:
    """Predictions of a model on "valid" or "test"."""
    histories = data.histories(data.test if part == "test" else data.valid, model.length)
    found = model.answers(model.distributions(histories.inputs()))
    mean, low, high, buys = np.asarray(found, np.float64).T
    return ValuePredictions(histories.value, mean, low, high, buys)


@stage("calibrate")
def calibrate_values(model: CustomerValue, data: PurchaseData) -> dict[str, float]:
    """Make totals, the share of buyers and the coverage of intervals right on valid.

    A factor of all rates gives the share of buyers, one of all expected values their total, and
    the level of the intervals their coverage.

    Args:
        model: its three numbers of calibration are set.
        data: the cut log.

    Returns:
        These numbers.
    """
    model.uncalibrate()
    histories = data.histories(data.valid, model.length)
    inputs, value = histories.inputs(), histories.value
    rates = model.distributions(inputs)[:, 0].astype(np.float64)
    share = (value > 0).mean()

    def excess(log: float) -> float:
        return float((1 - np.exp(-np.exp(log) * rates)).mean() - share)

    ends = -np.log(FARTHEST), np.log(FARTHEST)
    rate = 1.0
    if excess(ends[0]) < 0 < excess(ends[1]):
        rate = float(np.exp(brentq(excess, *ends)))
    model.calibration.assign([rate, 1, COVERAGE])
    found = model.distributions(inputs)
    predicted = float(np.asarray(model.answers(found))[:, 0].astype(np.float64).sum())
    total = float(np.clip(value.sum() / max(predicted, 1e-9), 1 / FARTHEST, FARTHEST))
    for level in np.linspace(0.5, 0.98, 97):
        model.calibration.assign([rate, total, level])
        _, low, high, _ = np.asarray(model.answers(found)).T
        if ((value >= low) & (value <= high)).mean() >= COVERAGE:
            break
    return {"rate": rate, "total": total, "level": float(level)}
