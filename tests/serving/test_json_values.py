from itertools import count

import numpy as np
import pytest

from kit.serving import ServingError, TensorSpec, parse, shown, tensor_from
from kit.serving._json_values import SHOWN

FLOAT = TensorSpec("x:0", "float", np.dtype(np.float32), (-1,))
DOUBLE = TensorSpec("d:0", "double", np.dtype(np.float64), (-1,))
STRING = TensorSpec("s:0", "string", np.dtype(object), (-1,))
BOOL = TensorSpec("b:0", "bool", np.dtype(bool), (-1,))


def whole(bits: str) -> TensorSpec:
    return TensorSpec("i:0", bits, np.dtype(bits), (-1,))


def read(text: str, spec: TensorSpec) -> np.ndarray:
    return tensor_from(parse(f'{{"x": {text}}}'.encode())["x"], spec)


VALUES = [
    ("[1, 2.5, -3e2]", FLOAT, np.array([1, 2.5, -300], np.float32)),
    ("[16777215, 1e30]", FLOAT, np.array([16777215, 1e30], np.float32)),
    ("[NaN, Infinity, -Infinity]", DOUBLE, np.array([np.nan, np.inf, -np.inf])),
    ("[9007199254740991]", DOUBLE, np.array([9007199254740991.0])),
    ("[100000000000000000000000]", DOUBLE, np.array([1e23])),
    ("[-9223372036854775808]", whole("int64"), np.array([-(2**63)])),
    ("[18446744073709551615]", whole("uint64"), np.array([2**64 - 1], np.uint64)),
    ("[255]", whole("uint8"), np.array([255], np.uint8)),
    ("[true, false]", BOOL, np.array([True, False])),
    ("[]", FLOAT, np.zeros(0, np.float32)),
    ("[[], []]", FLOAT, np.zeros((2, 0), np.float32)),
    ("7", whole("int32"), np.array(7, np.int32)),
]


@pytest.mark.parametrize(("text", "spec", "expected"), VALUES, ids=count())
def test_numbers(text, spec, expected):
    tensor = read(text, spec)
    assert tensor.dtype == expected.dtype
    np.testing.assert_array_equal(tensor, expected)


def test_strings_are_utf_8_or_base64():
    text = '["\\u00e4 \\ud83e\\uded6", {"b64": "/wA="}, {"b64": "/wA"}, ""]'
    assert read(text, STRING).tolist() == ["ä 🫖".encode(), b"\xff\0", b"\xff\0", b""]


WRONG = [
    ("[1, true]", FLOAT, "JSON Value: true Type: True is not of expected type: float"),
    ('["1"]', FLOAT, 'JSON Value: "1" Type: String is not of expected type: float'),
    ("[null]", FLOAT, "JSON Value: null Type: Null is not of expected type: float"),
    ("[16777216]", FLOAT, "Cannot convert JSON value: 16777216 to float without loss"),
    ("[1e39]", FLOAT, "Cannot convert JSON value: 1e+39 to float without loss of precision."),
    ("[9007199254740992]", DOUBLE, "Cannot convert JSON value: 9007199254740992 to double"),
    ("[1e400]", DOUBLE, "JSON Parse error: Number too big to be stored in double."),
    ("[" + "9" * 400 + "]", DOUBLE, "JSON Parse error: Number too big to be stored in double."),
    ("[1.0]", whole("int32"), "JSON Value: 1.0 Type: Number is not of expected type: int32"),
    ("[2147483648]", whole("int32"), "JSON Value: 2147483648 Type: Number is not of"),
    ("[256]", whole("uint8"), "JSON Value: 256 Type: Number is not of expected type: uint8"),
    ("[-1]", whole("uint64"), "JSON Value: -1 Type: Number is not of expected type: uint64"),
    ("[1]", BOOL, "JSON Value: 1 Type: Number is not of expected type: bool"),
    ("[1]", STRING, "JSON Value: 1 Type: Number is not of expected type: string"),
    ('["\\ud800"]', STRING, "JSON Parse error: The surrogate pair in string is invalid."),
    ('["\\udc80"]', STRING, "JSON Parse error: The surrogate pair in string is invalid."),
    ('[{"b64": "!"}]', STRING, "Unable to base64 decode"),
    ('[{"b64": "Y"}]', STRING, "Unable to base64 decode"),
    ('[{"b64": "ä"}]', STRING, "Unable to base64 decode"),
    ('[{"b64": 1}]', STRING, 'JSON Value: {"b64": 1} not formatted correctly for base64 data'),
    ("[{}]", FLOAT, "JSON Value: {} Type: Object is not of expected type: float"),
    ("[[1], [1, 2]]", FLOAT, "Encountered list at unexpected size: 2 at level: 1"),
    ("[[1], 2]", FLOAT, "JSON Value: 2 found at incorrect level: 2 in the JSON DOM."),
    ("[" * 100 + "1" + "]" * 100, FLOAT, "A tensor of 100 dimensions"),
    ("[1, [2]]", FLOAT, "Encountered list at unexpected level: 1 expected < 1"),
]


@pytest.mark.parametrize(("text", "spec", "message"), WRONG, ids=count())
def test_wrong_values(text, spec, message):
    with pytest.raises(ServingError) as caught:
        read(text, spec)
    assert caught.value.http == 400
    assert caught.value.message.startswith(message)


def test_types_that_rest_cannot_write_are_unimplemented():
    half = TensorSpec("h:0", "half", np.dtype(np.float16), (-1,))
    with pytest.raises(ServingError, match="Conversion of JSON Value: 1 to type: half") as caught:
        read("[1]", half)
    assert (caught.value.code, caught.value.http) == ("UNIMPLEMENTED", 501)


def test_what_is_shown_is_short():
    assert shown([1, "a"]) == '[1, "a"]'
    assert shown(["x" * 1000]) == '["' + "x" * (SHOWN - 2) + "..."
