"""Check what the graph of a SavedModel could do, without TensorFlow.

A SavedModel is a program that TensorFlow runs with the rights of the user who loads it. Here it is
compared with the exports of this kit: their operations, listed in operations.txt, and how these
are connected.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from google.protobuf import message

from kit.exports._graph import INITIALISER, MOST_PARTS, meta_graphs, parsed

# Operations beyond TensorFlow's core, by the only modules that are ever imported for them.
MODULES = {
    "scann": ("Scann>ScannSearchBatched", "Scann>TensorsToScann"),
    "tensorflow_text": (
        "SentencepieceDetokenizeOp",
        "SentencepieceOp",
        "SentencepieceTokenizeOp",
    ),
}
LISTED = frozenset(
    line
    for line in files("kit.exports").joinpath("operations.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
KNOWN = LISTED.union(*MODULES.values())
# Operations that write or read checkpoints at a computed path.
WRITES_CHECKPOINTS = frozenset({"SaveV2", "MergeV2Checkpoints", "ShardedFilename"})
USES_CHECKPOINTS = WRITES_CHECKPOINTS | {"RestoreV2"}
ASSIGNS = frozenset(name for name in KNOWN if name.startswith(("Assign", "LookupTableImport")))
# Where a SavedModel of TensorFlow 2 names the operations that run when it is loaded.
MAIN_OP = "saved_model_main_op"
REGISTERED = frozenset({"", "tf.StaticHashTable", "tf.TrackableConstant"})
DT_RESOURCE, DT_VARIANT = 20, 21
# TensorFlow numbers the functions it traces; no operation has such a name.
FUNCTION_NAME = re.compile(r"_[0-9]")


@dataclass(frozen=True)
class Node:
    """A node: its inputs and the functions it calls."""

    name: str
    op: str
    inputs: tuple[str, ...]
    calls: frozenset[str]
    has_opaque_constant: bool

    @classmethod
    def of(cls, content: bytes) -> "Node":
        node = parsed("NodeDef", content)
        calls = frozenset(_functions_of(node.attr))
        types = [entry.value.type for entry in node.attr if entry.key == "dtype"]
        opaque = node.op == "Const" and not {DT_RESOURCE, DT_VARIANT}.isdisjoint(types)
        return cls(node.name, node.op, tuple(node.input), calls, opaque)


@dataclass(frozen=True)
class Function:
    """A function of the graph's library."""

    name: str
    arguments: tuple[str, ...]
    nodes: tuple[Node, ...]
    swaps: bool

    @classmethod
    def of(cls, content: bytes) -> "Function":
        function = parsed("FunctionDef", content)
        return cls(
            function.signature.name,
            tuple(argument.name for argument in function.signature.input_arg),
            tuple(map(Node.of, function.node_def)),
            any(entry.key == "api_implements" for entry in function.attr),
        )


def program_problems(version: Path) -> list[str]:
    """Problems of the graph of a version, as sentences; empty if there is none.

    Args:
        version: folder that holds saved_model.pb.

    Raises:
        UserError: the file is not a SavedModel.
    """
    try:
        graphs = meta_graphs(version)
        problems = [problem for graph in graphs for problem in Program(graph).problems()]
    except message.DecodeError:
        return ["a message in it is damaged"]
    if [sorted(graph.meta_info_def.tags) for graph in graphs] != [["serve"]]:
        problems.append('it has other graphs than the one tagged "serve"')
    return list(dict.fromkeys(problems))


