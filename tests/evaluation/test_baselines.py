import numpy as np
import pytest

import kit.evaluation._baselines as module
from kit.data import Histories, histories
from kit.evaluation import (
    as_good_as_best,
    baselines,
    ease,
    evaluate,
    evaluated_baselines,
    item_knn,
    popular,
    ranking_task,
    recently_popular,
)
from tests.evaluation.small import dataset, random_dataset, shop

NOBODY = Histories(np.zeros(3, np.int64), np.empty(0, np.int32))
TWO_USERS = np.array([0, 1], np.int32)


def owned(data):
    return histories([data.train], data.num_users).matrix(data.num_items).toarray()


def known_in_train(data):
    return histories([data.train], data.num_users)


def test_popular_counts_users_of_train_and_at_test_time_of_valid():
    assert popular(shop(), "valid")(TWO_USERS, NOBODY).tolist() == [[1, 3, 1, 1, 1]] * 2
    # In valid user 0 takes 2, user 1 takes 1 again and 3, and the cold user 3 takes 0.
    assert popular(shop(), "test")(TWO_USERS, NOBODY).tolist() == [[2, 3, 2, 2, 1]] * 2


def test_recently_popular_counts_the_last_days():
    day = 86_400
    train = [(0, 0, 0), (1, 0, day), (2, 0, day), (0, 1, 8 * day), (1, 2, 9 * day), (2, 2, 9 * day)]
    data = dataset(train, [], [(0, 2, 99 * day)], num_users=3, num_items=3, method="given")
    ranked = np.argsort(-recently_popular(data, days=2)(TWO_USERS, NOBODY)[0])
    assert ranked.tolist() == [2, 1, 0]
    # The window does not reach to where it begins: eight days before the last event is outside.
    assert np.argmax(recently_popular(data, days=8)(TWO_USERS, NOBODY)[0]) == 2
    assert np.argmax(recently_popular(data, days=9.5)(TWO_USERS, NOBODY)[0]) == 0


def test_recently_popular_orders_ties_by_popularity():
    train = [(0, 1, 0), (1, 1, 0), (2, 1, 0), (0, 0, 10**7), (1, 2, 0), (2, 2, 0)]
    data = dataset(train, [], [(0, 2, 10**8)], num_users=3, num_items=4, method="given")
    scores = recently_popular(data, days=1)(TWO_USERS, NOBODY)[0]
    assert np.argsort(-scores, kind="stable").tolist() == [0, 1, 2, 3]


def test_recently_popular_needs_times():
    data = dataset([(0, 0), (1, 1)], [], [(0, 1)], num_users=2, num_items=2)
    with pytest.raises(ValueError, match="time column"):
        recently_popular(data)


