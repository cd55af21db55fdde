"""Metrics of uplift: how well a score finds those whom a treatment changes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.metrics._checks import binary, check_finite, same_length, weights_of

Floats = NDArray[np.float64]


class UpliftCurve:
    """Rows in the order of a score, of which Qini coefficient and AUUC are computed.

    Rows of one score are one step of the curve, so that a constant score has a Qini of 0.

    Args:
        treated: [rows], 0 for control and 1 for treated.
        outcome: float [rows].
        score: float [rows], larger is treated first.
        weights: float [rows], the inverse propensity of each row's own arm; None for 1.

    Raises:
        InvalidInputError: a value is invalid, or the lengths differ.

    Source: Radcliffe (2007), Using control groups to target on predicted lift; Gutierrez and
    Gérardy (2017), Causal inference and uplift modelling: a review of the literature.

    Example:

    >>> curve = UpliftCurve([1, 0, 1, 0], [1, 0, 0, 0], [2, 2, 1, 1])
    >>> curve.points()[1].tolist(), curve.qini()
    ([0.0, 0.5, 0.5], 0.125)
    """

    def __init__(self, treated: Any, outcome: Any, score: Any, weights: Any = None) -> None:
        treated, outcome = binary(treated), check_finite(outcome, "outcomes")
        score = check_finite(score, "scores")
        given = np.ones(len(treated)) if weights is None else weights_of(weights)
        same_length(treated=treated, outcome=outcome, score=score, weights=given)
        self._order = np.argsort(-score, kind="stable")
        ordered = score[self._order]
        self._ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
        arm = np.stack([treated, 1 - treated])[:, self._order] * given[self._order]
        self._sums = np.concatenate([arm, arm * outcome[self._order]])

    def _cumulative(self, times: Floats | None) -> tuple[Floats, Floats]:
        """Share of rows, and weights and weighted outcomes of both arms, at each step."""
        counted = np.ones(len(self._order)) if times is None else times[self._order]
        steps = np.r_[0, self._ends + 1]
        sums = np.pad(np.cumsum(self._sums * counted, axis=1), ((0, 0), (1, 0)))[:, steps]
        share = np.r_[0.0, np.cumsum(counted)][steps]
        return share / share[-1], sums

    def points(self, times: Floats | None = None) -> tuple[Floats, Floats]:
        """The Qini curve: share of rows, and outcomes gained per treated row, from 0.

        Args:
            times: float [rows], how often each row counts, as in a bootstrap resample.
        """
        share, (treated, control, of_treated, of_control) = self._cumulative(times)
        rate = np.divide(of_control, control, out=np.zeros_like(control), where=control > 0)
        return share, (of_treated - rate * treated) / max(treated[-1], 1e-12)

    def qini(self, times: Floats | None = None) -> float:
        """Area between the Qini curve and the straight line to its end, see `qini`."""
        share, gain = self.points(times)
        return float(np.trapezoid(gain, share) - gain[-1] / 2)

    def auuc(self, times: Floats | None = None) -> float:
        """Area under the uplift curve, see `auuc`."""
        share, (treated, control, of_treated, of_control) = self._cumulative(times)
        means = (
            np.divide(total, count, out=np.zeros_like(count), where=count > 0)
            for total, count in ((of_treated, treated), (of_control, control))
        )
        one, other = means
        return float(np.trapezoid(np.where(treated * control > 0, one - other, 0) * share, share))


def qini(treated: Any, outcome: Any, score: Any, weights: Any = None) -> float:
    """Qini coefficient: area between the Qini curve and that of a random order, per treated row.

    The curve is the number of outcomes gained by treating the rows of the largest scores,
    `treated - control * (number treated / number of control)`, divided by the number of treated
    rows, over the share of rows.

    Args:
        treated: [rows], 0 for control and 1 for treated.
        outcome: float [rows].
        score: float [rows].
        weights: float [rows], the inverse propensity of each row's own arm; None for 1.

    Raises:
        InvalidInputError: a value is invalid, or the lengths differ.

    Source: Radcliffe (2007), Using control groups to target on predicted lift.

    Example:

    >>> qini([1, 0, 1, 0], [1, 0, 0, 0], [2, 2, 1, 1])
    0.125
    """
    return UpliftCurve(treated, outcome, score, weights).qini()


def auuc(treated: Any, outcome: Any, score: Any, weights: Any = None) -> float:
    """Area under the uplift curve: mean gain per row of treating the first so many.

    The curve is the difference of the mean outcomes of both arms among the rows of the largest
    scores, times their share of all rows. In a random order it is half of the mean effect.

    Args:
        treated: [rows], 0 for control and 1 for treated.
        outcome: float [rows].
        score: float [rows].
        weights: float [rows], the inverse propensity of each row's own arm; None for 1.

    Raises:
        InvalidInputError: a value is invalid, or the lengths differ.

    Source: Gutierrez and Gérardy (2017), Causal inference and uplift modelling.

    Example:

    >>> auuc([1, 0, 1, 0], [1, 0, 0, 0], [2, 2, 1, 1])
    0.375
    """
    return UpliftCurve(treated, outcome, score, weights).auuc()
