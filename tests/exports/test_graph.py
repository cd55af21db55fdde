import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kit.errors import UserError
from kit.exports import TensorSpec, _graph, read_graph
from tests.exports import parts


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return parts.saved_shelf(tmp_path_factory.mktemp("shelf"))


def test_signatures_are_what_tensorflow_reads(shelf):
    graph = SavedModel.FromString((shelf / "saved_model.pb").read_bytes()).meta_graphs[0]
    found = read_graph(shelf).signatures
    assert list(found) == ["serving_default", "word"]
    for name, signature in found.items():
        for side in ("inputs", "outputs"):
            theirs = getattr(graph.signature_def[name], side)
            assert getattr(signature, side) == {
                key: TensorSpec(
                    info.name,
                    tf.as_dtype(info.dtype).name,
                    None
                    if info.tensor_shape.unknown_rank
                    else tuple(tf.TensorShape(info.tensor_shape)),
                )
                for key, info in theirs.items()
            }
    assert found["serving_default"].inputs["rebate"].shape == (None, 2)
    assert found["serving_default"].inputs["gift"].shape == ()


def test_operations_are_those_of_the_graph_and_of_its_functions(shelf):
    found = read_graph(shelf).operations
    # One of a function, one of the main graph; and no function called by its name.
    assert {"LookupTableFindV2", "VarHandleOp"} <= found
    assert not [name for name in found if name.startswith("__inference")]


def test_numbers_of_types_are_tensorflows():
    assert {number: tf.as_dtype(number).name for number in _graph.DTYPES} == _graph.DTYPES


def test_a_list_of_operations():
    # OpList { op { name: "Add" } op { name: "Mul" } }, byte by byte.
    assert _graph.names_of_operations(b"\n\x05\n\x03Add\n\x05\n\x03Mul") == {"Add", "Mul"}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (TensorSpec("x:0", "string", (None, 3)), "string [?, 3]"),
        (TensorSpec("x:0", "bool", ()), "bool []"),
        (TensorSpec("x:0", "float32", None), "float32 of any shape"),
    ],
)
def test_a_tensor_in_words(spec, words):
    assert str(spec) == words


@pytest.mark.parametrize(
    ("content", "what"), [(b"garbage", "is no SavedModel"), (b"", "no graph tagged 'serve'")]
)
def test_another_file_is_named_in_the_error(tmp_path, content, what):
    (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(UserError, match=what) as raised:
        read_graph(tmp_path)
    assert raised.value.where == str(tmp_path / "saved_model.pb")
