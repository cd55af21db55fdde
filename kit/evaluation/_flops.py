"""Floating point operations of a model."""

import keras
import numpy as np
import tensorflow as tf

# A training step computes outputs, gradients by inputs, and gradients by weights.
TRAIN_TO_FORWARD_RATIO = 3
"""Cost of a training step relative to a forward pass."""


def count_flops(model: keras.Model, shape: tuple[int, int, int]) -> int:
    """Floating point operations of convolutions and matrix products, forward pass of one image.

    A multiplication and its addition count as two; normalization, activations, pooling and
    augmentation are not counted. A training step needs three times as many.

    Args:
        model: reads [batch, height, width, channels].
        shape: height, width and channels.

    Example:

    >>> model = keras.Sequential([keras.layers.Conv2D(4, 3, padding="same")])
    >>> count_flops(model, (8, 8, 1)) == 2 * 8 * 8 * 4 * 9
    True
    """
    spec = tf.TensorSpec([1, *shape], tf.float32)
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec).graph
    # Nested functions of layers count, too.
    functions = [f.graph for f in graph._functions.values() if hasattr(f, "graph")]
    found = 0
    for operation in (op for one in (graph, *functions) for op in one.get_operations()):
        if operation.type in ("Conv2D", "DepthwiseConv2dNative"):
            height, width, channels, _ = operation.inputs[1].shape.as_list()
            each = height * width * (channels if operation.type == "Conv2D" else 1)
        elif operation.type in ("MatMul", "BatchMatMulV2"):
            left = operation.inputs[0].shape.as_list()
            turned = operation.type == "MatMul" and operation.get_attr("transpose_a")
            each = left[-2] if turned else left[-1]
        else:
            continue
        found += 2 * each * int(np.prod(operation.outputs[0].shape.as_list()))
    return found
