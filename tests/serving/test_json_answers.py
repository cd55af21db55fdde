import json
from itertools import count

import ml_dtypes
import numpy as np
import pytest

from kit.serving import ServingError, json_from

ANSWERS = [
    (np.array([0.2, 1, 1e-7, 3e30], np.float32), "[0.2,1.0,1e-07,3e+30]"),
    (np.array([np.nan, np.inf, -np.inf], np.float32), "[NaN,Infinity,-Infinity]"),
    (np.array([0.1, 1 / 3]), "[0.1,0.3333333333333333]"),
    (np.array([0.5], np.float16), "[0.5]"),
    (np.array([0.5], ml_dtypes.bfloat16), "[0.5]"),
    (np.array([2**64 - 1], np.uint64), "[18446744073709551615]"),
    (np.array([[True], [False]]), "[[true],[false]]"),
    (np.array(["ä".encode(), b'"'], object), '["ä","\\""]'),
    (np.zeros((2, 0), np.float32), "[[],[]]"),
    (np.array(3), "3"),
]


@pytest.mark.parametrize(("tensor", "text"), ANSWERS, ids=count())
def test_answers_in_columns(tensor, text):
    assert json_from({"y": tensor}, False).decode() == f'{{"outputs":{text}}}'


def test_every_float_comes_back_as_it_was():
    bits = np.random.default_rng(0).integers(0, 2**32, 5000, dtype=np.uint32)
    values = bits.view(np.float32)[np.isfinite(bits.view(np.float32))]
    back = np.array(json.loads(json_from({"y": values}, False))["outputs"], np.float32)
    np.testing.assert_array_equal(back, values)


def test_bytes_are_base64_where_the_name_says_so():
    raw = np.array([b"\xff\0"], object)
    assert json_from({"x_bytes": raw}, True) == b'{"predictions":[{"b64":"/wA="}]}'
    # As TensorFlow Serving does, who then leaves the client with the trouble.
    assert json_from({"x": raw}, True) == b'{"predictions":["\xff\\u0000"]}'


def test_answers_in_rows():
    tensors = {"a": np.array([[1, 2], [3, 4]]), "b": np.array([b"x", b"y"], object)}
    assert json.loads(json_from(tensors, True)) == {
        "predictions": [{"a": [1, 2], "b": "x"}, {"a": [3, 4], "b": "y"}]
    }
    with pytest.raises(ServingError, match="Tensor name: n has no shape information"):
        json_from({"n": np.array(1)}, True)
    with pytest.raises(ServingError, match="b has inconsistent batch size: 1 expecting: 2"):
        json_from({"a": np.zeros(2), "b": np.zeros(1)}, True)


def test_complex_numbers_have_no_json():
    with pytest.raises(ServingError, match="Failed to write JSON value for tensor type"):
        json_from({"y": np.array([1j])}, False)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("names", ["x", "xy"])
@pytest.mark.parametrize("size", [0, 1, 7, 5000])
def test_an_answer_is_the_same_however_it_is_cut(monkeypatch, rows, names, size):
    values = np.arange(3 * size, dtype=np.float32).reshape(size, 3)
    tensors = {"x": values, "y": np.array([b"text"] * size, object)}
    tensors = {name: tensors[name] for name in names}
    whole = json_from(tensors, rows)
    monkeypatch.setattr("kit.serving._json_answers.VALUES_AT_ONCE", 10**9)
    assert json_from(tensors, rows) == whole
    assert len(next(iter(json.loads(whole).values()))) == (
        2 if names == "xy" and not rows else size
    )
