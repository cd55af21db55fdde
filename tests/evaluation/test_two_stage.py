import numpy as np

from kit.evaluation import (
    candidate_features,
    candidate_lists,
    evaluate,
    item_knn,
    ranked_lists,
    ranking_task,
)
from kit.models import CandidateRanking
from tests.evaluation.small import random_dataset


def some_lists(count=12):
    data = random_dataset()
    task = ranking_task(data, "valid")
    features = candidate_features(data, "valid", np.eye(25, dtype=np.float32))
    return data, task, candidate_lists(task, item_knn(data), features, count)


def test_the_lists_are_the_best_items_with_what_was_taken():
    data, task, lists = some_lists()
    expected = evaluate(task, item_knn(data), ks=[12])
    np.testing.assert_array_equal(lists.items, expected.top)
    np.testing.assert_array_equal(lists.taken, task.relevant.contains(expected.top))
    np.testing.assert_allclose(lists.features["retrieval"], expected.scores)
    assert all(value.shape == (len(task.users), 12) for value in lists.features.values())


def test_a_list_that_ends_early_is_filled():
    _, task, lists = some_lists(count=100)
    is_item = lists.items >= 0
    assert (is_item.sum(axis=1) == 25 - task.seen.lengths).all()
    assert (lists.features["retrieval"][~is_item] == np.finfo(np.float32).min).all()
    assert not lists.taken[~is_item].any()


def test_a_second_stage_without_weight_leaves_the_order():
    data, task, lists = some_lists()
    model = CandidateRanking(list(lists.features), dim=2, hidden=[4])
    model.set_weight(0)
    found = ranked_lists(task, lists, model, [10])
    expected = evaluate(task, item_knn(data), ks=[10])
    np.testing.assert_array_equal(found.top[:, :10], expected.top)
    assert found.mean("NDCG@10") == expected.mean("NDCG@10")


def test_some_lists():
    _, task, lists = some_lists()
    chosen = np.arange(len(task.users)) % 2 == 0
    some = lists.where(chosen)
    np.testing.assert_array_equal(some.items, lists.items[::2])
    np.testing.assert_array_equal(some.features["place"], lists.features["place"][::2])
