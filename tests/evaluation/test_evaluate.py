import math

import keras
import numpy as np
import pytest

import kit.evaluation._evaluate as module
from kit.data import Histories
from kit.evaluation import evaluate, evaluate_lists, ranking_task, retrieval_scorer, top_items
from kit.models import TwoTower
from tests.evaluation.small import dataset, random_dataset, shop


def always(scores):
    return lambda users, known: np.repeat(np.float32([scores]), len(users), axis=0)


def lists(*rows):
    offsets = np.cumsum([0, *(len(row) for row in rows)])
    return Histories(offsets, np.concatenate(rows).astype(np.int32))


def test_top_items_are_the_best_that_were_not_seen():
    scores = np.float32([[0.1, 0.9, 0.5, 0.7], [4, 3, 2, 1]])
    items, values = top_items(scores, lists([1], []), depth=2)
    assert items.tolist() == [[3, 2], [0, 1]]
    assert values.tolist() == np.float32([[0.7, 0.5], [4, 3]]).tolist()


def test_ties_go_to_the_smaller_code():
    items, _ = top_items(np.zeros([1, 5], np.float32), lists([0]), depth=3)
    assert items.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("depth", [1, 3, 7, 9])
def test_top_items_equal_a_stable_sort(depth):
    scores = np.random.default_rng(depth).integers(0, 4, [50, 7]).astype(np.float32)
    items, values = top_items(scores.copy(), lists(*[[]] * 50), depth)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    assert items[:, :7].tolist() == expected.tolist()
    assert values[:, :7].tolist() == np.take_along_axis(scores, expected, axis=1).tolist()
    assert (items[:, 7:] == -1).all()


def test_a_score_that_is_no_number_recommends_nothing():
    items, values = top_items(np.float32([[np.nan, 1, np.nan, 3]]), lists([1]), depth=3)
    assert items.tolist() == [[3, -1, -1]]
    assert np.isneginf(values[0, 1:]).all()


def test_a_list_ends_early_where_there_are_no_more_items():
    items, values = top_items(np.float32([[3, 2, 1]]), lists([0, 2]), depth=5)
    assert items.tolist() == [[1, -1, -1, -1, -1]]
    assert values[0, 0] == 2
    assert np.isneginf(values[0, 1:]).all()


def test_numbers_of_a_task_worked_out_by_hand():
    # Left to rank: user 0 {3, 4}, user 1 {0, 4}, user 2 {0, 2}; to find: 3, 4, 0.
    result = evaluate(ranking_task(shop(), "test"), always([5, 4, 3, 2, 1]), ks=[1, 2])
    assert result.top.tolist() == [[3, 4], [0, 4], [0, 2]]
    assert result.per_user["Hit@1"].tolist() == [1, 0, 1]
    assert result.mean("NDCG@2") == pytest.approx((1 + 1 / math.log2(3) + 1) / 3)
    assert result.mean("MRR@2") == pytest.approx((1 + 0.5 + 1) / 3)
    assert result.coverage == {"Coverage@1": 2 / 5, "Coverage@2": 4 / 5}
    # Items 0, 2, 3 and 4 are each had by one of three training users.
    assert result.novelty["Novelty@1"] == pytest.approx(math.log2(3))
    assert result.scores.tolist() == [[2, 1], [5, 1], [5, 3]]


def test_the_summary_holds_every_metric():
    result = evaluate(ranking_task(shop(), "test"), always([5, 4, 3, 2, 1]), ks=[2])
    kinds = ("NDCG", "Recall", "MRR", "Hit", "MAP", "Coverage", "Novelty")
    assert list(result.summary()) == [f"{kind}@2" for kind in kinds]
    low, high = result.intervals()["NDCG@2"]
    assert low <= result.mean("NDCG@2") <= high


def test_nobody_is_ever_shown_what_he_has():
    task = ranking_task(random_dataset(), "test")
    result = evaluate(task, lambda users, known: np.random.default_rng(0).random([len(users), 25]))
    assert not task.seen.contains(result.top).any()


def test_a_scorer_is_given_the_users_and_what_is_known_of_them():
    task = ranking_task(shop(), "test")
    asked = []

    def scorer(users, known):
        asked.append((users.tolist(), known.items.tolist()))
        return np.zeros([len(users), 5])

    evaluate(task, scorer, ks=[1])
    assert asked == [([0, 1, 2], task.known.items.tolist())]


def test_batches_change_nothing(monkeypatch):
    task = ranking_task(random_dataset(), "test")
    table = np.random.default_rng(1).random([60, 25])
    sizes = []

    def scorer(users, known):
        sizes.append(len(users))
        return table[users]

    whole = evaluate(task, scorer)
    monkeypatch.setattr(module, "SCORES_IN_MEMORY", 7 * 25)
    batched = evaluate(task, scorer)
    assert max(sizes[1:]) == 7
    assert batched.top.tolist() == whole.top.tolist()
    assert batched.summary() == whole.summary()


