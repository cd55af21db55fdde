"""Read saved_model.pb without TensorFlow.

The messages declare the few fields that are read here, with TensorFlow's numbers; the protobuf
library skips all others. A map is a list of entries on the wire, so it is declared as one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
)

from kit.errors import UserError

# message -> field -> (number, type); * marks a repeated field. Fields that may repeat millions of
# times are declared as bytes and parsed one at a time: an empty node has 2 bytes on the wire and
# hundreds in memory.
FIELDS = {
    "SavedModel": {"meta_graphs": (2, "*bytes")},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"),
        "graph_def": (2, "GraphDef"),
        "saver_def": (3, "SaverDef"),
        "collection_def": (4, "*bytes"),
        "signature_def": (5, "*bytes"),
        "asset_file_def": (6, "*bytes"),
        "object_graph_def": (7, "SavedObjectGraph"),
    },
    "MetaInfoDef": {"tags": (4, "*string")},
    "GraphDef": {"node": (1, "*bytes"), "library": (2, "FunctionDefLibrary")},
    "NodeDef": {
        "name": (1, "string"),
        "op": (2, "string"),
        "input": (3, "*string"),
        "attr": (5, "*AttrEntry"),
    },
    "AttrEntry": {"key": (1, "string"), "value": (2, "AttrValue")},
    "AttrValue": {
        "list": (1, "*ListValue"),
        "s": (2, "bytes"),
        "type": (6, "int32"),
        "func": (10, "*NameAttrList"),
    },
    "ListValue": {"func": (9, "*NameAttrList")},
    "NameAttrList": {"name": (1, "string"), "attr": (2, "*AttrEntry")},
    "FunctionDefLibrary": {
        "function": (1, "*bytes"),
        "gradient": (2, "*bytes"),
        "registered_gradients": (3, "*bytes"),
    },
    "RegisteredGradient": {"gradient_func": (1, "string"), "registered_op_type": (2, "string")},
    "FunctionDef": {
        "signature": (1, "OpDef"),
        "node_def": (3, "*bytes"),
        "attr": (5, "*AttrEntry"),
    },
    "OpDef": {"name": (1, "string"), "input_arg": (2, "*ArgDef")},
    "ArgDef": {"name": (1, "string")},
    "OpList": {"op": (1, "*OpDef")},
    "SaverDef": {
        "filename_tensor_name": (1, "string"),
        "save_tensor_name": (2, "string"),
        "restore_op_name": (3, "string"),
    },
    "CollectionEntry": {"key": (1, "string"), "value": (2, "CollectionDef")},
    "CollectionDef": {"node_list": (1, "NodeList")},
    "NodeList": {"value": (1, "*string")},
    "AssetFileDef": {"tensor_info": (1, "TensorInfo"), "filename": (2, "string")},
    "SavedObjectGraph": {"nodes": (1, "*bytes"), "concrete_functions": (2, "*bytes")},
    "SavedObject": {
        "user_object": (4, "SavedUserObject"),
        "saveable_objects": (11, "*bytes"),
        "registered_name": (13, "string"),
        "registered_saver": (16, "string"),
    },
    "SavedUserObject": {"identifier": (1, "string")},
    "ConcreteFunctionEntry": {"key": (1, "string")},
    "SignatureEntry": {"key": (1, "string"), "value": (2, "SignatureDef")},
    "SignatureDef": {"inputs": (1, "*TensorEntry"), "outputs": (2, "*TensorEntry")},
    "TensorEntry": {"key": (1, "string"), "value": (2, "TensorInfo")},
    "TensorInfo": {
        "name": (1, "string"),
        "dtype": (2, "int32"),
        "tensor_shape": (3, "TensorShapeProto"),
    },
    "TensorShapeProto": {"dim": (2, "*Dim"), "unknown_rank": (3, "bool")},
    "Dim": {"size": (1, "int64")},
}
SCALARS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
}
# Protobuf reads no more than 2 GiB; the largest graphs of this kit have 100,000 nodes.
MOST_BYTES = 2**31 - 1
MOST_GRAPHS, MOST_PARTS = 16, 1_000_000
# TensorFlow's numbers of its types.
DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
INITIALISER = "__saved_model_init_op"


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of a signature.

    Args:
        tensor: name in the graph, such as "serving_default_user_id:0".
        dtype: such as "string" or "float32".
        shape: None for an unknown dimension; None instead of a tuple if the rank is unknown.
    """

    tensor: str
    dtype: str
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.dtype} of any shape"
        return f"{self.dtype} [{', '.join('?' if n is None else str(n) for n in self.shape)}]"


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs by name."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