@pytest.mark.parametrize("users", [60, 20], ids=["more users", "more items"])
def test_ease_equals_its_definition_column_by_column(users, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_OF_NUMBERS", 200)
    data = random_dataset(users)
    x, l2 = owned(data).astype(np.float64), 3.0
    weights = np.zeros([25, 25])
    for item in range(25):
        # Ridge regression of the item on all others.
        others = np.delete(np.arange(25), item)
        gram = x[:, others].T @ x[:, others] + l2 * np.eye(24)
        weights[others, item] = np.linalg.solve(gram, x[:, others].T @ x[:, item])
    scores = ease(data, l2=l2)(np.arange(users), known_in_train(data))
    np.testing.assert_allclose(scores, x @ weights, atol=1e-5)


def test_ease_is_not_tried_on_a_large_catalogue(monkeypatch):
    monkeypatch.setattr(module, "EASE_MOST_ITEMS", 24)
    with pytest.raises(ValueError, match="25 items are more than 24"):
        ease(random_dataset())
    found, left_out = baselines(random_dataset())
    assert left_out == {"EASE": "more than 24 items"}
    assert not any(name.startswith("EASE") for name in found)


@pytest.mark.parametrize("neighbours", [3, 100])
def test_item_knn_equals_cosines_one_by_one(neighbours):
    data = random_dataset()
    x = owned(data)
    cosine = np.zeros([25, 25])
    for a in range(25):
        for b in range(25):
            if a != b:
                cosine[a, b] = x[:, a] @ x[:, b] / np.sqrt(x[:, a].sum() * x[:, b].sum())
    for b in range(25):
        if neighbours < 25:
            cosine[cosine[:, b] < np.sort(cosine[:, b])[-neighbours], b] = 0
    scores = item_knn(data, neighbours=neighbours)(np.arange(60), known_in_train(data))
    np.testing.assert_allclose(scores, x @ cosine, atol=1e-5)


def test_item_knn_and_ease_find_the_two_tastes():
    data = random_dataset()
    task = ranking_task(data, "test")
    by_chance = evaluate(task, popular(data)).mean("NDCG@10")
    assert evaluate(task, item_knn(data)).mean("NDCG@10") > 1.2 * by_chance
    assert evaluate(task, ease(data)).mean("NDCG@10") > 1.2 * by_chance


def test_all_baselines_of_data_with_times():
    found, left_out = baselines(random_dataset())
    assert [name.split(" (")[0] for name in found] == [
        "popular",
        "recently popular",
        "ItemKNN",
        "EASE",
        "iALS",
    ]
    assert left_out == {}


def test_too_many_pairs_leave_out_what_counts_them(monkeypatch):
    monkeypatch.setattr(module, "MOST_PAIRS", 100)
    found, left_out = baselines(random_dataset())
    reason = "more than 100 pairs of items of one user to count"
    assert left_out == {"ItemKNN": reason, "EASE": reason}
    assert [name.split(" (")[0] for name in found] == ["popular", "recently popular", "iALS"]


def test_of_large_logs_the_weights_of_ials_are_not_tuned_and_of_larger_ones_it_is_left_out(
    monkeypatch,
):
    asked = []

    def spy(data, settings):
        asked.append((settings.l2, settings.unobserved))
        return popular(data)

    monkeypatch.setattr(module, "ials", spy)
    baselines(random_dataset())
    assert len(set(asked)) == 3
    monkeypatch.setattr(module, "IALS_TUNED_INTERACTIONS", 100)
    found, _ = baselines(random_dataset())
    assert asked[3:] == [(0.01, 0.3)]
    assert "iALS (l2 0.01, unobserved 0.3)" in found
    monkeypatch.setattr(module, "IALS_MOST_INTERACTIONS", 100)
    assert baselines(random_dataset())[1] == {"iALS": "more than 100 interactions"}


def test_without_times_recently_popular_is_left_out_and_said_so():
    train = [(u, i) for u in range(4) for i in range(3) if u != i]
    data = dataset(train, [(0, 0)], [(1, 1)], num_users=4, num_items=3, method="random")
    found, left_out = evaluated_baselines(data, ranking_task(data, "test"))
    assert left_out == {"recently popular": "the data have no time column"}
    assert found["popular"].mean("Hit@10") == 1


def test_settings_are_chosen_on_valid(monkeypatch):
    asked = []

    def spy(data, *, l2):
        asked.append(l2)
        weight = 1.0 if l2 == 500 else -1.0
        return lambda users, known: weight * perfect[users]

    data = random_dataset()
    perfect = np.zeros([60, 25], np.float32)
    perfect[data.valid.user, data.valid.item] = 1
    monkeypatch.setattr(module, "ease", spy)
    found, _ = baselines(data)
    assert "EASE (l2 500)" in found
    assert asked == [100, 250, 500, 1000, 500]


def test_what_loses_more_than_its_error_is_worse():
    random = np.random.default_rng(0)
    best = random.random(400)
    near = best + random.normal(scale=0.1, size=400) - 0.001
    far = best + random.normal(scale=0.1, size=400) - 0.05
    assert as_good_as_best(np.stack([far, best, near])).tolist() == [False, True, True]


def test_a_lone_choice_is_the_best():
    assert as_good_as_best(np.zeros((1, 5))).tolist() == [True]