def test_a_scorers_own_array_is_not_changed():
    mine = np.ones([60, 25], np.float32)
    evaluate(ranking_task(random_dataset(), "test"), lambda users, known: mine[: len(users)])
    assert (mine == 1).all()


def test_a_task_without_users_gives_nan():
    data = dataset([(0, 0), (1, 1)], [], [(0, 1)], num_users=2, num_items=2)
    result = evaluate(ranking_task(data, "valid"), always([1, 2]), ks=[1, 2])
    assert result.top.shape == (0, 2)
    assert result.coverage["Coverage@1"] == 0
    assert math.isnan(result.mean("NDCG@2"))
    assert math.isnan(result.novelty["Novelty@1"])
    assert all(math.isnan(end) for end in result.intervals()["Hit@1"])


def test_lists_of_ids_give_what_scores_give():
    data = random_dataset()
    task = ranking_task(data, "test")
    table = np.random.default_rng(0).random([60, 25]).astype(np.float32)
    by_scores = evaluate(task, lambda users, known: table[users])
    row_of = {data.user_ids[user]: row for row, user in enumerate(task.users)}

    def answers(user_ids):
        rows = [row_of[user] for user in user_ids]
        items = [
            [data.item_ids[code] if code >= 0 else "" for code in by_scores.top[r]] for r in rows
        ]
        return items, by_scores.scores[rows]

    by_lists = evaluate_lists(task, data, answers)
    assert by_lists.summary() == by_scores.summary()
    np.testing.assert_array_equal(by_lists.top, by_scores.top)
    np.testing.assert_array_equal(by_lists.scores, by_scores.scores)


def test_users_are_asked_in_batches(monkeypatch):
    monkeypatch.setattr("kit.evaluation._evaluate.USERS_AT_ONCE", 2)
    asked = []

    def answers(user_ids):
        asked.append(len(user_ids))
        return [["item-0"]] * len(user_ids), np.ones([len(user_ids), 1], np.float32)

    result = evaluate_lists(ranking_task(shop(), "test"), shop(), answers, ks=[1])
    assert asked == [2, 1]
    # Only user 2 has item 0 to find.
    assert result.per_user["Hit@1"].tolist() == [0, 0, 1]


def test_short_long_and_unknown_answers():
    def answers(user_ids):
        return [["item-3"], ["never heard of", "item-4", "item-0"], [""]], np.ones(
            [3, 3], np.float32
        )

    result = evaluate_lists(ranking_task(shop(), "test"), shop(), answers, ks=[2])
    assert result.top.tolist() == [[3, -1], [-1, 4], [-1, -1]]
    assert result.per_user["Hit@2"].tolist() == [1, 1, 0]


def model_of(data):
    keras.utils.set_random_seed(0)
    model = TwoTower(data.num_users, data.num_items, 4)
    model.build()
    return model


def test_scores_are_the_models_of_known_users_with_their_history():
    data = random_dataset()
    model, task = model_of(data), ranking_task(data, "test")
    scores = retrieval_scorer(model, task.popularity)(task.users, task.known)
    items = model.item_vectors().numpy()[1:]
    for row in (0, 7):
        history = task.known.take(np.array([row])).items[None] + 1
        query = model({"user": task.users[row : row + 1] + 1, "history": history}).numpy()
        np.testing.assert_allclose(scores[row], items @ query[0], rtol=1e-5, atol=1e-6)


def test_somebody_unknown_is_answered_from_his_history_or_by_popularity():
    data = shop()
    model, cold = model_of(data), ranking_task(data, "test", who="cold")
    scorer = retrieval_scorer(model, cold.popularity)
    history = cold.known.items[None] + 1
    query = model({"user": np.array([0]), "history": history}).numpy()[0]
    np.testing.assert_allclose(
        scorer(cold.users, cold.known)[0], model.item_vectors().numpy()[1:] @ query, atol=1e-6
    )
    nothing = cold.known.below(0)
    np.testing.assert_allclose(scorer(cold.users, nothing)[0], cold.popularity, rtol=1e-6)


def test_a_scorer_does_not_follow_later_training():
    data = shop()
    model, task = model_of(data), ranking_task(data, "test")
    scorer = retrieval_scorer(model, task.popularity)
    before = scorer(task.users, task.known)
    model.set_item_prior(np.arange(5))
    np.testing.assert_array_equal(scorer(task.users, task.known), before)
    after = retrieval_scorer(model, task.popularity)(task.users, task.known)
    np.testing.assert_allclose(after - before, [np.arange(5.0)] * 3, atol=1e-5)
