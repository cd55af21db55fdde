"""Every public metric refuses what is no score, no probability and no label."""

import numpy as np
import pytest

import kit.metrics
from kit.data.detection import DetectionImage
from kit.errors import UserError
from kit.evaluation import (
    Classification,
    ClassPredictions,
    Detections,
    average_precision,
    evaluate,
    ranking_task,
)
from kit.metrics import (
    adjusted_rand,
    auc,
    auuc,
    bootstrap_aucs,
    bootstrap_interval,
    bootstrap_intervals,
    calibration_error,
    doubly_robust,
    grouped_auc,
    grouped_aucs,
    ips,
    log_losses,
    qini,
    ranking_metrics,
    reliability,
    snips,
)
from tests.evaluation.small import dataset as made_by_hand

GROUPS = np.zeros(4, int)
LABELS, SCORES = np.array([0, 0, 1, 1]), np.array([0.2, 0.6, 0.4, 0.9])


def two_classes(labels, scores):
    scores = np.asarray(scores, float)
    return ClassPredictions(np.asarray(labels), np.stack([1 - scores, scores], axis=1))


OF_SCORES = {
    "auc": auc,
    "grouped_auc": lambda y, s: grouped_auc(y, s, GROUPS),
    "grouped_aucs": lambda y, s: grouped_aucs(y, s, GROUPS),
    "bootstrap_aucs": lambda y, s: bootstrap_aucs(y, s, resamples=100),
    "log_losses": log_losses,
    "calibration_error": calibration_error,
    "reliability": reliability,
    "Classification": lambda y, s: Classification(np.asarray(y), np.asarray(s), GROUPS),
    "ClassPredictions": two_classes,
}
OF_VALUES = {
    "bootstrap_interval": bootstrap_interval,
    "bootstrap_intervals": lambda values: bootstrap_intervals(np.asarray(values)[:, None]),
    "auc's weights": lambda values: auc(LABELS, SCORES, values),
    "qini": lambda values: qini(LABELS, values, SCORES),
    "auuc": lambda values: auuc(LABELS, SCORES, values),
    "ips": lambda values: ips(LABELS, np.full(4, 0.5), values, np.full(4, 0.5)),
    "snips": lambda values: snips(LABELS, np.full(4, 0.5), SCORES, values),
    "doubly_robust": lambda values: doubly_robust(
        LABELS, values, SCORES, np.full((4, 2), 0.5), np.zeros((4, 2))
    ),
    "ranking_metrics": lambda values: ranking_metrics(
        np.asarray(values)[:, None], np.ones(4, int), [1]
    ),
}
PROBABILITIES = ("log_losses", "calibration_error", "reliability", "Classification")


def test_all_public_metrics_are_tested():
    tested = {name for name in (*OF_SCORES, *OF_VALUES) if name.islower()}
    public = {name for name in dir(kit.metrics) if name[0].islower()}
    others = {n for n in public if n.startswith("check_")} | {"adjusted_rand", "resampled"}
    assert tested - {"auc's weights"} == public - others


@pytest.mark.parametrize("bad", [[0, 1, -1], [0.0, 1.5, 2.0], [0, np.nan, 1], [0, 1]])
def test_groups_other_than_whole_numbers_from_0_are_refused(bad):
    for one, other in ((bad, [0, 0, 1]), ([0, 0, 1], bad)):
        with pytest.raises(ValueError, match="group"):
            adjusted_rand(np.array(one), np.array(other))


@pytest.mark.parametrize("name", OF_SCORES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows", [[0], [3], [0, 1, 2, 3]])
def test_scores_that_are_not_finite_are_refused(name, bad, rows):
    for labels in (LABELS, LABELS[::-1]):
        scores = SCORES.copy()
        scores[rows] = bad
        with pytest.raises(ValueError, match=r"hold \d+ NaN or infinite values of"):
            OF_SCORES[name](labels, scores)


@pytest.mark.parametrize("name", OF_SCORES)
@pytest.mark.parametrize(
    "labels", [[-1, -1, 1, 1], [1, 3, 5, 5], [0, 1, 0.5, 1], [0, 1, np.nan, 1], [0, 1, 2, 0]]
)
def test_labels_other_than_0_and_1_are_refused(name, labels):
    with pytest.raises(ValueError, match=r"neither 0 nor 1|labels hold|class"):
        OF_SCORES[name](np.array(labels), SCORES)


@pytest.mark.parametrize("name", OF_SCORES)
def test_rows_have_a_label_and_a_score_each(name):
    with pytest.raises(ValueError, match="lengths differ"):
        OF_SCORES[name](LABELS[:3], SCORES)


@pytest.mark.parametrize("name", PROBABILITIES)
@pytest.mark.parametrize("scores", [[-3.0, 0.1, 0.2, 2.0], [0.0, 0.5, 0.5, 100.0]])
def test_logits_are_no_probabilities(name, scores):
    with pytest.raises(ValueError, match="sigmoid or softmax"):
        OF_SCORES[name](LABELS, np.array(scores))


@pytest.mark.parametrize("name", OF_VALUES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(name, bad):
    with pytest.raises(ValueError, match="NaN or infinite"):
        OF_VALUES[name](np.array([1.0, bad, 0.0, 1.0]))


def test_more_hits_than_relevant_items_and_negative_weights_are_refused():
    with pytest.raises(ValueError, match="more hits than relevant"):
        ranking_metrics(np.array([[True, True]]), np.array([1]), [2])
    with pytest.raises(ValueError, match="negative"):
        auc(LABELS, SCORES, [1, -1, 1, 1])


@pytest.mark.parametrize("kind", [list, np.array, lambda x: np.array(x, np.float32)])
def test_lists_booleans_and_large_floats_are_as_good_as_arrays(kind):
    assert auc(kind([False, True, True]), kind([0.1, 0.9, 0.05])) == 0.5
    # Their sum overflows float32.
    assert auc(kind([0, 1, 1]), kind([3e38, 3e38, 1.0])) == 0.25


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_ranking_by_scores_that_are_not_finite_is_refused(bad):
    dataset = made_by_hand([(0, 0), (1, 1)], [(0, 1)], [(0, 2), (1, 2)], num_users=2, num_items=3)
    task = ranking_task(dataset, "test")

    def scorer(users, known):
        scores = np.zeros((len(users), dataset.num_items), np.float32)
        scores[0, 0] = bad
        return scores

    with pytest.raises(ValueError, match="NaN or infinite"):
        evaluate(task, scorer, ks=[2])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_boxes_with_scores_that_are_not_finite_are_refused(bad):
    box = np.float32([[10, 10, 50, 50]])
    image = DetectionImage("a", b"", (100, 100), box, np.int32([0]))
    with pytest.raises(ValueError, match="NaN or infinite"):
        average_precision([image], [Detections(box, np.int32([0]), np.float32([bad]))], ["cat"])
    with pytest.raises(ValueError, match="NaN or infinite"):
        average_precision([image], [Detections(box * bad, np.int32([0]), np.float32([1]))], ["cat"])


def test_a_command_ends_with_the_message_of_a_diverged_model():
    with pytest.raises(UserError, match="smaller --learning-rate"):
        auc(LABELS, np.full(4, np.nan))
