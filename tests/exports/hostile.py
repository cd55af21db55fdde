"""SavedModels that would do harm, made by editing one that does not; none of them is ever run."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kit.exports import write_manifest
from tests.exports.parts import edit_graph

Hostile = Callable[[Path], object]
HOSTILE: dict[str, tuple[Hostile, str]] = {}
DT_STRING, DT_RESOURCE, DT_VARIANT = 7, 20, 21


def hostile(said: str) -> Callable[[Hostile], Hostile]:
    """Register what spoils a version, and what the error has to say."""

    def register(function: Hostile) -> Hostile:
        HOSTILE[function.__name__] = function, said
        return function

    return register


def in_graph(change: Callable[[Any], object]) -> Hostile:
    """A change of the MetaGraphDef; the manifest is written anew, as an attacker would."""

    def spoil(version: Path) -> None:
        edit_graph(version, change)
        write_manifest(version)

    return spoil


def function_of(graph: Any, words: str) -> Any:
    return next(f for f in graph.graph_def.library.function if words in f.signature.name)


def add_function(graph: Any, name: str, *operations: str) -> Any:
    function = graph.graph_def.library.function.add()
    function.signature.name = name
    for place, operation in enumerate(operations):
        function.node_def.add(name=f"n{place}", op=operation)
    return function


def node_of(graph: Any, name: str) -> Any:
    return next(node for node in graph.graph_def.node if node.name == name)


def call(graph: Any, name: str, function: str) -> Any:
    node = graph.graph_def.node.add(name=name, op="StatefulPartitionedCall")
    node.attr["f"].func.name = function
    return node


def some_output(graph: Any) -> Any:
    return graph.signature_def["word"].outputs["word"]


# Operations that reach beyond the model, wherever they stand

FORBIDDEN = (
    "ReadFile",
    "WriteFile",
    "MatchingFiles",
    "PyFunc",
    "EagerPyFunc",
    "PyFuncStateless",
    "FIFOQueueV2",
    "TextLineReaderV2",
    "WholeFileReaderV2",
    "RemoteCall",
    "DebugIdentityV2",
    "PrintV2",
    "InitializeTableFromTextFileV2",
    "TFRecordDataset",
    "CollectiveReduceV2",
    "SummaryWriter",
    "CreateSummaryFileWriter",
    "LMDBReader",
    "IteratorV2",
    "XlaLaunch",
    "_Send",
    "Scann>Unheard",
)
for name in FORBIDDEN:

    def _add(graph: Any, name: str = name) -> None:
        graph.graph_def.node.add(name="harmless", op=name)

    HOSTILE[f"main_graph_{name}"] = in_graph(_add), f"has the operations {name}"


@hostile("has the operations ReadFile, WriteFile")
def in_the_body_of_a_function(version):
    def change(graph):
        function = function_of(graph, "buy")
        function.node_def.add(name="w", op="WriteFile")
        function.node_def.add(name="r", op="ReadFile")

    in_graph(change)(version)


@hostile("has the operations WriteFile")
def in_a_function_that_nothing_calls(version):
    in_graph(lambda graph: add_function(graph, "__inference_idle_7", "WriteFile"))(version)


@hostile("has the operations PyFunc")
def two_calls_deep(version):
    def change(graph):
        add_function(graph, "__inference_deep_1", "PyFunc")
        middle = add_function(graph, "__inference_middle_2")
        middle.node_def.add(name="c", op="PartitionedCall").attr[
            "f"
        ].func.name = "__inference_deep_1"
        call(graph, "outer", "__inference_middle_2")

    in_graph(change)(version)


@hostile("calls 'WriteFile', which is no function")
def an_operation_as_the_function_of_a_call(version):
    in_graph(lambda graph: call(graph, "outer", "WriteFile"))(version)


@hostile("calls 'ReadFile', which is no function")
def an_operation_in_a_list_of_branches(version):
    def change(graph):
        node = graph.graph_def.node.add(name="case", op="StatefulPartitionedCall")
        node.attr["branches"].CopyFrom(AttrValue(list=AttrValue.ListValue()))
        node.attr["branches"].list.func.add().name = "ReadFile"

    in_graph(change)(version)


@hostile("calls 'WriteFile', which is no function")
def an_operation_in_an_attribute_of_a_function_attribute(version):
    def change(graph):
        add_function(graph, "__inference_fine_1", "NoOp")
        node = call(graph, "outer", "__inference_fine_1")
        node.attr["f"].func.attr["inner"].func.name = "WriteFile"

    in_graph(change)(version)


@hostile("a function is called 'WriteFile'")
def a_function_with_the_name_of_an_operation(version):
    def change(graph):
        add_function(graph, "WriteFile", "NoOp")
        graph.graph_def.node.add(name="outer", op="WriteFile")

    in_graph(change)(version)


@hostile("a function is called 'Identity'")
def a_function_with_the_name_of_a_known_operation(version):
    in_graph(lambda graph: add_function(graph, "Identity", "NoOp"))(version)


@hostile("two functions have one name")
def two_functions_of_one_name(version):
    def change(graph):
        add_function(graph, "__inference_twin_1", "NoOp")
        add_function(graph, "__inference_twin_1", "Identity")

    in_graph(change)(version)


@hostile("two operations of the graph have one name")
def two_nodes_of_one_name(version):
    def change(graph):
        graph.graph_def.node.add(name="twin", op="NoOp")
        graph.graph_def.node.add(name="twin", op="NoOp")

    in_graph(change)(version)


@hostile("defines gradients of functions")
def a_gradient(version):
    def change(graph):
        add_function(graph, "__inference_back_1", "NoOp")
        graph.graph_def.library.gradient.add(
            function_name="__inference_back_1", gradient_func="WriteFile"
        )

    in_graph(change)(version)


@hostile("defines the gradient of 'MatMul'")
def a_gradient_of_an_operation(version):
    def change(graph):
        add_function(graph, "__inference_back_1", "NoOp")
        graph.graph_def.library.registered_gradients.add(
            gradient_func="__inference_back_1", registered_op_type="MatMul"
        )

    in_graph(change)(version)


@hostile("stands in for another")
def a_function_that_replaces_another(version):
    def change(graph):
        add_function(graph, "__inference_x_1", "NoOp").attr["api_implements"].s = b"buy"

    in_graph(change)(version)


@hostile("constant of opaque content")
def a_constant_variant(version):
    def change(graph):
        node = graph.graph_def.node.add(name="odd", op="Const")
        node.attr["dtype"].type = DT_VARIANT

    in_graph(change)(version)


# Checkpoints


@hostile("uses checkpoints")
def a_signature_that_saves(version):
    def change(graph):
        some_output(graph).name = graph.saver_def.save_tensor_name

    in_graph(change)(version)


@hostile("uses checkpoints")
def a_signature_that_restores(version):
    def change(graph):
        some_output(graph).name = graph.saver_def.restore_op_name + ":0"

    in_graph(change)(version)


@hostile("uses checkpoints")
def a_checkpoint_behind_a_control_input(version):
    def change(graph):
        node = graph.graph_def.node.add(name="innocent", op="Identity")
        node.input.extend(["Const", "^" + graph.saver_def.save_tensor_name.partition(":")[0]])
        some_output(graph).name = "innocent:0"

    in_graph(change)(version)


@hostile("uses checkpoints")
def a_second_call_of_what_saves(version):
    def change(graph):
        call(graph, "again", function_of(graph, "traced_save").signature.name)

    in_graph(change)(version)


@hostile("uses checkpoints outside of a function")
def a_checkpoint_written_by_the_main_graph(version):
    in_graph(lambda graph: graph.graph_def.node.add(name="s", op="SaveV2"))(version)


@hostile("writes checkpoints")
def saving_instead_of_restoring(version):
    def change(graph):
        graph.saver_def.restore_op_name = graph.saver_def.save_tensor_name.partition(":")[0]

    in_graph(change)(version)


@hostile("reads another file than its variables")
def variables_from_elsewhere(version):
    def change(graph):
        function = function_of(graph, "traced_restore")
        for node in function.node_def:
            if node.op == "RestoreV2":
                node.input[0] = "path:output:0"
        function.node_def.add(name="path", op="Const")

    in_graph(change)(version)


@hostile("reads another file than its variables")
def another_path_for_what_restores(version):
    def change(graph):
        node_of(graph, graph.saver_def.restore_op_name).input[0] = "Const"

    in_graph(change)(version)


@hostile("which its user may call, uses checkpoints")
def a_python_function_that_saves(version):
    def change(graph):
        name = function_of(graph, "traced_save").signature.name
        graph.object_graph_def.concrete_functions[name].SetInParent()

    in_graph(change)(version)


@hostile("restored by a function of its own")
def an_object_with_its_own_restore(version):
    def change(graph):
        graph.object_graph_def.nodes[0].saveable_objects["x"].restore_function = 1

    in_graph(change)(version)


@hostile("is restored as 'tf.SomethingElse'")
def an_object_of_another_class(version):
    def change(graph):
        graph.object_graph_def.nodes[0].registered_name = "tf.SomethingElse"

    in_graph(change)(version)


# What is run when it is loaded, and what is fed


@hostile("what runs when it is loaded uses checkpoints")
def an_initialiser_that_saves(version):
    def change(graph):
        names = graph.collection_def["saved_model_main_op"].node_list.value
        del names[:]
        names.append(graph.saver_def.save_tensor_name.partition(":")[0])

    in_graph(change)(version)


@hostile("has the operations WriteFile")
def an_initialiser_that_writes(version):
    def change(graph):
        graph.graph_def.node.add(name="w", op="WriteFile")
        graph.collection_def["saved_model_main_op"].node_list.value.append("w")

    in_graph(change)(version)


@hostile("has the operations ReaderReadV2, WholeFileReaderV2")
def a_function_that_reads_whole_files(version):
    def change(graph):
        add_function(graph, "__inference_read_1", "WholeFileReaderV2", "ReaderReadV2")
        call(graph, "reading", "__inference_read_1")
        some_output(graph).name = "reading:0"

    in_graph(change)(version)


@hostile("has the collection 'legacy_init_op'")
def another_initialiser(version):
    def change(graph):
        graph.collection_def["legacy_init_op"].node_list.value.append("NoOp")

    in_graph(change)(version)


@hostile("has the collection 'queue_runners'")
def queue_runners(version):
    def change(graph):
        graph.collection_def["queue_runners"].bytes_list.value.append(b"\n\x01q")

    in_graph(change)(version)


@hostile("feeds what is no placeholder")
def an_input_that_overrides_a_constant(version):
    def change(graph):
        graph.signature_def["word"].inputs["code"].name = "Const:0"

    in_graph(change)(version)


@hostile("changes the model")
def a_signature_that_assigns(version):
    def change(graph):
        add_function(graph, "__inference_set_1", "AssignVariableOp")
        call(graph, "setting", "__inference_set_1")
        some_output(graph).name = "setting:0"

    in_graph(change)(version)


# Other graphs and other forms


@hostile("has other graphs")
def a_second_graph(version):
    file = version / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    second = saved.meta_graphs.add()
    second.CopyFrom(saved.meta_graphs[0])
    second.meta_info_def.tags.append("gpu")
    file.write_bytes(saved.SerializeToString())
    write_manifest(version)


@hostile("has the operations WriteFile")
def a_forbidden_operation_in_a_graph_of_other_tags(version):
    file = version / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    second = saved.meta_graphs.add()
    second.meta_info_def.tags.append("train")
    second.graph_def.node.add(name="w", op="WriteFile")
    file.write_bytes(saved.SerializeToString())
    write_manifest(version)


@hostile("has the operations WriteFile")
def a_graph_in_two_parts_on_the_wire(version):
    """Protobuf joins a message that comes twice."""
    file = version / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    graph = saved.meta_graphs[0].SerializeToString()
    saved.meta_graphs[0].Clear()
    more = saved.meta_graphs[0]
    more.graph_def.node.add(name="w", op="WriteFile")
    joined = graph + more.SerializeToString()
    size = len(joined)
    length = bytearray()
    while size:
        length.append(size & 127 | (128 if size > 127 else 0))
        size >>= 7
    file.write_bytes(b"\x08\x01\x12" + bytes(length) + joined)
    write_manifest(version)


@hostile("beside or instead of saved_model.pb")
def a_text_form_beside_it(version):
    (version / "saved_model.pbtxt").write_text("meta_graphs {}")
    write_manifest(version)


@hostile("beside or instead of saved_model.pb")
def a_text_form_instead_of_it(version):
    (version / "saved_model.pb").rename(version / "saved_model.pbtxt")
    write_manifest(version)


@hostile("beside or instead of saved_model.pb")
def a_chunked_form_beside_it(version):
    (version / "saved_model.cpb").write_bytes(b"x")
    write_manifest(version)


@hostile("file is no SavedModel")
def no_graph_at_all(version):
    (version / "saved_model.pb").write_bytes(b"\x12\xff\xff\xff")
    write_manifest(version)


@hostile("more than 1,000,000 parts")
def millions_of_empty_nodes(version):
    (version / "saved_model.pb").write_bytes(_nested(2, _nested(2, b"\x0a\x00" * 1_000_001)))
    write_manifest(version)


def _nested(field: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([field << 3 | 2, *length, size]) + content


# Files


@hostile("reads the file '../../../etc/passwd'")
def an_asset_of_the_machine(version):
    in_graph(lambda graph: graph.asset_file_def.add(filename="../../../etc/passwd"))(version)


@hostile("reads the file '/etc/passwd'")
def an_asset_with_an_absolute_path(version):
    in_graph(lambda graph: graph.asset_file_def.add(filename="/etc/passwd"))(version)


@hostile("reads the file 'gs://somebody/else'")
def an_asset_on_another_file_system(version):
    in_graph(lambda graph: graph.asset_file_def.add(filename="gs://somebody/else"))(version)


@hostile("assets/gone.txt is missing")
def an_asset_that_is_missing(version):
    in_graph(lambda graph: graph.asset_file_def.add(filename="gone.txt"))(version)


@hostile("is a link to outside of it")
def a_link_to_a_file_of_the_machine(version):
    (version / "assets" / "words.txt").unlink()
    (version / "assets" / "words.txt").symlink_to("/etc/hostname")
    write_manifest(version)


@hostile("is a link to outside of it")
def a_link_to_a_folder_of_the_machine(version):
    (version / "variables" / "more").symlink_to("/etc")


@hostile("no regular file")
def a_pipe(version):
    os.mkfifo(version / "assets" / "pipe")


@hostile("is not part of the export")
def a_file_that_the_manifest_omits(version):
    (version / "variables" / "variables.data-00001-of-00002").write_bytes(b"x")


@hostile("was changed after the export")
def other_variables(version):
    (file,) = (version / "variables").glob("*.data-*")
    file.write_bytes(file.read_bytes()[::-1])


@hostile("was changed after the export")
def an_asset_of_the_same_size(version):
    file = version / "assets" / "words.txt"
    file.write_bytes(b"x" * file.stat().st_size)


@hostile("cannot be read")
def a_manifest_that_is_nested_deeply(version):
    (version / "assets.extra" / "manifest.json").write_text('{"files":' + "[" * 100_000)


@hostile("no file of records")
def a_warm_up_of_one_endless_record(version):
    file = version / "assets.extra" / "tf_serving_warmup_requests"
    file.write_bytes((2**62).to_bytes(8, "little") + bytes(4))
    write_manifest(version)


@hostile("more than 1,000 warm-up requests")
def a_warm_up_of_many_requests(version):
    file = version / "assets.extra" / "tf_serving_warmup_requests"
    file.write_bytes(bytes(16) * 1001)
    write_manifest(version)


@hostile("the warm-up requests have")
def a_huge_warm_up(version):
    with (version / "assets.extra" / "tf_serving_warmup_requests").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    write_manifest(version)


# Cards


def with_card(**content: Any) -> Hostile:
    def spoil(version: Path) -> None:
        (version / "assets.extra" / "card.json").write_text(json.dumps(content))
        write_manifest(version)

    return spoil


@hostile("nested too deeply")
def a_card_that_is_nested_deeply(version):
    text = '{"names":' + '{"a":' * 50_000 + "1" + "}" * 50_001
    (version / "assets.extra" / "card.json").write_text(text)
    write_manifest(version)


@hostile("far more than an export writes")
def a_huge_card(version):
    with (version / "assets.extra" / "card.json").open("wb") as file:
        file.truncate(80 * 1024 * 1024)
    write_manifest(version)


CARDS: dict[str, tuple[dict[str, Any], str]] = {
    "a_module": ({"custom_ops": {"evilmodule": ["X"]}}, "custom_ops names 'evilmodule'"),
    "a_module_of_ours": ({"custom_ops": {"scann": ["Other>Op"]}}, "custom_ops names 'scann'"),
    "a_path_as_module": ({"custom_ops": {"os.path": []}}, "custom_ops names 'os.path'"),
    "modules_in_a_list": ({"custom_ops": ["scann"]}, "custom_ops does not map"),
    "names_in_a_list": ({"names": [1]}, "names is not an object"),
    "a_name_that_is_a_number": ({"names": {"i1": 5}}, "names.i1 is no text"),
    "an_index_of_no_kind": ({"index": {"kind": "evil"}}, "index.kind is none of"),
    "no_index": ({"index": None}, "index is not an object"),
    "an_index_without_kind": ({"index": {}}, "index.kind is missing"),
    "settings_of_no_kind": (
        {"index": {"kind": "exact", "settings": {"rows": ["x"]}}},
        "index.settings.rows is none of",
    ),
    "an_endless_list": ({"k": 10**30}, "k is no number from"),
    "a_list_of_true": ({"k": True}, "k is no number from"),
    "seen_as_text": ({"exclude_seen": "no"}, "exclude_seen is neither"),
    "tokens_by_the_million": (
        {"item_encoder": {"text": [], "numbers": [], "vocabulary": [], "most_tokens": 2**40}},
        "item_encoder.most_tokens is no number",
    ),
    "half_an_encoder": ({"item_encoder": {"text": []}}, "item_encoder.numbers is missing"),
    "a_number_that_is_text": (
        {"item_encoder": {"text": [], "numbers": [["a", "b", 1]], "vocabulary": []}},
        "item_encoder.most_tokens is missing",
    ),
    "classes_in_an_object": ({"classes": {"a": 1}}, "classes is no list"),
    "one_class_twice": ({"classes": ["a", "a"]}, "classes has one name twice"),
    "a_shape_of_billions": ({"shape": [10**9, 10**9, 3]}, "shape[0] is no number"),
    "a_shape_of_two": ({"shape": [28, 28]}, "shape has 2 entries, not 3"),
    "no_second_stage": ({"second_stage": None}, "second_stage is not an object"),
    "contents_without_column": ({"item_contents": [{}]}, "item_contents[0].column is missing"),
    "writes_what": ({"writes": ["summary"]}, "writes is none of"),
    "options_in_options": ({"data": {"data": {"a": 1}}}, "data.data is no number"),
    "a_recipe_of_lists": ({"recipe": [[]]}, "recipe is no text"),
    "results_in_a_list": ({"results": {"metrics": [1]}}, "results.metrics is not an object"),
    "rows_as_text": ({"dataset": {"rows": "many"}}, "dataset.rows is no number"),
    "limits_of_numbers": ({"limits": [1]}, "limits[0] is no text"),
}
for name, (content, said) in CARDS.items():
    HOSTILE[f"card_{name}"] = with_card(**content), said
