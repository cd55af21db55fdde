import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import ARCHITECTURES, Ranking, RankingInput
from kit.optimizers import LazyAdam

ROWS = 256
INPUTS = [
    RankingInput("user", "code", 9),
    RankingInput("item", "code", 6, table="items"),
    RankingInput("history", "codes", 6, table="items"),
    RankingInput("price", "number"),
]
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def clicks():
    """Users click what they clicked before; besides, they buy when it is cheap."""
    random = np.random.default_rng(0)
    price = np.exp(random.normal(size=ROWS) * 3)
    rows = {
        "user": random.integers(1, 9, ROWS),
        "item": random.integers(1, 6, ROWS),
        "history": random.integers(0, 6, (ROWS, 2)),
        "price": np.where(random.random(ROWS) < 0.1, np.nan, price).astype(np.float32),
    }
    again = (rows["history"] == rows["item"][:, None]).any(axis=1)
    return rows, np.stack([again, rows["price"] < 1], axis=1).astype(np.float32)


def make(architecture="dcn", **options):
    keras.utils.set_random_seed(0)
    sizes = {"dim": 8, "hidden": [40], "dropout": 0.0, "shrinkage": 0.0, "bins": 8}
    model = Ranking(
        INPUTS, architecture, ["click", "buy"], history="history", target="item", **sizes | options
    )
    model.set_numbers(clicks()[0]["price"][:, None])
    return model


@pytest.mark.parametrize("architecture", ["dcn", pytest.param("din", marks=pytest.mark.slow)])
def test_fit_learns_two_tasks(architecture):
    model = make(architecture)
    rows, labels = clicks()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(LazyAdam(0.01), loss, jit_compile=False)
    model.fit(rows, labels, batch_size=64, epochs=20, verbose=0)
    assert ((model(rows).numpy() > 0) == labels).mean(axis=0).min() > 0.9


@every_architecture
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_config_and_weights_go_through_a_file(architecture, tmp_path):
    model, (rows, _) = make(architecture), clicks()
    again = Ranking.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    logits = model(rows)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(rows), logits)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_keras_exports_it_with_any_batch_and_length(tmp_path):
    model, (rows, _) = make("din"), clicks()
    rows = {name: tf.convert_to_tensor(row) for name, row in rows.items()}
    logits = model(rows)
    kinds = {
        name: keras.InputSpec(shape=[None] * row.shape.rank, dtype=row.dtype.name, name=name)
        for name, row in rows.items()
    }
    model.export(tmp_path, verbose=False, input_signature=[kinds])
    saved = tf.saved_model.load(tmp_path)
    served = saved.serve
    np.testing.assert_allclose(served(rows), logits, atol=1e-5)
    longer = {**rows, "history": tf.pad(rows["history"], [[0, 0], [0, 5]])}
    few = {name: row[:3] for name, row in longer.items()}
    np.testing.assert_allclose(served(few), logits[:3], atol=1e-5)


def test_numbers_are_taken_as_they_come():
    model, (rows, _) = make(), clicks()
    one = {name: row[:3] for name, row in rows.items()}
    answers = [
        model({**one, "price": np.full(3, price, np.float32)}).numpy()
        for price in (np.nan, 0.01, 100.0, 1e30)
    ]
    assert np.isfinite(answers).all()
    for first, second in itertools.pairwise(answers):
        assert np.abs(first - second).max() > 0


def test_the_gradient_touches_only_rows_of_the_batch():
    model, (rows, _) = make(), clicks()
    one = {name: row[:1] for name, row in rows.items()}
    with tf.GradientTape() as tape:
        logits = model(one)
    gradient = tape.gradient(logits, model.fields.table.embeddings.value)
    named = [rows["user"][0], 9 + rows["item"][0], *(9 + rows["history"][0])]
    assert isinstance(gradient, tf.IndexedSlices)
    assert sorted(gradient.indices.numpy()) == sorted(named)


def test_mixed_precision_keeps_weights_and_logits_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make("finalmlp")
    finally:
        keras.config.set_dtype_policy("float32")
    assert model(clicks()[0]).dtype == tf.float32
    assert {weight.dtype for weight in model.weights} <= {"float32", "uint32"}
    assert model.body.get_layer("one").compute_dtype == "bfloat16"


def test_a_model_without_numbers_has_none_to_set():
    model = Ranking(INPUTS[:2])
    model.set_numbers(np.empty((5, 0)))
    with pytest.raises(ValueError, match="0 numbers, not 1"):
        model.set_numbers(np.empty((5, 1)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "deep"}, "architecture is one of"),
        ({"tasks": []}, "an input and a task"),
        ({"inputs": []}, "an input and a task"),
        ({"architecture": "din"}, "din attends to a `history`"),
        ({"architecture": "din", "history": "item", "target": "item"}, "din attends"),
    ],
)
def test_says_what_is_wrong_with_its_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        Ranking(**{"inputs": INPUTS, **options})
