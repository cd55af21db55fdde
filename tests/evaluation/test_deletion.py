import json
from dataclasses import replace

import numpy as np
import pytest

from kit.data import Histories
from kit.evaluation import deletion_curve, evaluate, item_knn, ranking_task
from kit.exporting import explaining_graph
from kit.models import LinearRecommender
from kit.report import as_json, numbers_of, ranking_report
from tests.evaluation.small import random_dataset, small_report

WEIGHTS = np.random.default_rng(1).normal(size=25)


@pytest.fixture(scope="module")
def lists():
    data = random_dataset(users=120)
    task = ranking_task(data, "test")
    return task, evaluate(task, item_knn(data))


def contributions(codes, items):
    """What each item adds, whatever the recommended one."""
    return np.where(codes >= 0, WEIGHTS[codes], 0)


def margins(codes, items):
    return 20 + contributions(codes, items).sum(axis=1)


def test_true_explanations_are_above_random_order(lists):
    curve = deletion_curve(*lists, contributions, margins)
    assert len(curve.area) > 20
    assert curve.facts()["area_over_random"]["low"] > 0
    assert (np.diff(curve.by_contribution[:, :2]) >= 0).all()


def test_explanations_at_random_are_not(lists):
    rng = np.random.default_rng(1)
    curve = deletion_curve(*lists, lambda codes, items: rng.random(codes.shape), margins)
    area = curve.facts()["area_over_random"]
    assert area["low"] < 0 < area["high"]


def test_a_loss_by_hand(lists):
    """Every item adds 1: of n items, a tenth rounded up is lost, and so on."""
    task, result = lists
    curve = deletion_curve(
        task, result, contributions, lambda codes, items: (codes >= 0).sum(axis=1)
    )
    lengths = np.array([n for n in task.known.lengths if n >= 5])
    expected = np.ceil(lengths[:, None] * np.arange(1, 6) / 10) / lengths.mean()
    np.testing.assert_allclose(curve.by_contribution, expected)
    np.testing.assert_allclose(curve.at_random, expected)


def test_the_seed_decides(lists):
    found = [deletion_curve(*lists, contributions, margins, seed=n).at_random for n in (0, 0, 1)]
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


def test_nobody_has_enough_items(lists):
    task, result = lists
    short = Histories(np.zeros(len(task.users) + 1, np.int64), np.empty(0, np.int32))
    assert deletion_curve(replace(task, known=short), result, contributions, margins) is None


def test_the_graph_of_a_linear_model_is_faithful(lists):
    task, result = lists
    data = random_dataset(users=120)
    model = LinearRecommender.for_dataset(data)
    weights = np.random.default_rng(0).normal(size=[data.num_items] * 2).astype(np.float32)
    model.set_item_weights(weights)
    graph = explaining_graph(model, data)
    codes, item = np.array([[3, 5, -1], [2, -1, -1]], np.int32), np.array([1, 7], np.int32)
    found = graph.contributions_of(codes, item).numpy()
    centred = weights - weights.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found[0], [centred[3, 1], centred[5, 1], 0], atol=1e-5)
    np.testing.assert_allclose(graph.margins_of(codes, item), found.sum(axis=1), atol=1e-5)
    curve = deletion_curve(task, result, graph.contributions_of, graph.margins_of)
    assert curve.facts()["area_over_random"]["low"] > 0


def test_the_report_shows_it(lists):
    curve = deletion_curve(*lists, contributions, margins)
    report = small_report(deletion=curve)
    facts = json.loads(json.dumps(as_json(report, numbers_of(report))))
    assert facts["deletion"]["area_over_random"]["low"] > 0
    assert facts["deletion"]["users"] == len(curve.area)
    assert len(facts["deletion"]["by_contribution"]) == len(facts["deletion"]["removed"]) == 5
    page = ranking_report(report).page()
    assert "Faithfulness of the explanations" in page
    assert 'id="deletion-' in page
    assert "Faithfulness" not in ranking_report(small_report()).page()
