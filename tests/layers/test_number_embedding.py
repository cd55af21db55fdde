import functools
import io
import zipfile

import h5py
import keras
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
    layer.adapt(NUMBERS)
    return layer


def test_layer_contract():
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


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_missing_values_have_the_mean_of_the_training_data_and_a_trained_offset(missing):
    layer = fitted()
    inputs = tf.constant([[3.0, missing], [missing, missing]], tf.float32)
    mean = np.nanmean(np.where(np.isnan(NUMBERS)[..., None], np.nan, layer(NUMBERS)), axis=0)
    np.testing.assert_allclose(layer(inputs)[1], mean, atol=1e-6)
    layer.missing.assign(np.arange(6.0).reshape(2, 3))
    with tf.GradientTape() as tape:
        vectors = layer(inputs)
        loss = tf.reduce_sum(vectors**2)
    np.testing.assert_allclose(vectors[1], mean + np.arange(6).reshape(2, 3), atol=1e-6)
    np.testing.assert_allclose(vectors[0, 1], mean[1] + [3, 4, 5], atol=1e-6)
    for gradient in tape.gradient(loss, layer.trainable_weights):
        assert np.isfinite(gradient).all()


def test_a_number_that_is_never_there_has_its_bias():
    layer = NumberEmbedding(dim=2, bins=4)
    layer.build((None, 1))
    layer.adapt(np.full((3, 1), np.nan))
    np.testing.assert_array_equal(layer(np.array([[np.nan]]))[0], layer.bias)


def test_edges_alone_put_the_middle_of_the_bins_in_the_place_of_what_is_missing():
    layer = NumberEmbedding(dim=2, bins=4)
    layer.build((None, 1))
    layer.set_edges(np.array([[0.0, 1.0, 2.0, 3.0, 4.0]]))
    values = np.linspace(0, 4, 1001, dtype=np.float32)[:, None]
    mean = np.asarray(layer(values)).mean(axis=0)
    np.testing.assert_allclose(layer(np.array([[np.nan]]))[0], mean, atol=1e-3)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_files_from_before_the_average_answer_as_they_did(tmp_path):
    """They hold kernel, bias, edges and a whole vector for what is missing."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, NumberEmbedding(3, bins=4, name="numbers")(inputs))
    model.layers[1].adapt(NUMBERS)
    model.save(tmp_path / "model.keras")
    random = np.random.default_rng(0)
    kernel, bias, missing = (random.normal(size=s) for s in ((2, 4, 3), (2, 3), (2, 3)))
    with zipfile.ZipFile(tmp_path / "model.keras") as new:
        parts = {name: new.read(name) for name in new.namelist()}
    with h5py.File(io.BytesIO(parts["model.weights.h5"]), "r") as file:
        (path,) = [n for n in walk(file) if n.endswith("vars/4")]
    old = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(old, "r+") as file:
        del file[path]
        for number, weight in enumerate((kernel, bias, missing)):
            file[path[:-1] + str(number)][...] = weight
    with zipfile.ZipFile(tmp_path / "old.keras", "w") as file:
        for name, content in {**parts, "model.weights.h5": old.getvalue()}.items():
            file.writestr(name, content)
    loaded = keras.saving.load_model(tmp_path / "old.keras")
    np.testing.assert_allclose(loaded(np.full((1, 2), np.nan))[0], missing, atol=1e-6)
    low = model.layers[1].edges.numpy()[:, 0]
    np.testing.assert_allclose(loaded(low[None])[0], bias, atol=1e-6)


def walk(group):
    names = []
    group.visit(names.append)
    return names


@pytest.mark.parametrize("values", [[[5.0], [5.0]], [[np.nan], [np.nan]]], ids=["one", "none"])
def test_a_number_that_never_varies_says_nothing(values):
    layer = NumberEmbedding(dim=2, bins=4)
    layer.build((None, 1))
    layer.adapt(np.array(values))
    vectors = layer(np.array([[5.0], [7.0], [-7.0]])).numpy()
    assert np.ptp(vectors, axis=0).max() == 0


def test_infinity_is_refused():
    with pytest.raises(ValueError, match="infinite"):
        NumberEmbedding(dim=2).edges_of(np.array([[np.inf]]))
