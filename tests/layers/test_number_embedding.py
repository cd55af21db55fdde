import functools

import numpy as np
import pytest
import tensorflow as tf

from kit.layers import NumberEmbedding
from tests.layers.harness import check_layer

# The second number is missing now and then and mostly 0, with a heavy tail.
NUMBERS = np.stack(
    [np.arange(100.0), np.where(np.arange(100) < 90, 0, 10.0 ** np.arange(-90, 10))], axis=1
)
NUMBERS[::7, 1] = np.nan


def fitted(**options):
    layer = NumberEmbedding(**{"dim": 3, "bins": 4, **options})
    layer.build((None, 2))
    layer.set_edges(layer.edges_of(NUMBERS))
    return layer


def test_is_a_keras_layer():
    inputs = np.array([[0.5, np.nan], [-1.0, 1.0], [np.nan, 0.3], [9.0, -9.0]], np.float32)
    check_layer(functools.partial(NumberEmbedding, 3, bins=4), inputs)


def test_bins_hold_about_as_many_values_and_one_value_takes_few():
    even, heavy = fitted().edges.numpy()
    np.testing.assert_allclose(even, [0, 25, 50, 74, 99], atol=1)
    assert heavy[0] == 0
    assert (np.diff(heavy) > 0).sum() >= 3


def test_a_vector_is_linear_between_edges_and_constant_outside():
    layer = fitted()
    edges = layer.edges.numpy()[0]
    between = np.linspace(edges[1], edges[2], 5)
    columns = np.stack([between, np.zeros(5)], axis=1)
    steps = np.diff(layer(columns)[:, 0], axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-6)
    assert np.abs(steps).max() > 0
    outside = layer(np.array([[99.0, 0.0], [1e9, 0.0], [0.0, 0.0], [-1e9, 0.0]]))[:, 0].numpy()
    np.testing.assert_allclose(outside[0], outside[1])
    np.testing.assert_allclose(outside[2], outside[3])


def test_what_is_missing_has_a_vector_of_its_own_and_gradients_stay_finite():
    layer = fitted()
    numbers = tf.constant([[3.0, np.nan], [np.nan, np.nan]], tf.float32)
    with tf.GradientTape() as tape:
        vectors = layer(numbers)
        loss = tf.reduce_sum(vectors**2)
    np.testing.assert_array_equal(vectors[1], layer.missing)
    np.testing.assert_array_equal(vectors[0, 1], layer.missing[1])
    for gradient in tape.gradient(loss, layer.trainable_weights):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("values", [[[5.0], [5.0]], [[np.nan], [np.nan]]], ids=["one", "none"])
def test_a_number_that_never_varies_says_nothing(values):
    layer = NumberEmbedding(dim=2, bins=4)
    layer.build((None, 1))
    layer.set_edges(layer.edges_of(np.array(values)))
    vectors = layer(np.array([[5.0], [7.0], [-7.0]])).numpy()
    assert np.ptp(vectors, axis=0).max() == 0


def test_infinity_is_refused():
    with pytest.raises(ValueError, match="infinite"):
        NumberEmbedding(dim=2).edges_of(np.array([[np.inf]]))
