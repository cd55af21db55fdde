from itertools import count

import numpy as np
import pytest

from kit.serving import ServingError, TensorSpec, _json_tensors, parse, tensors_from

FLOAT = TensorSpec("x:0", "float", np.dtype(np.float32), (-1,))
STRING = TensorSpec("s:0", "string", np.dtype(object), (-1,))


def read(body: str | bytes, **inputs: TensorSpec):
    return tensors_from(parse(body.encode() if isinstance(body, str) else body), "sig", inputs)


def refused(body: str | bytes, **inputs: TensorSpec) -> str:
    with pytest.raises(ServingError) as caught:
        read(body, **inputs)
    assert caught.value.http == 400
    assert "Traceback" not in caught.value.message
    return caught.value.message


def test_rows_and_columns_are_told_apart():
    for body, rows in (('{"inputs": [1, 2]}', False), ('{"instances": [1, 2]}', True)):
        tensors, are_rows = read(body, x=FLOAT)
        assert are_rows is rows
        assert tensors["x"].tolist() == [1, 2]


def test_rows_of_several_inputs():
    body = '{"instances": [{"a": [1, 2], "b": "x"}, {"b": "y", "a": [3, 4]}]}'
    tensors, _ = read(body, a=FLOAT, b=STRING)
    assert tensors["a"].tolist() == [[1, 2], [3, 4]]
    assert tensors["b"].tolist() == [b"x", b"y"]


def test_a_byte_order_mark_is_passed_over():
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


UNREADABLE = [
    ("", "JSON Parse error: The document is empty"),
    ("{", "JSON Parse error: "),
    ('{"instances": [1],}', "JSON Parse error: "),
    ("[1]", "JSON Value: [1] Is not object"),
    ("{}", "Missing 'inputs' or 'instances' key"),
    ('{"instances": [1], "inputs": [1]}', "JSON Value: "),
    ('{"instances": {}}', "JSON Value: "),
    ('{"instances": []}', 'JSON Value: {"instances": []} No values in'),
    ('{"instances": [1], "instances": [2]}', "JSON Parse error: A key stands twice"),
    ('{"signature_name": 1, "instances": [1]}', "JSON Value: "),
    (b'{"instances": ["\xff"]}', "JSON Parse error: Invalid encoding in string."),
    (b'{"inputs": ' + b"[" * 200_000, "JSON Parse error: Nested too deeply."),
    (b'{"inputs": ' + b'{"a":' * 200_000, "JSON Parse error: Nested too deeply."),
    (b'{"inputs": [' + b"9" * 5000 + b"]}", "JSON Parse error: Number too big"),
]


@pytest.mark.parametrize(("body", "message"), UNREADABLE, ids=count())
def test_unreadable_bodies(body, message):
    assert refused(body, x=FLOAT).startswith(message)


WRONG_ROWS = [
    ("[1, [2]]", "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "),
    ('[1, "a"]', "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON"),
    ("[[1, 2], [3]]", "Failed to process element: 1 of 'instances' list. Error: INVALID"),
    ('[1, {"x": 1}]', "Expecting value/list but got object at item 1 of input list"),
    ('[{"x": 1}, 1]', "Expecting object but got list at item 1 of input list"),
    ('[{"x": 1}, {"x": "a"}]', "Failed to process element: 1 key: x of 'instances' list."),
    ('[{"y": 1}]', "Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGU"),
    ("[{}]", "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_ROWS, ids=count())
def test_wrong_rows(text, message):
    assert refused(f'{{"instances": {text}}}', x=FLOAT).startswith(message)


def test_several_inputs_need_names():
    assert "plain list" in refused('{"instances": [1]}', x=FLOAT, y=FLOAT)
    assert "plain value/list" in refused('{"inputs": [1]}', x=FLOAT, y=FLOAT)
    assert refused('{"inputs": {"x": [1]}}', x=FLOAT, y=FLOAT) == (
        "Missing named input: y in 'inputs' object."
    )
    assert refused('{"inputs": 1}') == "Failed to get input map for signature: sig"


@pytest.mark.parametrize("opened", ["[", "{", "[[],", '{"a":{},'])
def test_a_body_that_would_swell(opened, monkeypatch):
    monkeypatch.setattr(_json_tensors, "MOST_OPENED", 1000)
    parse(b'{"instances":[' + b"[]," * 900 + b"[]]}")
    with pytest.raises(ServingError, match="at most 1000 are taken") as caught:
        parse(b'{"instances":' + opened.encode() * 1001)
    assert (caught.value.code, caught.value.http) == ("RESOURCE_EXHAUSTED", 413)
