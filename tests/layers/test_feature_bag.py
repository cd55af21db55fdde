import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.layers import FeatureBag

TOKENS = np.array([[1, 4, 0], [2, 0, 0]], "int32")
NUMBERS = np.array([[0.5, -1.0], [0.0, 2.0]], "float32")


def test_it_is_the_scaled_sum_of_tokens_and_a_linear_map_of_numbers():
    bag = FeatureBag(vocabulary_size=5, dim=3)
    answer = bag(TOKENS, NUMBERS).numpy()
    table, kernel = bag.table.embeddings.numpy(), bag.numbers.kernel.numpy()
    expected = [
        (table[1] + table[4]) / np.sqrt(2) + NUMBERS[0] @ kernel,
        table[2] + NUMBERS[1] @ kernel,
    ]
    np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-6)


def test_a_row_without_features_is_zero():
    bag = FeatureBag(vocabulary_size=5, dim=3)
    empty = bag(np.zeros((1, 3), "int32"), np.zeros((1, 2), "float32"))
    np.testing.assert_array_equal(empty, np.zeros((1, 3)))


def test_padding_does_not_change_the_result():
    bag = FeatureBag(vocabulary_size=5, dim=3)
    padded = np.pad(TOKENS, ((0, 0), (0, 6)))
    np.testing.assert_allclose(bag(padded, NUMBERS), bag(TOKENS, NUMBERS), rtol=1e-6)


def test_gradients_reach_both_tables_and_only_the_tokens_that_occur():
    bag = FeatureBag(vocabulary_size=5, dim=3)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(bag(TOKENS, NUMBERS))
    table, kernel = tape.gradient(loss, [bag.table.embeddings.value, bag.numbers.kernel.value])
    dense = tf.math.unsorted_segment_sum(table.values, table.indices, 5).numpy()
    assert (np.abs(dense).sum(axis=1) > 0).tolist() == [False, True, True, False, True]
    assert np.abs(kernel.numpy()).sum() > 0


# Keras' own way of turning a variable into an array.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_functional_model_is_saved_whole(tmp_path):
    tokens, numbers = keras.Input((None,), dtype="int32"), keras.Input((2,))
    model = keras.Model([tokens, numbers], FeatureBag(5, 3)(tokens, numbers))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded([TOKENS, NUMBERS]), model([TOKENS, NUMBERS]))


def test_entries_of_vectors_are_dropped_in_training_alone():
    keras.utils.set_random_seed(0)
    bag = FeatureBag(vocabulary_size=2, dim=3, entries=400)
    tokens = np.zeros((1, 1), "int32")
    numbers = np.concatenate([[[3.0]], np.ones((1, 400))], axis=1, dtype="float32")
    whole = bag(tokens, numbers).numpy()
    np.testing.assert_allclose(whole, numbers @ bag.numbers.kernel.numpy(), rtol=1e-4, atol=1e-5)
    # Only the first number is none of them: its row of the kernel counts alone.
    bag.numbers.kernel.assign(tf.one_hot([0], 401, axis=0) @ tf.ones([1, 3]))
    np.testing.assert_allclose(bag(tokens, numbers, training=True), [[3, 3, 3]], rtol=1e-5)
    bag.numbers.kernel.assign(tf.ones([401, 3]) - tf.one_hot([0], 401, axis=0) @ tf.ones([1, 3]))
    kept = float(bag(tokens, numbers, training=True)[0, 0])
    assert kept == pytest.approx(400, rel=0.25)
    assert kept != 400
    again = FeatureBag.from_config(bag.get_config())
    assert again.entries == 400
