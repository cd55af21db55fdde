import numpy as np

from kit.evaluation import (
    choose_factorization,
    evaluate,
    fold_in_scorer,
    ials,
    popular,
    ranking_task,
)
from kit.retrieval import FactorizationSettings
from tests.evaluation.small import random_dataset
from tests.evaluation.test_item_regression import log, ndcg

START = FactorizationSettings(dim=8, epochs=4)


def test_where_habits_change_old_interactions_count_less(tmp_path):
    dataset = log(tmp_path, changes=True)
    settings, vectors = choose_factorization(dataset, ranking_task(dataset, "valid"), START)
    assert settings.half_life
    assert ndcg(dataset, fold_in_scorer(vectors, settings)) > 1.05 * ndcg(
        dataset, ials(dataset, START)
    )


def test_fixed_settings_stay(tmp_path):
    given = FactorizationSettings(dim=4, l2=0.02, half_life=0.0, epochs=2)
    dataset = log(tmp_path, changes=True)
    settings, _ = choose_factorization(
        dataset, ranking_task(dataset, "valid"), given, fixed=frozenset({"l2", "half_life"})
    )
    assert (settings.dim, settings.l2, settings.half_life) == (4, 0.02, 0.0)


def test_of_large_logs_a_sample_of_users_is_searched_with(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.evaluation._factorization.SEARCHED_INTERACTIONS", 2_000)
    fitted = []

    def spy(owned, settings, *, seed):
        fitted.append(owned.shape[0])
        return np.zeros((owned.shape[1], settings.dim), np.float32)

    monkeypatch.setattr("kit.evaluation._factorization.implicit_als", spy)
    dataset = log(tmp_path, changes=False)
    choose_factorization(dataset, ranking_task(dataset, "valid"), START)
    assert max(fitted[:-1]) < 0.6 * dataset.num_users
    assert fitted[-1] == dataset.num_users


def test_ials_finds_the_two_tastes():
    data = random_dataset()
    task = ranking_task(data, "test")
    by_chance = evaluate(task, popular(data)).mean("NDCG@10")
    assert evaluate(task, ials(data, START)).mean("NDCG@10") > 1.2 * by_chance
