"""What a traced step does, also inside of its branches."""

from collections.abc import Iterator

import tensorflow as tf

Shape = tuple[int, ...]


def operations(graph: tf.Graph) -> Iterator[tuple[str, list[Shape], list[tf.DType]]]:
    """Type, shapes and dtypes of the outputs of every operation; an unknown size is -1."""
    written = graph.as_graph_def(add_shapes=True)
    bodies = [written.node, *(function.node_def for function in written.library.function)]
    for node in (node for body in bodies for node in body):
        shapes = [
            (-1,) if shape.unknown_rank else tuple(size.size for size in shape.dim)
            for shape in node.attr["_output_shapes"].list.shape
        ]
        names = ("T", "dtype", "DstT", "out_type", "output_type")
        kinds = [tf.as_dtype(node.attr[n].type) for n in names if node.attr[n].type]
        yield node.op, shapes, kinds
