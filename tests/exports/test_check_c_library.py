from base64 import b64decode, b64encode

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from kit.exports import _check_c_library, agrees, ask, compare, names_of_operations
from kit.exports._loaders import C_LIBRARY
from tests.exports import parts


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return parts.saved_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def answer(shelf):
    """Good requests and bad ones, asked of one process; this one has imported TensorFlow."""
    request = parts.request(shelf)
    signature = request["signatures"]["word"]
    elsewhere = {"code": {**signature["inputs"]["code"], "tensor": "elsewhere:0"}}
    as_text = {"code": {**signature["inputs"]["code"], "dtype": "string"}}
    as_quantised = {"code": {**signature["inputs"]["code"], "dtype": "qint8"}}
    for name, inputs in {"lost": elsewhere, "text": as_text, "quantised": as_quantised}.items():
        request["signatures"][name] = {**signature, "inputs": inputs}
        request["cases"][name] = {"inputs": {"code": [1]}}
    for name, inputs in {"none": {"code": []}, "far": {"code": [77]}, "other": {"x": [1]}}.items():
        request["signatures"][name] = signature
        request["cases"][name] = {"inputs": inputs}
    case = request["cases"]["serving_default"]
    words = [{"b64": b64encode(word.encode()).decode()} for word in case["inputs"]["word"]]
    request["cases"]["bytes"] = {"inputs": {**case["inputs"], "word": words}}
    request["signatures"]["bytes"] = request["signatures"]["serving_default"]
    request["cases"]["rank"] = {"inputs": {}}
    request["signatures"]["nothing fed"] = signature
    request["cases"]["nothing fed"] = {"inputs": {}}
    return ask(C_LIBRARY, request)


def test_inputs_and_outputs_of_every_type(answer):
    for name, case in parts.RECORDED.items():
        outputs = answer["answers"][name]["outputs"]
        values = {key: np.array(output["values"]) for key, output in outputs.items()}
        assert agrees(*compare(case["outputs"], values))
    outputs = answer["answers"]["serving_default"]["outputs"]
    assert {key: output["dtype"] for key, output in outputs.items()} == {
        "total": "float32",
        "code": "int64",
        "free": "bool",
        "gift": "bool",
    }


def test_text_may_come_as_bytes(answer):
    outputs = answer["answers"]["bytes"]["outputs"]
    assert outputs["code"]["values"] == parts.RECORDED["serving_default"]["outputs"]["code"]


def test_no_rows(answer):
    assert answer["answers"]["none"]["outputs"]["word"] == {"dtype": "string", "values": []}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rank", "there is no 'rank'"),
        ("other", "there is no 'x'"),
        ("lost", "the graph has no tensor 'elsewhere:0'"),
        ("quantised", "inputs of qint8 are not supported"),
        ("text", "the signature takes text, the recorded input holds 1"),
        ("far", "indices"),
        ("nothing fed", "feed"),
    ],
)
def test_what_cannot_be_asked_is_an_error_of_that_signature(answer, name, said):
    assert said in answer["answers"][name]["error"]


def test_its_operations_are_core_tensorflows(answer):
    found = names_of_operations(b64decode(answer["op_list"]))
    assert {"MatMul", "TopKV2", "LookupTableFindV2"} <= found
    # TensorFlow for Python registers more: a graph that loads there may not load in a server.
    assert op_def_registry.get("AudioMicrofrontend") is not None
    assert "AudioMicrofrontend" not in found


def test_what_does_not_load(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"garbage")
    answer = ask(C_LIBRARY, {"version": str(tmp_path), "signatures": {}, "cases": {}})
    assert answer["error"]
    assert "op_list" in answer


def test_numbers_of_types_are_tensorflows():
    types = _check_c_library.TYPES
    assert {number: tf.as_dtype(number).name for number in types} == types
