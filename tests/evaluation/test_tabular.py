import numpy as np
import pytest

from kit.evaluation import Classification, Predictions
from kit.metrics import auc, calibration_error, grouped_auc, log_losses


def found(seed=0, rows=500, sharp=1.0):
    rng = np.random.default_rng(seed)
    logits = np.random.default_rng(9).normal(size=rows)
    labels = (np.random.default_rng(8).random(rows) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    said = 1 / (1 + np.exp(-sharp * logits - rng.normal(size=rows)))
    return Classification(labels, said, np.arange(rows) % 60)


def test_metrics_are_those_of_kit_metrics():
    one = found()
    values = one.labels, one.probabilities
    mean, counted, left_out = grouped_auc(*values, one.groups)
    assert one.summary() == pytest.approx(
        {
            "AUC": auc(*values),
            "grouped AUC": mean,
            "log loss": log_losses(*values).mean(),
            "ECE": calibration_error(*values),
        }
    )
    assert one.groups_left_out == (counted, left_out)
    assert one.metrics == list(one.summary())


def test_intervals_hold_the_metric_and_there_is_none_of_the_calibration_error():
    one = found()
    intervals = one.intervals()
    assert set(intervals) == {"AUC", "grouped AUC", "log loss"}
    for name, (low, high) in intervals.items():
        assert low < one.summary()[name] < high


def test_a_difference_is_surer_than_its_parts():
    one, other = found(), found(sharp=0.9)
    gap = one.minus(other)
    assert gap["AUC"].mean == pytest.approx(one.summary()["AUC"] - other.summary()["AUC"])
    for name in ("AUC", "grouped AUC", "log loss"):
        low, high = one.intervals()[name]
        assert gap[name].high - gap[name].low < high - low
    worse = found(sharp=0.0)
    assert one.minus(worse)["AUC"].low > 0
    assert one.minus(worse)["log loss"].high < 0
    with pytest.raises(ValueError, match="the same rows"):
        one.minus(Classification(1 - one.labels, one.probabilities, None))


def test_without_groups_there_is_no_grouped_auc():
    one = found()
    alone = Classification(one.labels, one.probabilities, None)
    assert "grouped AUC" not in {**alone.summary(), **alone.intervals(), **alone.minus(alone)}


def test_one_class_has_no_auc():
    nothing = Classification(np.ones(5), np.linspace(0, 1, 5), np.arange(5))
    assert np.isnan(nothing.summary()["AUC"])
    assert np.isnan(nothing.summary()["grouped AUC"])
    assert np.isnan(nothing.estimates()["AUC"].low)


def test_metrics_of_several_labels_bear_their_names():
    one, other = found(), found(1)
    both = Predictions({"click": one, "buy": other})
    assert list(both.summary())[::4] == ["AUC of click", "AUC of buy"]
    assert both.mean_auc() == pytest.approx((one.summary()["AUC"] + other.summary()["AUC"]) / 2)
    assert Predictions({"click": one}).summary() == one.summary()
    assert set(both.minus(both)) == set(both.estimates())
