import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.layers import Embedding, shards_on
from kit.layers._embedding import LARGEST_SHARD
from tests.layers.harness import check_layer

NAMES = ["Alien", "Heat", "Ran"]
INTEGERS = np.array([[3, 1], [1, 0], [2, 1]], "int32")
STRINGS = np.array([["Heat", "Ran"], ["Solaris", "Alien"], ["", "Heat"]])

KINDS = {
    "integers": ({"input_dim": 4}, INTEGERS),
    "vocabulary": ({"vocabulary": NAMES}, STRINGS),
    "vocabulary as an array": ({"vocabulary": np.array(NAMES)}, STRINGS),
    "vocabulary of integers": ({"vocabulary": np.array([30, 10, 20])}, 10 * INTEGERS),
    "hashed strings": ({"hash_bins": 7}, STRINGS),
    "hashed integers": ({"hash_bins": 7}, INTEGERS),
    "masked": ({"input_dim": 4, "mask_zero": True}, INTEGERS),
    "masked vocabulary": ({"vocabulary": NAMES, "mask_zero": True}, STRINGS),
    "masked hashed strings": ({"hash_bins": 7, "mask_zero": True}, STRINGS),
}
every_kind = pytest.mark.parametrize(("options", "ids"), KINDS.values(), ids=KINDS.keys())


@every_kind
def test_layer_contract(options, ids):
    layer = check_layer(functools.partial(Embedding, output_dim=5, **options), ids)
    assert layer.embeddings.shape == (layer.input_dim, 5)


@every_kind
def test_looks_up_the_rows_it_names_in_any_shape(options, ids):
    layer = Embedding(output_dim=5, **options)
    for shaped in (ids, ids[0], ids[0, 0], ids[:, :, None]):
        shaped = tf.constant(shaped)
        table = layer(shaped), layer.embeddings.numpy()
        np.testing.assert_array_equal(table[0], table[1][layer.rows(shaped).numpy()])


def test_vocabulary_counts_from_one_and_row_zero_is_for_the_unknown():
    layer = Embedding(output_dim=2, vocabulary=NAMES)
    assert layer.rows(tf.constant(STRINGS)).numpy().tolist() == [[2, 3], [0, 1], [0, 2]]
    assert layer.input_dim == 4
    numbers = Embedding(output_dim=2, vocabulary=[30, 10])
    assert numbers.rows(tf.constant([10, 20, 30])).numpy().tolist() == [2, 0, 1]


def test_hashing_is_stable_and_the_same_for_a_number_and_its_text():
    layer = Embedding(output_dim=2, hash_bins=1000)
    # FarmHash64; a saved table is worthless if these ever change.
    assert layer.rows(tf.constant(["Heat", "Ran", "1"])).numpy().tolist() == [420, 280, 849]
    assert layer.rows(tf.constant([1])).numpy() == layer.rows(tf.constant(["1"])).numpy()


def test_hashing_with_padding_keeps_row_zero_for_it():
    layer = Embedding(output_dim=2, hash_bins=3, mask_zero=True)
    words = tf.constant(["", *(f"word {n}" for n in range(100))])
    rows = layer.rows(words).numpy()
    assert rows[0] == 0
    assert set(rows[1:]) == {1, 2, 3}
    assert layer.rows(tf.constant([0, 5])).numpy()[0] == 0
    assert layer.input_dim == 4


@pytest.mark.parametrize("options", [{"vocabulary": NAMES}, {"hash_bins": 7}], ids=str)
def test_padding_is_masked_downstream(options):
    ids = keras.Input((None,), dtype="string")
    layer = Embedding(output_dim=3, mask_zero=True, **options)
    model = keras.Model(ids, keras.layers.GlobalAveragePooling1D()(layer(ids)))
    padded = model(tf.constant([["Heat", "Ran", "", ""]]))
    np.testing.assert_allclose(padded, model(tf.constant([["Heat", "Ran"]])), atol=1e-6)


