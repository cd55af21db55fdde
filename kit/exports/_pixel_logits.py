"""Gradients of exported image classifiers."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def pixel_logits(model: Any) -> Callable[[Any], Any] | None:
    """The part of an image classifier's graph that leads from decoded pixels to logits.

    It is cut out of `serving_default`: from where the decoded images of a batch become numbers with
    a gradient, to the input of the softmax. Its weights are constants.

    Args:
        model: what `tf.saved_model.load` returned.

    Returns:
        A differentiable function from float32 [images, height, width, channels], 0 to 255, to
        float32 [images, classes]; None if the graph has no such part.

    Example:

    >>> def label(image):
    ...     return {"label": tf.tile([["a"]], [tf.shape(image)[0], 1])}
    >>> module = tf.Module()
    >>> module.signatures = {
    ...     "serving_default": tf.function(label).get_concrete_function(
    ...         tf.TensorSpec([None], tf.string, "image")
    ...     )
    ... }
    >>> pixel_logits(module) is None
    True
    """
    # TensorFlow's own tool for its converters; it inlines the functions that a signature calls.
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2_as_graph,
    )

    signature = model.signatures["serving_default"]
    _, frozen = convert_variables_to_constants_v2_as_graph(signature, lower_control_flow=False)
    decoded = {f"{node.name}:0" for node in frozen.node if node.op == "TensorListStack"}
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(frozen, name=""), [])
    operations = wrapped.graph.get_operations()
    casts = [
        one.outputs[0]
        for one in operations
        if one.type == "Cast"
        and one.inputs[0].name in decoded
        and one.inputs[0].dtype == tf.uint8
        and one.outputs[0].dtype == tf.float32
    ]
    ends = [one.inputs[0] for one in operations if one.type == "Softmax"]
    ends = [end for end in ends if end.shape.rank == 2]
    if len(casts) != 1 or not ends:
        return None
    # Attention has softmaxes of its own; that of the classes is the last.
    pruned: Callable[[Any], Any] = wrapped.prune(casts[0], ends[-1])
    return pruned
