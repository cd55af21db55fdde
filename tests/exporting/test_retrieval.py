import csv
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kit.data import histories
from kit.exporting import Recommender, export_retrieval, retrieval_parts
from kit.models import TwoTower
from tests.evaluation.small import dataset, random_dataset
from tests.exporting.parts import asked

K = 20


@pytest.fixture(scope="module")
def data():
    return random_dataset()


@pytest.fixture(scope="module")
def model(data):
    return TwoTower.for_dataset(data, dim=4)


@pytest.fixture(scope="module")
def loaded(trained):
    return tf.saved_model.load(str(trained.version))


ONE, SEVERAL = (None,), (None, None)
PARTS = {
    "rank": (tf.int32, (None,)),
    **{part: (tf.float32, (None,)) for part in ("score", "base", "prior", "history")},
}
LISTS = {"item_id": (tf.string, (None, K)), "score": (tf.float32, (None, K))}


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [
        ("serving_default", {"user_id": ONE}, LISTS),
        ("from_history", {"history": SEVERAL}, LISTS),
        ("recommend_where", {"user_id": ONE, "exclude": SEVERAL, "where": SEVERAL}, LISTS),
        ("from_history_where", {"history": SEVERAL, "exclude": SEVERAL, "where": SEVERAL}, LISTS),
        ("similar_items", {"item_id": ONE}, LISTS),
        ("embed_user", {"user_id": ONE}, {"embedding": (tf.float32, (None, 9))}),
        ("embed_item", {"item_id": ONE}, {"embedding": (tf.float32, (None, 9))}),
        (
            "explain",
            {"user_id": ONE, "item_id": ONE},
            {
                **PARTS,
                "user": (tf.float32, (None,)),
                "history_id": (tf.string, (None, 10)),
                "contribution": (tf.float32, (None, 10)),
            },
        ),
        (
            "explain_history",
            {"history": SEVERAL, "item_id": ONE},
            {**PARTS, "contribution": (tf.float32, (None, None))},
        ),
    ],
)
def test_signatures(loaded, name, inputs, outputs):
    signature = loaded.signatures[name]
    positional, named = signature.structured_input_signature
    assert positional == ()
    assert {key: (s.dtype, tuple(s.shape)) for key, s in named.items()} == {
        key: (tf.string, shape) for key, shape in inputs.items()
    }
    found = signature.structured_outputs
    assert {key: s.dtype for key, s in found.items()} == {key: d for key, (d, _) in outputs.items()}
    for key, (_, expected) in outputs.items():
        assert found[key].shape.is_compatible_with(expected)
    given = {ONE: tf.constant(["i1", "?"]), SEVERAL: tf.constant([["i1"], ["?"]])}
    answer = signature(**{key: given[shape] for key, shape in inputs.items()})
    for key, (_, expected) in outputs.items():
        assert answer[key].shape == (2, *(size or 1 for size in expected[1:]))


def test_there_is_no_other_signature(loaded):
    assert len(loaded.signatures) == 9


def test_there_is_nothing_of_keras_or_this_project_in_it(trained):
    """That a process without them answers alike, `verify` says of the same export in its test."""
    saved = SavedModel.FromString((trained.version / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    functions = [function.node_def for function in graph.library.function]
    own = {function.signature.name for function in graph.library.function}
    operations = {node.op for nodes in [graph.node, *functions] for node in nodes} - own
    assert {"TopKV2", "LookupTableFindV2"} <= operations
    assert operations <= {*dir(tf.raw_ops), "NoOp"}
    assert not [operation for operation in operations if "PyFunc" in operation]
    objects = [
        node.user_object.identifier
        for node in saved.meta_graphs[0].object_graph_def.nodes
        if node.HasField("user_object")
    ]
    assert objects
    assert not [name for name in objects if "keras" in name.lower()]


def test_known_users_get_whole_lists_and_so_do_unknown_ones(loaded):
    items, _ = asked(loaded.signatures["serving_default"], tf.constant(["shopper-000", "nobody"]))
    assert all(len(row) == K and "" not in row for row in items)


def test_nobody_is_shown_what_he_has_in_train_or_valid(trained, loaded):
    with trained.data.open() as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["timestamp"]))
    # So few users are split by leave-one-out: each one's last event is test.
    last = {row["user_id"]: number for number, row in enumerate(rows)}
    owned: dict[str, set[str]] = {}
    for number, row in enumerate(rows):
        if number != last[row["user_id"]]:
            owned.setdefault(row["user_id"], set()).add(row["item_id"])
    answers, scores = asked(loaded.signatures["serving_default"], tf.constant(list(owned)))
    for items, user in zip(answers, owned, strict=True):
        assert owned[user].isdisjoint(items)
        assert len(set(items)) == K
    assert (np.diff(scores) <= 0).all()


def test_parts_are_what_the_model_computes(model, data):
    parts = retrieval_parts(model, data)
    owned = histories([data.train, data.valid], data.num_users)
    for user in (0, data.num_users - 1):
        history = owned.take(np.array([user])).items[None] + 1
        query = model({"user": np.array([user + 1]), "history": history})
        np.testing.assert_allclose(parts.user_vectors[user], query[0], rtol=1e-5, atol=1e-6)
    assert parts.user_ids == [f"secret-user-{n}" for n in range(data.num_users)]
    np.testing.assert_array_equal(parts.item_vectors, model.item_vectors()[1:])
    assert parts.popularity[3] == np.float32((owned.items == 3).sum() / data.num_users)


def test_cold_users_and_items_are_not_exported():
    small = dataset([(0, 0), (1, 1), (0, 2)], [(2, 0), (0, 3)], [(1, 0)], num_users=2, num_items=3)
    parts = retrieval_parts(TwoTower.for_dataset(small, dim=2), small)
    assert (len(parts.user_ids), len(parts.item_ids)) == (2, 3)
    assert (len(parts.user_vectors), len(parts.item_vectors)) == (2, 3)
    assert parts.owned.items.tolist() == [0, 2, 1]


def test_the_card_names_the_items(model, data, tmp_path, monkeypatch):
    # What is made of it on the disk, the tests of the recipe say.
    monkeypatch.setattr("kit.exporting._retrieval.recorded_answers", lambda *parts, **how: {})
    monkeypatch.setattr("kit.exporting._retrieval.export", lambda *parts, card, **how: card)
    card = export_retrieval(model, data, tmp_path, k=3, card={"recipe": "two-tower"})
    assert card.names["item-0"] == "<b>Title & 0</b>"
    assert (card.recipe, card.k, card.exclude_seen) == ("two-tower", 3, True)


def test_include_seen(model, data):
    parts = retrieval_parts(model, data)
    everything = Recommender(parts, k=100, exclude_seen=False)
    items, _ = asked(everything.recommend, parts.user_ids[:2])
    assert [set(row) for row in items] == [set(parts.item_ids)] * 2


def test_odd_ids_come_out_as_they_went_in(model, data):
    odd = [f"{n} 'ćup' \"茶\" \\n,🫖" for n in range(data.num_items)]
    renamed = replace(data, item_ids=np.array(odd, object), items=None)
    module = Recommender(retrieval_parts(model, renamed), k=100, exclude_seen=True)
    items, _ = asked(module.similar_items, odd[:1])
    assert set(items[0]) == {*odd[1:], ""}