def test_the_gradient_is_sparse_and_sums_to_the_dense_one():
    layer = Embedding(4, 3)
    ids = tf.constant([[1, 1], [3, 1]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(ids) ** 2)
    gradient = tape.gradient(loss, layer.embeddings)
    assert isinstance(gradient, tf.IndexedSlices)
    times = np.array([[0], [3], [0], [1]])
    np.testing.assert_allclose(
        tf.convert_to_tensor(gradient), 2 * times * layer.embeddings.numpy(), atol=1e-6
    )


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_reads_only_rows_also_within_a_layer_of_lower_precision(dtype):
    class Outer(keras.layers.Layer):
        def __init__(self):
            super().__init__(dtype=dtype)
            self.inner = Embedding(4, 3, dtype=dtype)

        def call(self, ids):
            return self.inner(ids)

    outer = Outer()
    outer(tf.constant([0]))
    graph = tf.function(outer).get_concrete_function(tf.constant([1, 2])).graph
    kinds = [op.type for op in graph.get_operations()]
    assert "ResourceGather" in kinds
    assert "ReadVariableOp" not in kinds


@pytest.mark.parametrize("history_first", [False, True])
def test_a_shared_table_is_one_weight_before_and_after_saving(history_first, tmp_path):
    items = Embedding(output_dim=3, vocabulary=NAMES)
    history = Embedding(table=items, mask_zero=True)
    one, many = keras.Input((), dtype="string"), keras.Input((None,), dtype="string")
    pooled = keras.layers.GlobalAveragePooling1D()(history(many))
    vectors = [pooled, items(one)] if history_first else [items(one), pooled]
    model = keras.Model([one, many], keras.layers.Dot(1)(vectors))
    assert len(model.trainable_weights) == 1
    assert history.embeddings is items.embeddings

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs = [tf.constant(["Heat", "Ran"]), tf.constant([["Alien", ""], ["Ran", "Heat"]])]
    np.testing.assert_array_equal(model(inputs), loaded(inputs))
    assert len(loaded.trainable_weights) == 1


def test_a_shared_table_may_be_looked_up_first_through_the_second_layer():
    history = Embedding(table=Embedding(4, 3), name="history")
    assert history(tf.constant([[1, 2]])).shape == (1, 2, 3)


def test_a_table_tied_to_a_softmax_gets_one_gradient():
    layer = Embedding(4, 3)
    with tf.GradientTape() as tape:
        logits = tf.matmul(layer(tf.constant([1, 2])), layer.embeddings, transpose_b=True)
        loss = tf.reduce_sum(tf.nn.log_softmax(logits))
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.embeddings))
    assert gradient.shape == (4, 3)


@pytest.mark.parametrize(
    ("servers", "rows", "shards"),
    [
        (2, 1000, 1),
        (2, 10_000, 2),
        (1, 10_000_000, 2),
        (4, 30_000_000, 4),
        (4, 100_000_000, 16),
        (3, 100_000_000, 15),
    ],
)
def test_servers_share_a_table_evenly_in_shards_that_can_be_sent(servers, rows, shards):
    shape = tf.TensorShape([rows, 64])
    assert shards_on(servers, shape, tf.float32) == shards
    assert 4 * 64 * -(-rows // shards) <= LARGEST_SHARD


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output_dim": 2}, "exactly one"),
        ({"input_dim": 3, "output_dim": 2, "hash_bins": 3}, "exactly one"),
        ({"input_dim": 3}, "output_dim"),
        ({"input_dim": 0, "output_dim": 2}, "input_dim"),
        ({"output_dim": 2, "hash_bins": 0}, "hash_bins"),
        ({"output_dim": 2, "vocabulary": []}, "one or more"),
        ({"output_dim": 2, "vocabulary": ["a", 1]}, "one or more"),
        ({"output_dim": 2, "vocabulary": [1.5]}, "one or more"),
        ({"output_dim": 2, "vocabulary": ["a", "b", "a"]}, "'a'"),
    ],
    ids=str,
)
def test_says_what_is_wrong_with_its_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        Embedding(**options)
