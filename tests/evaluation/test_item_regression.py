import numpy as np
import pytest

import kit
from kit.evaluation import (
    AddedRegression,
    RegressionSettings,
    choose_half_life,
    choose_item_weights,
    choose_regression,
    ease,
    evaluate,
    item_weights_scorer,
    popular,
    ranking_task,
    softmax_scale,
    valid_task,
)

DAY = 86_400


def log(tmp_path, *, changes):
    """People buy what goes with their taste; if it changes, items mean another taste later."""
    rng = np.random.default_rng(0)
    rows = ["user_id,item_id,time"]
    for user in range(600):
        for event in range(12):
            day = event * 20 + rng.random()
            taste = user % 5
            if changes and day < 160:
                # Early on a taste has other pairs of items together than later.
                item = (taste * 7 + rng.integers(8) * 3) % 40
            else:
                item = taste * 8 + rng.integers(8)
            rows.append(f"u{user},i{item},{int(day * DAY)}")
    path = tmp_path / "log.csv"
    path.write_text("\n".join(rows) + "\n")
    return kit.open(str(path), split="time")


def ndcg(dataset, scorer):
    return evaluate(ranking_task(dataset, "test"), scorer, ks=[10]).mean("NDCG@10")


def test_where_habits_change_old_interactions_count_less(tmp_path):
    dataset = log(tmp_path, changes=True)
    settings, weights = choose_regression(dataset, ranking_task(dataset, "valid"))
    assert settings.half_life
    assert ndcg(dataset, item_weights_scorer(weights)) > 1.05 * ndcg(dataset, ease(dataset))


@pytest.mark.parametrize("changes", [True, False])
def test_frequent_items_tell_the_half_life(tmp_path, monkeypatch, changes):
    monkeypatch.setattr("kit.evaluation._item_regression.HALF_LIFE_ITEMS", 25)
    dataset = log(tmp_path, changes=changes)
    half_life = choose_half_life(dataset)
    assert half_life is None or changes
    assert half_life or not changes


def test_weights_of_the_most_frequent_items_only(tmp_path):
    dataset = log(tmp_path, changes=False)
    _, weights = choose_regression(dataset, ranking_task(dataset, "valid"), most_items=10)
    assert weights.shape == (dataset.num_items, dataset.num_items)
    frequent = np.argsort(-dataset.user_counts, kind="stable")[:10]
    rows, columns = weights.nonzero()
    assert set(rows) | set(columns) <= set(frequent.tolist())


def test_where_habits_stay_all_interactions_count_alike(tmp_path):
    dataset = log(tmp_path, changes=False)
    settings, weights = choose_regression(dataset, ranking_task(dataset, "valid"))
    assert settings.half_life is None
    assert ndcg(dataset, item_weights_scorer(weights)) > 0.99 * ndcg(dataset, ease(dataset))


def test_fixed_settings_stay(tmp_path):
    dataset = log(tmp_path, changes=True)
    given = RegressionSettings(l2=77.0, half_life=0.0)
    chosen, _ = choose_regression(
        dataset, ranking_task(dataset, "valid"), given, fixed=frozenset({"l2", "half_life"})
    )
    assert (chosen.l2, chosen.half_life) == (77.0, 0.0)


def test_without_times_there_is_no_half_life(tmp_path):
    dataset = log(tmp_path, changes=False)
    path = tmp_path / "untimed.csv"
    path.write_text(
        "\n".join(line.rpartition(",")[0] for line in (tmp_path / "log.csv").read_text().split())
    )
    dataset = kit.open(str(path))
    settings, _ = choose_regression(dataset, ranking_task(dataset, "valid"))
    assert settings.half_life is None
    assert choose_half_life(dataset) is None


@pytest.mark.parametrize("factor", [2.0, 16.0])
def test_scores_are_scaled_to_logits(tmp_path, factor):
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, 101)
    rows = [
        f"u{user},i{item}"
        for user in range(500)
        for item in rng.choice(100, 6, replace=False, p=share / share.sum())
    ]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user_id,item_id", *rows]) + "\n")
    dataset = kit.open(str(path), split="random")
    logits = np.log(share)[[int(item[1:]) for item in dataset.item_ids[: dataset.num_items]]]
    scale = softmax_scale(
        ranking_task(dataset, "valid"),
        lambda users, known: np.tile(logits / factor, (len(users), 1)).astype(np.float32),
    )
    assert scale == factor


def test_a_regression_is_added_as_far_as_it_gains(tmp_path):
    dataset = log(tmp_path, changes=False)
    weak = popular(dataset, "valid")
    added, weights = choose_item_weights(dataset, valid_task(dataset), weak)
    assert added.factor > 0

    def both(users, known):
        return weak(users, known) + item_weights_scorer(weights)(users, known)

    assert ndcg(dataset, both) > 1.5 * ndcg(dataset, weak)
    np.testing.assert_allclose(added.weights(dataset), weights, rtol=1e-5)


def test_a_regression_is_left_out_where_nothing_is_gained(tmp_path):
    dataset = log(tmp_path, changes=False)
    task = valid_task(dataset)

    def knows(users, known):
        relevant = task.relevant.take(np.searchsorted(task.users, users))
        return 1e6 * relevant.matrix(dataset.num_items).toarray()

    assert choose_item_weights(dataset, task, knows)[1] is None


def test_a_given_regression_is_not_searched_for(tmp_path, monkeypatch):
    dataset = log(tmp_path, changes=False)
    monkeypatch.setattr("kit.evaluation._item_regression.evaluate", None)
    given = {"factor": 2.0, "l2": 10.0, "dropout": 0.2}
    added, _ = choose_item_weights(dataset, valid_task(dataset), popular(dataset), **given)
    assert added == AddedRegression(2.0, 10.0, 0.2)
    assert choose_item_weights(dataset, valid_task(dataset), popular(dataset), factor=0)[1] is None
    # Of all rows in train there is no valid part.
    whole = dataset.all_in_train()
    assert choose_item_weights(whole, valid_task(whole), popular(whole), **given)[0] == added


@pytest.mark.parametrize("limit", ["EASE_MOST_ITEMS", "MOST_PAIRS"])
def test_a_regression_that_takes_too_long_is_left_out(tmp_path, monkeypatch, limit):
    dataset = log(tmp_path, changes=False)
    monkeypatch.setattr(f"kit.evaluation._item_regression.{limit}", 10)
    added, weights = choose_item_weights(dataset, valid_task(dataset), popular(dataset))
    assert (added.factor, weights) == (0, None)