@dataclass(frozen=True)
class SavedGraph:
    """The graph that a server loads.

    Args:
        signatures: by name.
        operations: names of all operations, in the main graph and in its functions.
    """

    signatures: dict[str, Signature]
    operations: frozenset[str]


def read_graph(version: Path) -> SavedGraph:
    """Signatures and operations of a version.

    Args:
        version: folder that holds saved_model.pb.

    Returns:
        Those of the graph tagged "serve".

    Raises:
        UserError: the file is no SavedModel with such a graph.
    """
    for graph in meta_graphs(version):
        # As in TensorFlow: exactly these tags.
        if {*graph.meta_info_def.tags} == {"serve"}:
            try:
                return SavedGraph(_signatures(graph), _operations(graph.graph_def))
            except message.DecodeError as error:
                raise _no_saved_model(version) from error
    raise UserError(
        "The SavedModel has no graph tagged 'serve'.", where=str(version / "saved_model.pb")
    )


def meta_graphs(version: Path) -> list[Any]:
    """Every MetaGraphDef of a version; fields declared as bytes are read by `parsed`.

    Raises:
        UserError: the file cannot be read, or is not a SavedModel.
    """
    file = version / "saved_model.pb"
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UserError("The file is larger than a SavedModel can be.", where=str(file))
        graphs = parsed("SavedModel", file.read_bytes()).meta_graphs
        if len(graphs) > MOST_GRAPHS:
            raise UserError(f"The SavedModel has {len(graphs):,} graphs.", where=str(file))
        found = [parsed("MetaGraphDef", graph) for graph in graphs]
    except message.DecodeError as error:
        raise _no_saved_model(version) from error
    except OSError as error:
        raise UserError(f"It cannot be read: {error.strerror}.", where=str(file)) from error
    if sum(map(_parts, found)) > MOST_PARTS:
        raise UserError(f"The graph has more than {MOST_PARTS:,} parts.", where=str(file))
    return found


def parsed(name: str, content: bytes) -> Any:
    """A message of `FIELDS`.

    Raises:
        google.protobuf.message.DecodeError: the bytes are not such a message.
    """
    return MESSAGES[name].FromString(content)


def names_of_operations(op_list: bytes) -> frozenset[str]:
    """The names in a serialised OpList, as returned by `TF_GetAllOpList`."""
    return frozenset(op.name for op in parsed("OpList", op_list).op)


def _parts(graph: Any) -> int:
    library, objects = graph.graph_def.library, graph.object_graph_def
    return sum(
        map(
            len,
            (
                *(
                    graph.graph_def.node,
                    library.function,
                    library.gradient,
                    library.registered_gradients,
                ),
                *(graph.signature_def, graph.collection_def, graph.asset_file_def),
                *(objects.nodes, objects.concrete_functions),
            ),
        )
    )


def _no_saved_model(version: Path) -> UserError:
    return UserError("The file is no SavedModel.", where=str(version / "saved_model.pb"))


def _signatures(graph: Any) -> dict[str, Signature]:
    entries = [parsed("SignatureEntry", entry) for entry in graph.signature_def]
    return {
        entry.key: Signature(_specs(entry.value.inputs), _specs(entry.value.outputs))
        for entry in sorted(entries, key=lambda entry: str(entry.key))
        if entry.key != INITIALISER
    }


def _specs(entries: Any) -> dict[str, TensorSpec]:
    specs = {}
    for entry in sorted(entries, key=lambda entry: str(entry.key)):
        info = entry.value
        sizes = tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)
        shape = None if info.tensor_shape.unknown_rank else sizes
        dtype = DTYPES.get(info.dtype, f"type {info.dtype}")
        specs[entry.key] = TensorSpec(info.name, dtype, shape)
    return specs


def _operations(graph: Any) -> frozenset[str]:
    functions = [parsed("FunctionDef", function) for function in graph.library.function]
    nodes = [graph.node, *(function.node_def for function in functions)]
    # A function may be called by its name as if it were an operation.
    own = {function.signature.name for function in functions}
    return frozenset(parsed("NodeDef", node).op for some in nodes for node in some) - own


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="graph.proto", package="graph", syntax="proto3")
    for name, fields in FIELDS.items():
        described = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            of = kind.removeprefix("*")
            added = described.field.add(name=field, number=number, label=3 if kind != of else 1)
            if of in SCALARS:
                added.type = SCALARS[of]
            else:
                added.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                added.type_name = f".graph.{of}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"graph.{name}"))
        for name in FIELDS
    }


MESSAGES = _messages()
