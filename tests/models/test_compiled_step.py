"""The whole training step under XLA on a CPU, as a stand-in for a TPU."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import ARCHITECTURES, FeatureShape, Ranking, RankingInput, RetrievalLoss, TwoTower
from kit.optimizers import LazyAdamW
from kit.training import Precision
from tests.optimizers.graphs import operations
from tests.training.few import batches

USERS, ITEMS = 60, 90
every_kind = pytest.mark.parametrize(
    ("kind", "policy"),
    [("sampled", "mixed_bfloat16"), pytest.param("full", "float32", marks=pytest.mark.slow)],
)


def batch():
    random = np.random.default_rng(0)
    items = np.stack([random.permutation(ITEMS)[:5] + 1 for _ in range(8)]).astype(np.int32)
    inputs = {"user": tf.range(1, 9), "history": tf.constant(items[:, :3])}
    return inputs, tf.constant(items[:, 3:]), tf.ones([8, 2])


def compiled(kind, policy, *, xla):
    shape = FeatureShape(vocabulary=9, tokens=2, numbers=1)
    loss = RetrievalLoss(kind, uniform_negatives=16, num_hard_negatives=7)
    with Precision(policy, "").scope():
        model = TwoTower(USERS, ITEMS, 8, loss=loss, item_features=shape)
        model.build()
    optimizer = LazyAdamW(0.05, weight_decay=0.1, clipnorm=1.0)
    model.compile(optimizer=optimizer, jit_compile=xla)
    optimizer.build(model.trainable_variables)
    return model


@every_kind
def test_the_step_asks_for_nothing_a_tpu_has_not(kind, policy):
    model = compiled(kind, policy, xla=True)
    step = tf.function(model.train_step, jit_compile=True)
    asks_for_nothing_a_tpu_has_not(step.get_concrete_function(batch()).graph)


def asks_for_nothing_a_tpu_has_not(graph):
    found = list(operations(graph))
    names = {name for name, _, _ in found}
    # The tables are updated by rows, whose number is known.
    assert "ResourceScatterUpdate" in names
    assert not names & {"Unique", "UniqueV2", "Where", "DynamicPartition", "PyFunc", "EagerPyFunc"}
    assert not [name for name in names if "Ragged" in name or "String" in name or "Table" in name]
    assert not [name for name, _, kinds in found if tf.string in kinds]
    assert not [name for name, shapes, _ in found if any(-1 in shape for shape in shapes)]


@pytest.mark.parametrize(
    "architecture",
    [pytest.param(a, marks=() if a == "dcn" else pytest.mark.slow) for a in ARCHITECTURES],
)
def test_the_step_of_a_ranking_model_asks_for_nothing_a_tpu_has_not(architecture):
    inputs = [
        RankingInput("item", "code", 90, table="items"),
        RankingInput("history", "codes", 90, table="items"),
        RankingInput("price", "number"),
    ]
    tasks = ["click", "buy"] if architecture == "dcn" else ["click"]
    with Precision("mixed_bfloat16", "").scope():
        model = Ranking(
            inputs, architecture, tasks, 4, hidden=[20], history="history", target="item"
        )
    model.build()
    optimizer = LazyAdamW(0.05, weight_decay=0.1, clipnorm=1.0)
    model.compile(optimizer, keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=True)
    optimizer.build(model.trainable_variables)
    rows = {"item": tf.range(8), "history": tf.ones([8, 3], tf.int32), "price": tf.ones([8])}
    step = tf.function(model.train_step, jit_compile=True)
    graph = step.get_concrete_function((rows, tf.ones([8, len(tasks)]))).graph
    asks_for_nothing_a_tpu_has_not(graph)


def test_the_stream_gives_shapes_known_beforehand():
    for spec in tf.nest.flatten(batches().stream().element_spec):
        assert spec.shape.is_fully_defined()
        assert spec.dtype != tf.string


@pytest.mark.slow
@every_kind
def test_fit_compiles_and_learns(kind, policy):
    model = compiled(kind, policy, xla=True)
    data = tf.data.Dataset.from_tensors(batch()).repeat(20)
    losses = model.fit(data, epochs=2, shuffle=False, verbose=0).history["loss"]
    assert losses[1] < 0.8 * losses[0]


@pytest.mark.slow
def test_compiled_or_not_is_the_same_training():
    weights = []
    for xla in (False, True):
        model = compiled("full", "float32", xla=xla)
        for weight in model.trainable_weights:
            random = np.random.default_rng(sum(weight.shape))
            weight.assign(random.normal(size=weight.shape))
        model.fit(tf.data.Dataset.from_tensors(batch()).repeat(5), shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for plain, under_xla in zip(*weights, strict=True):
        np.testing.assert_allclose(under_xla, plain, rtol=0, atol=1e-4)
