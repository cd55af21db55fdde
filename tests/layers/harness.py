"""One check that every block of `kit.layers` is run through."""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def check_layer(make: Callable[..., Any], inputs: Any, *, tolerance: float = 1e-6) -> Any:
    """Checks what a Keras user takes for granted of a layer.

    The output shape is the one computed beforehand; the batch may have any size, and one example
    gives what it gives within the batch; `get_config` round-trips; a model with the layer gives
    the same after `.keras` and as the graph that an export saves; under mixed_bfloat16 outputs are
    bfloat16 and weights float32; a gradient reaches every trainable weight.

    Args:
        make: makes the layer, and hands keyword arguments (`dtype`) on to it.
        inputs: tensor, or list or dictionary of tensors, batch first, two examples or more; a
            tuple is several arguments.
        tolerance: largest difference between outputs that should be equal.

    Returns:
        The layer, built.
    """
    inputs = keras.tree.map_structure(tf.convert_to_tensor, inputs)
    layer = make()
    with tf.GradientTape() as tape:
        outputs = layer(*_arguments(inputs))
        loss = sum(tf.reduce_sum(tf.sin(o + 1.0)) for o in keras.tree.flatten(outputs))
    _check_shapes(layer, inputs, outputs)
    _check_gradients(layer.trainable_weights, tape.gradient(loss, layer.trainable_weights))
    _check_config(layer)
    _check_models(layer, inputs, outputs, tolerance)
    _check_mixed_precision(make, inputs)
    return layer


def _arguments(inputs: Any) -> Any:
    return inputs if isinstance(inputs, tuple) else (inputs,)


def _check_shapes(layer: Any, inputs: Any, outputs: Any) -> None:
    shapes = [
        keras.tree.map_structure(lambda x: tuple(x.shape), argument)
        for argument in _arguments(inputs)
    ]
    computed = layer.compute_output_shape(*shapes)
    actual = keras.tree.map_structure(lambda x: tuple(x.shape), outputs)
    assert computed == actual, f"computed {computed}, is {actual}"


def _check_gradients(weights: list[Any], gradients: list[Any]) -> None:
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, f"no gradient for {weight.path}"
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, f"gradient 0 for {weight.path}"


def _check_config(layer: Any) -> None:
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()


def _check_models(layer: Any, inputs: Any, outputs: Any, tolerance: float) -> None:
    symbols = keras.tree.map_structure(lambda x: keras.Input(x.shape[1:], dtype=x.dtype), inputs)
    if isinstance(inputs, dict):
        symbols = {
            name: keras.Input(x.shape[1:], dtype=x.dtype, name=name) for name, x in inputs.items()
        }
    outputs_of_model = layer(*_arguments(symbols))
    if isinstance(inputs, tuple):
        symbols, inputs = list(symbols), list(inputs)
    model = keras.Model(symbols, outputs_of_model)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        model.save(Path(folder) / "model.keras")
        loaded = keras.saving.load_model(Path(folder) / "model.keras")
    # A batch of any size. That graphs are saved and loaded again is what tests of exports are for.
    specs = keras.tree.map_structure(lambda x: tf.TensorSpec([None, *x.shape[1:]], x.dtype), inputs)
    graph = tf.function(lambda x: model(x), input_signature=[specs], autograph=False)
    for answer in (model, loaded, graph):
        _check_equal(answer(inputs), outputs, tolerance)
        first = keras.tree.map_structure(lambda x: x[:1], (inputs, outputs))
        _check_equal(answer(first[0]), first[1], tolerance)


def _check_equal(outputs: Any, expected: Any, tolerance: float) -> None:
    pairs = zip(keras.tree.flatten(outputs), keras.tree.flatten(expected), strict=True)
    for output, target in pairs:
        np.testing.assert_allclose(output, target, rtol=0, atol=tolerance)


def _check_mixed_precision(make: Callable[..., Any], inputs: Any) -> None:
    layer = make(dtype="mixed_bfloat16")
    assert {o.dtype for o in keras.tree.flatten(layer(*_arguments(inputs)))} == {tf.bfloat16}
    assert {w.dtype for w in layer.trainable_weights} <= {"float32"}
