"""Feature maps for the tests of blocks that see images."""

import keras
import numpy as np
import tensorflow as tf

from tests.layers.harness import check_layer


def maps(batch=2, height=6, width=5, channels=4, seed=0):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(size=(batch, height, width, channels)), tf.float32)


def check_block(make, inputs=None, tolerance=1e-5):
    """A good layer, and one that takes images of any size."""
    inputs = maps() if inputs is None else inputs
    layer = check_layer(make, inputs, tolerance=tolerance)
    channels = inputs.shape[-1]
    open_size = layer(keras.Input((None, None, channels)))
    assert open_size.shape == (None, None, None, layer(inputs).shape[-1])
    return layer
