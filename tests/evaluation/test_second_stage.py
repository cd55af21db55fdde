from dataclasses import replace

import numpy as np
import pytest

from kit.evaluation import choose_weight, difference_in_words, evaluate, item_knn, with_diversity
from kit.models import CandidateRanking
from tests.evaluation.test_two_stage import some_lists


class Known(CandidateRanking):
    """Says what it was told."""

    def ranking(self, inputs, training=False):
        return inputs["told"]


@pytest.mark.parametrize(("told", "expected"), [(1.0, 1.0), (-1.0, 0.0), (0.0, 0.0)])
def test_the_weight_follows_what_the_second_stage_is_worth(told, expected):
    _, task, lists = some_lists()
    lists.features["told"] = told * lists.taken.astype(np.float32)
    # A step between neighbours is larger than what a smaller weight adds.
    lists.features["retrieval"] = np.where(
        lists.items >= 0, -0.09 * np.arange(12, dtype=np.float32), np.finfo(np.float32).min
    ).astype(np.float32)
    model = Known(["retrieval", "told"])
    assert choose_weight(task, lists, model) == expected == float(model.weight.numpy()[0])


def test_nobody_to_choose_by_leaves_the_retrieval_list():
    _, task, lists = some_lists()
    nobody = replace(task, users=task.users[:0])
    assert choose_weight(nobody, lists, Known(["retrieval"])) == 0


def test_diversity_is_one_minus_the_mean_cosine_of_a_list():
    data, task, _ = some_lists()
    result = evaluate(task, item_knn(data))
    random = np.random.default_rng(0)
    vectors = random.normal(size=(25, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = with_diversity(result, vectors).per_user["Diversity@10"]
    for row, top in enumerate(result.top[:, :10]):
        cosines = vectors[top[top >= 0]] @ vectors[top[top >= 0]].T
        expected = 1 - cosines[~np.eye(len(cosines), dtype=bool)].mean()
        assert found[row] == pytest.approx(expected, abs=1e-5)


def test_a_list_of_one_does_not_differ():
    data, task, _ = some_lists()
    result = evaluate(task, item_knn(data))
    result.top[:, 1:] = -1
    found = with_diversity(result, np.eye(25, dtype=np.float32)).per_user["Diversity@10"]
    assert not found.any()


def test_differences_in_words():
    data, task, _ = some_lists()
    result = evaluate(task, item_knn(data))
    assert "not significant" in difference_in_words(result, result)
    worse = replace(result, per_user={"NDCG@10": result.per_user["NDCG@10"] - 0.1})
    assert difference_in_words(worse, result).startswith("NDCG@10 -0.1000 (95 % -0.1000 to")
    assert difference_in_words(worse, result).endswith("worse, significant")
    nobody = replace(result, per_user={"NDCG@10": np.empty(0)})
    assert difference_in_words(nobody, nobody) == "NDCG@10: no user to measure by"
