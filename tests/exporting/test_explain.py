"""Why an item is recommended: the parts of its score, in the exported graph."""

import functools
from dataclasses import replace

import keras
import numpy as np
import polars as pl
import pytest
import tensorflow as tf

from kit.exporting import (
    LinearRecommenderGraph,
    Recommender,
    SecondStage,
    TwoStageRecommender,
    recorded_answers,
    recorded_two_stage,
    retrieval_parts,
    with_sample_users,
)
from kit.models import (
    CandidateFeatures,
    CandidateRanking,
    CandidateTables,
    ImplicitALS,
    LinearRecommender,
    SequenceEncoder,
    SequentialRecommender,
    TwoTower,
)
from kit.retrieval import FactorizationSettings, IndexSettings
from tests.evaluation.small import random_dataset
from tests.exports.parts import compared

SIGNATURES = ("explain", "explain_history")
K = 6


def linear(data, neighbours=None):
    model = LinearRecommender.for_dataset(data, neighbours=neighbours)
    random = np.random.default_rng(0)
    weights = random.normal(size=[data.num_items] * 2) * (random.random([data.num_items] * 2) < 0.2)
    np.fill_diagonal(weights, 0)
    model.set_item_weights(weights.astype(np.float32))
    return model


def two_tower_with_weights(data):
    model = TwoTower.for_dataset(data, dim=4)
    model.set_item_weights(linear(data).item_weights())
    return model


def ials(data):
    model = ImplicitALS.for_dataset(data, dim=4)
    vectors = np.random.default_rng(0).normal(size=(data.num_items, 4)).astype(np.float32)
    model.set_factors(vectors, FactorizationSettings(l2=1.0, unobserved=0.1))
    return model


def sequential(data, buckets=0):
    encoder = SequenceEncoder("attention", layers=1, heads=1, time_buckets=buckets)
    return SequentialRecommender.for_dataset(data, dim=4, length=5, encoder=encoder)


MODELS = {
    "two-tower": lambda data: TwoTower.for_dataset(data, dim=4),
    "two-tower with weights": two_tower_with_weights,
    "ials": ials,
    "linear": linear,
    "sparse linear": lambda data: linear(data, neighbours=12),
    "sequential": sequential,
    "sequential with times": lambda data: sequential(data, buckets=4),
    "two-stage": two_tower_with_weights,
    "two-stage, approximate": two_tower_with_weights,
}


class Case:
    """A model, untrained, its graph and its recorded answers."""

    def __init__(self, name):
        keras.utils.set_random_seed(0)
        self.name = name
        data = random_dataset()
        model = MODELS[name](data)
        model.set_item_prior(np.linspace(0, 1, data.num_items, dtype=np.float32))
        self.parts = with_sample_users(model, retrieval_parts(model, data))
        if "two-stage" not in name:
            graph = LinearRecommenderGraph if "linear" in name else Recommender
            self.module = graph(self.parts, k=K, exclude_seen=True)
            self.recorded = recorded_answers(model, self.parts, self.module, k=K, exclude_seen=True)
            return
        vectors = np.asarray(model.item_vectors())[1:, :-1]
        tables = CandidateTables.of(vectors, [data.train], data.num_users)
        ranking = CandidateRanking(CandidateFeatures(tables).names, dim=4, hidden=[8], dropout=0.0)
        ranking.set_weight(0.5)
        for weight in ranking.trainable_variables:
            weight.assign(np.random.default_rng(0).normal(size=weight.shape) / 4)
        second = SecondStage(ranking, tables, candidates=9)
        index = IndexSettings("inverted-file" if "approximate" in name else "exact")
        self.module = TwoStageRecommender(self.parts, second, k=K, exclude_seen=True, index=index)
        self.recorded = recorded_two_stage(
            model, self.parts, second, self.module, k=K, exclude_seen=True
        )

    def ask(self, signature, **inputs):
        function = self.module.signatures()[signature]
        tensors = [
            tf.constant(inputs[s.name], s.dtype) for s in function.structured_input_signature[0]
        ]
        return {name: value.numpy() for name, value in function(*tensors).items()}


SLOW = ("sequential with times", "two-stage", "two-stage, approximate")


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in MODELS],
)
def case(request):
    return case_of(request.param)


case_of = functools.cache(Case)


def sum_of_parts(answer):
    return sum(answer.get(p, 0) for p in ("base", "prior", "user", "history", "ranking"))