class Program:
    """A whole MetaGraphDef: its main graph and its functions, called or not."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._nodes = tuple(map(Node.of, graph.graph_def.node))
        self._by_name = {node.name: node for node in self._nodes}
        self._all_functions = [Function.of(one) for one in graph.graph_def.library.function]
        self._functions = {function.name: function for function in self._all_functions}
        self._calls = {name: self._called(f.nodes) for name, f in self._functions.items()}
        self._signatures = [parsed("SignatureEntry", entry) for entry in graph.signature_def]

    def problems(self) -> Iterator[str]:
        """Sentences."""
        yield from self._problems_of_names()
        yield from self._problems_of_operations()
        yield from self._problems_of_checkpoints()
        yield from self._problems_of_signatures()
        yield from self._problems_of_collections()
        yield from self._problems_of_objects()

    def _problems_of_names(self) -> Iterator[str]:
        counts = len(self._nodes) + sum(len(f.nodes) for f in self._all_functions)
        if counts > MOST_PARTS:
            yield f"it has more than {MOST_PARTS:,} operations"
        for names, where in (
            ([node.name for node in self._nodes], "operations of the graph"),
            ([function.name for function in self._all_functions], "functions"),
            *(
                ([node.name for node in f.nodes], "operations of a function")
                for f in self._all_functions
            ),
            ([entry.key for entry in self._signatures], "signatures"),
        ):
            if len(names) != len({*names}):
                yield f"two {where} have one name"
        for name in self._functions:
            if name in KNOWN or not FUNCTION_NAME.search(name):
                yield f"a function is called {name!r}, as an operation is"

    def _problems_of_operations(self) -> Iterator[str]:
        everything = [*self._nodes, *(node for f in self._all_functions for node in f.nodes)]
        strange = sorted({node.op for node in everything} - KNOWN - self._functions.keys())
        if strange:
            yield f"no export of this kit has the operations {_some(strange)}"
        for node in everything:
            if foreign := sorted(node.calls - self._functions.keys()):
                yield f"{node.name!r} calls {foreign[0]!r}, which is no function of the graph"
            if node.has_opaque_constant:
                yield f"{node.name!r} is a constant of opaque content"
        library = self._graph.graph_def.library
        if library.gradient:
            yield "it defines gradients of functions"
        for content in library.registered_gradients:
            gradient = parsed("RegisteredGradient", content)
            named = gradient.registered_op_type.startswith("CustomGradient-")
            if not named or gradient.gradient_func not in self._functions:
                yield f"it defines the gradient of {gradient.registered_op_type!r}"
        if any(function.swaps for function in self._all_functions):
            yield "a function stands in for another (api_implements)"

    def _problems_of_checkpoints(self) -> Iterator[str]:
        """Problems of saving and restoring, which only the two nodes of the SaverDef may do."""
        saver = self._graph.saver_def
        filename = _node(saver.filename_tensor_name)
        saving, restoring = _node(saver.save_tensor_name), saver.restore_op_name
        concerned = self._functions_with_checkpoints()
        for node in self._nodes:
            if node.op in USES_CHECKPOINTS:
                yield f"{node.name!r} uses checkpoints outside of a function"
            called = self._called([node]) & concerned
            if called and node.name not in {saving, restoring}:
                yield f"{node.name!r} uses checkpoints and is not what saves or restores"
            if node.name == restoring and called:
                yield from self._problems_of_restoring(node, called, filename)
        entries = self._graph.object_graph_def.concrete_functions
        for name in (parsed("ConcreteFunctionEntry", entry).key for entry in entries):
            if name in concerned:
                yield f"the function {name!r}, which its user may call, uses checkpoints"
        if restoring and restoring not in self._by_name:
            yield f"what restores it, {restoring!r}, is not in the graph"
        elif restoring and WRITES_CHECKPOINTS & self._operations_behind([restoring]):
            yield f"what restores it, {restoring!r}, writes checkpoints"
        if filename and self._op_of(filename) != "Placeholder":
            yield f"the path of its variables, {filename!r}, is no placeholder"

    def _problems_of_restoring(
        self, node: Node, called: Iterable[str], filename: str
    ) -> Iterator[str]:
        for function in (self._functions[name] for name in called):
            path = function.arguments[0] if function.arguments else ""
            read = {n.inputs[:1] for n in function.nodes if n.op == "RestoreV2"}
            elsewhere = any(n.op not in USES_CHECKPOINTS and n.calls for n in function.nodes)
            if read != {(path,)} or elsewhere or node.inputs[:1] != (filename,):
                yield f"{node.name!r} reads another file than its variables"

    def _problems_of_signatures(self) -> Iterator[str]:
        for entry in self._signatures:
            inputs = [_node(info.value.name) for info in entry.value.inputs]
            outputs = [_node(info.value.name) for info in entry.value.outputs]
            if lost := [name for name in (*inputs, *outputs) if name not in self._by_name]:
                yield f"signature {entry.key!r} names {lost[0]!r}, which is not in the graph"
            if any(self._op_of(name) not in ("Placeholder", "") for name in inputs):
                yield f"signature {entry.key!r} feeds what is no placeholder"
            behind = self._operations_behind(outputs)
            if behind & USES_CHECKPOINTS:
                yield f"signature {entry.key!r} uses checkpoints"
            if entry.key != INITIALISER and behind & ASSIGNS:
                yield f"signature {entry.key!r} changes the model"

    def _problems_of_collections(self) -> Iterator[str]:
        for content in self._graph.collection_def:
            entry = parsed("CollectionEntry", content)
            if entry.key != MAIN_OP:
                yield f"it has the collection {entry.key!r}"
            elif USES_CHECKPOINTS & self._operations_behind(entry.value.node_list.value):
                yield "what runs when it is loaded uses checkpoints"

    def _problems_of_objects(self) -> Iterator[str]:
        for content in self._graph.object_graph_def.nodes:
            one = parsed("SavedObject", content)
            if one.registered_name not in REGISTERED or one.registered_saver:
                yield f"an object is restored as {one.registered_name or one.registered_saver!r}"
            if one.saveable_objects:
                yield "an object is restored by a function of its own"
            if one.user_object.identifier.startswith("_tf_keras"):
                yield "an object is restored as a part of Keras"

    def _op_of(self, name: str) -> str:
        return self._by_name[name].op if name in self._by_name else ""

    def _called(self, nodes: Iterable[Node]) -> frozenset[str]:
        """Functions that nodes call directly, by an attribute or as if they were operations."""
        nodes = list(nodes)
        named = frozenset().union(*(node.calls for node in nodes), {node.op for node in nodes})
        return named & self._functions.keys()

    def _functions_with_checkpoints(self) -> set[str]:
        """Functions that use checkpoints, or call one that does."""
        callers: dict[str, list[str]] = {}
        for name, called in self._calls.items():
            for other in called:
                callers.setdefault(other, []).append(name)
        found: set[str] = set()
        left = [name for name, own in self._own_operations.items() if own & USES_CHECKPOINTS]
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += callers.get(name, ())
        return found

    def _operations_behind(self, names: Iterable[str]) -> frozenset[str]:
        """Operations that run if some nodes of the main graph run."""
        seen: dict[str, Node] = {}
        left = [_node(name) for name in names]
        while left:
            name = left.pop()
            if name in seen or name not in self._by_name:
                continue
            seen[name] = node = self._by_name[name]
            left += map(_node, node.inputs)
        nodes = list(seen.values())
        return frozenset(n.op for n in nodes) | self._operations_of_functions(self._called(nodes))

    def _operations_of_functions(self, names: Iterable[str]) -> frozenset[str]:
        """Operations of functions and of all they call."""
        seen: set[str] = set()
        left = [*names]
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                left += self._calls[name]
        return frozenset().union(*(self._own_operations[name] for name in seen))

    @cached_property
    def _own_operations(self) -> Mapping[str, frozenset[str]]:
        return {n: frozenset(node.op for node in f.nodes) for n, f in self._functions.items()}


def _functions_of(attributes: Iterable[Any]) -> Iterator[str]:
    for entry in attributes:
        listed = [func for some in entry.value.list for func in some.func]
        for func in (*entry.value.func, *listed):
            # The default of an optional function has no name.
            if func.name:
                yield func.name
            yield from _functions_of(func.attr)


def _node(tensor: str) -> str:
    """The node of a tensor "name:0", of an input "^name" or of a node."""
    return tensor.removeprefix("^").partition(":")[0]


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
