"""Ask an export as a stranger would: `python -I fresh_process.py VERSION`."""

import json
import sys
from pathlib import Path

FOREIGN = ("kit", "recipes", "keras", "tf_keras", "tensorflow_recommenders")


def main(version: str) -> None:
    sys.modules.update(dict.fromkeys(FOREIGN))
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    from tensorflow.python.framework import op_def_registry

    saved = SavedModel.FromString((Path(version) / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    functions = [function.node_def for function in graph.library.function]
    operations = {node.op for nodes in [graph.node, *functions] for node in nodes}
    own = {function.signature.name for function in graph.library.function}
    objects = {
        node.user_object.identifier
        for node in saved.meta_graphs[0].object_graph_def.nodes
        if node.HasField("user_object")
    }
    loaded = tf.saved_model.load(version).signatures
    user = loaded["serving_default"](user_id=tf.constant(["shopper-000", "nobody"]))
    print(
        json.dumps(
            {
                "operations": sorted(operations),
                "not_core": sorted(
                    op for op in operations - own if op_def_registry.get(op) is None
                ),
                "objects": sorted(objects),
                "item_id": [[item.decode() for item in row] for row in user["item_id"].numpy()],
                "foreign": [name for name in FOREIGN if sys.modules[name] is not None],
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