def test_the_graph_explains_as_the_live_model(case):
    for name in SIGNATURES:
        recorded = case.recorded[name]
        answer = case.ask(name, **recorded["inputs"])
        outcome = compared(recorded["outputs"], {n: tf.constant(x) for n, x in answer.items()})
        assert outcome["passed"], (name, outcome)
        ranks = recorded["outputs"]["rank"]
        assert 0 in ranks
        assert max(ranks) > 1


def test_the_parts_add_up_to_the_score_and_the_rank_is_that_of_the_list(case):
    users = case.parts.user_ids[:3]
    lists = case.ask("serving_default", user_id=users)
    for place in (0, K - 1):
        answer = case.ask("explain", user_id=users, item_id=lists["item_id"][:, place])
        np.testing.assert_allclose(answer["score"], lists["score"][:, place], atol=1e-5)
        np.testing.assert_allclose(sum_of_parts(answer), answer["score"], atol=1e-5)
        assert answer["rank"].tolist() == [place + 1] * 3
        owned = case.parts.owned.take(np.arange(3))
        for row in range(3):
            items = owned.items[owned.offsets[row] : owned.offsets[row + 1]]
            had = {case.parts.item_ids[item].encode() for item in items}
            named = answer["history_id"][row]
            assert {*named} <= {*had, b""}
            assert len({*named} - {b""}) == min(len(had), 10)
        assert (np.diff(answer["contribution"], axis=1)[:, : min(owned.lengths) - 1] <= 0).all()


def test_contributions_add_up_where_the_score_is_a_sum(case):
    history = [[case.parts.item_ids[item] for item in (1, 2, 4)] + ["nothing"]] * 2
    answer = case.ask("explain_history", history=history, item_id=[case.parts.item_ids[3], "?"])
    np.testing.assert_allclose(sum_of_parts(answer), answer["score"], atol=1e-5)
    assert answer["contribution"][0, 3] == 0
    assert not any(value[1].any() for value in answer.values())
    if "sequential" not in case.name:
        total = answer["contribution"].sum(axis=1)
        np.testing.assert_allclose(total, answer["history"], atol=1e-5)


def test_what_sequential_loses_without_an_item():
    case = case_of("sequential")
    # Longer than what the model reads: the oldest item does not count.
    history, item = case.parts.item_ids[:7], case.parts.item_ids[9]
    lost = case.ask("explain_history", history=[history], item_id=[item])["contribution"][0]
    margins = []
    for left in (history, *(history[:n] + history[n + 1 :] for n in range(7))):
        answer = case.ask("explain_history", history=[left], item_id=[item])
        margins.append(float(answer["score"][0] - answer["base"][0]))
    np.testing.assert_allclose(lost, margins[0] - np.array(margins[1:]), atol=1e-5)
    assert lost[0] == 0
    assert np.abs(lost[2:]).min() > 0


def test_strangers_are_told_of_the_popular_list(case):
    popular = case.ask("serving_default", user_id=["nobody"])
    for answer in (
        case.ask("explain", user_id=["nobody"], item_id=popular["item_id"][0, 1:2]),
        case.ask("explain_history", history=[["?"]], item_id=popular["item_id"][0, 1:2]),
    ):
        assert answer["rank"] == 2
        np.testing.assert_allclose(answer["score"], popular["score"][0, 1], rtol=1e-5)
        np.testing.assert_allclose(answer["base"] + answer["prior"], answer["score"], atol=1e-6)
        assert not answer["contribution"].any()


def test_features_of_the_user_are_a_part_of_their_own():
    plain = random_dataset()
    users = pl.DataFrame({"user_id": plain.user_ids, "age": np.arange(len(plain.user_ids)) % 7})
    data = replace(plain, users=users)
    keras.utils.set_random_seed(0)
    model = TwoTower.for_dataset(data, dim=4)
    parts = retrieval_parts(model, data)
    module = Recommender(parts, k=K, exclude_seen=True)
    answer = module.signatures()["explain"](
        tf.constant(parts.user_ids[:2]), tf.constant(parts.item_ids[:2])
    )
    of_user = np.asarray(model.user_tower(np.array([1, 2])))
    vectors = np.asarray(model.item_vectors())[1:, :-1]
    expected = (of_user * (vectors[:2] - vectors.mean(axis=0))).sum(axis=1)
    np.testing.assert_allclose(answer["user"], expected, atol=1e-5)
    assert np.abs(expected).min() > 1e-4
    model = TwoTower.for_dataset(plain, dim=4)
    parts = retrieval_parts(model, plain)
    module = Recommender(parts, k=K, exclude_seen=True)
    answer = module.signatures()["explain"](
        tf.constant(parts.user_ids[:2]), tf.constant(parts.item_ids[:2])
    )
    np.testing.assert_allclose(answer["user"], 0, atol=1e-6)
