"""Gradients of exported image classifiers."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

# Nodes with functions of their own; their names may be taken in this process.
CALLS = (
    "While",
    "StatelessWhile",
    "If",
    "StatelessIf",
    "PartitionedCall",
    "StatefulPartitionedCall",
)


def pixel_logits(model: Any, shape: Sequence[int]) -> Callable[[Any], Any] | None:
    """The part of an image classifier's graph that leads from decoded pixels to logits.

    It is cut out of `serving_default`: from where the decoded images of a batch become numbers with
    a gradient, to the input of the softmax. Its weights are constants.

    Args:
        model: what `tf.saved_model.load` returned.
        shape: height, width and channels of the decoded images.

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
    >>> pixel_logits(module, [8, 8, 1]) is None
    True
    """
    # TensorFlow's own tool for its converters; it inlines the functions that a signature calls. Its
    # last step, a function of the whole graph, is left out: that of a second export would clash.
    from tensorflow.python.framework import convert_to_constants

    converter = convert_to_constants._FunctionConverterDataInEager(
        func=model.signatures["serving_default"],
        lower_control_flow=False,
        aggressive_inlining=False,
    )
    frozen, _ = convert_to_constants._replace_variables_by_constants(converter_data=converter)
    nodes = {node.name: node for node in frozen.node}
    begin = [node.name for node in frozen.node if _makes_numbers(node, nodes)]
    softmax = [
        nodes[_source(node.input[0])]
        for node in frozen.node
        if node.op == "TopKV2" and nodes[_source(node.input[0])].op == "Softmax"
    ]
    if len(begin) != 1 or len(softmax) != 1:
        return None
    end = softmax[0].input[0]
    needed, waiting = {begin[0]}, [_source(end)]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [_source(one) for one in nodes[name].input if not one.startswith("^")]
    between = [node for node in frozen.node if node.name in needed and node.name != begin[0]]
    if any(node.op in CALLS or node.op == "Placeholder" for node in between):
        return None
    part = tf.compat.v1.GraphDef(versions=frozen.versions)
    pixels = part.node.add(name=begin[0], op="Placeholder")
    pixels.attr["dtype"].type = tf.float32.as_datatype_enum
    pixels.attr["shape"].shape.CopyFrom(tf.TensorShape([None, *shape]).as_proto())
    for node in between:
        kept = part.node.add()
        kept.CopyFrom(node)
        del kept.input[:]
        kept.input.extend(one for one in node.input if not one.startswith("^"))
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(part, name=""), [])
    result = end if ":" in end else f"{end}:0"
    tensor = wrapped.graph.get_tensor_by_name
    logits: Callable[[Any], Any] = wrapped.prune(tensor(f"{begin[0]}:0"), tensor(result))
    return logits


def _source(name: str) -> str:
    """The node of an input."""
    return name.removeprefix("^").split(":")[0]


def _makes_numbers(node: Any, nodes: Any) -> bool:
    """Whether a node turns the decoded images into float32."""
    return bool(
        node.op == "Cast"
        and nodes[_source(node.input[0])].op == "TensorListStack"
        and node.attr["SrcT"].type == tf.uint8.as_datatype_enum
        and node.attr["DstT"].type == tf.float32.as_datatype_enum
    )
