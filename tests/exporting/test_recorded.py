from dataclasses import replace

import numpy as np
import pytest

from kit.exporting import Recommender, recorded_answers, retrieval_parts, with_sample_users
from kit.exports import is_sample_user
from kit.models import TwoTower
from tests.evaluation.small import random_dataset
from tests.exports.parts import compared


@pytest.fixture(scope="module")
def live():
    """An untrained model and its parts; nearly every item of the first user is his."""
    dataset = random_dataset()
    rows = dataset.train
    greedy = np.arange(dataset.num_items - 1)
    train = replace(
        rows,
        user=np.append(rows.user, np.zeros_like(greedy)).astype(np.int32),
        item=np.append(rows.item, greedy).astype(np.int32),
        time=None,
    )
    dataset = replace(dataset, train=train, valid=replace(dataset.valid, time=None))
    model = TwoTower.for_dataset(dataset, dim=6)
    model.set_item_prior(np.linspace(0, 1, dataset.num_items))
    return model, with_sample_users(model, retrieval_parts(model, dataset))


@pytest.mark.parametrize(
    ("exclude_seen", "k"), [pytest.param(True, 3, marks=pytest.mark.slow), (False, 1_000)]
)
def test_the_graph_answers_as_the_live_model(live, exclude_seen, k):
    model, parts = live
    module = Recommender(parts, k=k, exclude_seen=exclude_seen)
    recorded = recorded_answers(model, parts, module, k=k, exclude_seen=exclude_seen)
    signatures = module.signatures()
    assert recorded.keys() == signatures.keys()
    for name, case in recorded.items():
        outcome = compared(case["outputs"], signatures[name](*case["inputs"].values()))
        assert outcome["passed"], (name, outcome)


def test_strangers_and_unknown_items_are_among_the_cases(live):
    model, parts = live
    module = Recommender(parts, k=3, exclude_seen=True)
    recorded = recorded_answers(model, parts, module, k=3, exclude_seen=True)
    users = recorded["serving_default"]["inputs"]["user_id"]
    assert len(set(users) - set(parts.user_ids)) == 1
    assert len([user for user in set(users) if is_sample_user(user)]) == 16
    items = recorded["similar_items"]["inputs"]["item_id"]
    assert len(set(items) - set(parts.item_ids)) == 1
    histories = recorded["from_history"]["inputs"]["history"]
    assert any(set(row).isdisjoint(parts.item_ids) for row in histories)
    assert any(len(set(row) & set(parts.item_ids)) > 5 for row in histories)


def test_a_changed_weight_is_noticed(live):
    model, parts = live
    module = Recommender(parts, k=3, exclude_seen=True)
    recorded = recorded_answers(model, parts, module, k=3, exclude_seen=True)
    vectors = parts.item_vectors.copy()
    vectors[:, 0] += 0.01
    changed = Recommender(replace(parts, item_vectors=vectors), k=3, exclude_seen=True)
    for name in ("serving_default", "from_history", "similar_items", "embed_item"):
        case = recorded[name]
        answer = changed.signatures()[name](*case["inputs"].values())
        assert not compared(case["outputs"], answer)["passed"], name


def test_the_seed_draws_the_cases(live):
    model, parts = live
    module = Recommender(parts, k=3, exclude_seen=True)
    items = [
        recorded_answers(model, parts, module, k=3, exclude_seen=True, seed=seed)["embed_item"][
            "inputs"
        ]
        for seed in (0, 0, 1)
    ]
    assert items[0] == items[1] != items[2]
