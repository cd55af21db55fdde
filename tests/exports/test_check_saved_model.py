from base64 import b64encode

import numpy as np
import pytest

from kit.exports import _check_saved_model, agrees, compare
from tests.exports import parts


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return parts.saved_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(params=["load", "session"])
def way(request):
    return request.param


def asked(shelf, way, **more):
    return _check_saved_model.main({**parts.request(shelf), "way": way, **more})


def test_inputs_and_outputs_of_every_type(shelf, way):
    answers = asked(shelf, way)["answers"]
    for name, case in parts.RECORDED.items():
        outputs = answers[name]["outputs"]
        values = {key: np.array(output["values"]) for key, output in outputs.items()}
        assert agrees(*compare(case["outputs"], values))
    assert {key: o["dtype"] for key, o in answers["serving_default"]["outputs"].items()} == {
        "total": "float32",
        "code": "int64",
        "free": "bool",
        "gift": "bool",
    }
    assert answers["word"]["outputs"]["word"]["dtype"] == "string"


def test_text_may_come_as_bytes(shelf, way):
    case = parts.RECORDED["serving_default"]
    as_bytes = [{"b64": b64encode(word.encode()).decode()} for word in case["inputs"]["word"]]
    cases = {"serving_default": {"inputs": {**case["inputs"], "word": as_bytes}}}
    outputs = asked(shelf, way, cases=cases)["answers"]["serving_default"]["outputs"]
    assert outputs["code"]["values"] == case["outputs"]["code"]


def test_no_rows(shelf, way):
    answers = asked(shelf, way, cases={"word": {"inputs": {"code": []}}})["answers"]
    assert answers["word"]["outputs"]["word"] == {"dtype": "string", "values": []}


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
    [
        ("rank", {}, "there is no 'rank'"),
        ("word", {"place": [1]}, "there is no 'place'"),
        ("word", {"code": ["one"]}, ""),
        ("word", {"code": [77]}, ""),
        ("word", {"code": [[1], [1, 2]]}, ""),
        ("word", {}, ""),
    ],
)
def test_what_cannot_be_asked_is_an_error_of_that_signature(shelf, way, name, inputs, said):
    cases = {name: {"inputs": inputs}, "serving_default": parts.RECORDED["serving_default"]}
    answers = asked(shelf, way, cases=cases)["answers"]
    assert said in answers[name]["error"]
    assert "outputs" in answers["serving_default"]


def test_what_does_not_load(tmp_path, way):
    (tmp_path / "saved_model.pb").write_bytes(b"garbage")
    request = {"way": way, "version": str(tmp_path), "modules": [], "cases": {}}
    assert "parse" in _check_saved_model.main(request)["error"]


def test_modules_are_imported_first(shelf, way):
    assert asked(shelf, way, modules=["no.such.module"])["error"].startswith("ModuleNotFoundError")
