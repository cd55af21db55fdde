from itertools import count

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis.predict_pb2 import PredictResponse

from kit.serving import ServingError, protos_from_tensors, tensors_from_protos, values_asked_for

DTYPES = [
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128",
]  # fmt: skip


def written(tensor: np.ndarray):
    response = PredictResponse()
    protos_from_tensors({"y": tensor}, response.outputs)
    return PredictResponse.FromString(response.SerializeToString()).outputs["y"]


def read(proto, max_bytes: int = 10_000) -> np.ndarray:
    return tensors_from_protos({"x": proto}, max_bytes)["x"]


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_there_and_back(dtype, shape):
    values = np.arange(6).astype(tf.as_dtype(dtype).as_numpy_dtype)
    tensor = np.resize(values, shape)
    proto = written(tensor)
    assert not proto.tensor_content  # clients read float_val and its like
    for back in (tf.make_ndarray(proto), read(proto), read(tf.make_tensor_proto(tensor))):
        assert (back.dtype, back.shape) == (tensor.dtype, tensor.shape)
        np.testing.assert_array_equal(back, tensor)


def test_strings():
    tensor = np.array([[b"\xff", b""], [b"a", "ä".encode()]], object)
    for proto in (written(tensor), tf.make_tensor_proto(tensor)):
        np.testing.assert_array_equal(read(proto), tensor)


def proto(dtype=types_pb2.DT_FLOAT, sizes=(2,), **values):
    made = tensor_pb2.TensorProto(dtype=dtype, **values)
    made.tensor_shape.SetInParent()
    for size in sizes:
        made.tensor_shape.dim.add(size=size)
    return made


def test_one_value_may_stand_for_all():
    np.testing.assert_array_equal(read(proto(float_val=[7.0])), np.float32([7, 7]))
    assert read(proto(types_pb2.DT_STRING, string_val=[b"a"])).tolist() == [b"a", b"a"]


BROKEN = [
    proto(sizes=(-1,)),
    proto(sizes=(1,) * 40, float_val=[1]),
    proto(tensor_content=b"123"),
    proto(types_pb2.DT_BOOL, tensor_content=b"\1\2"),
    proto(dtype=99),
    proto(types_pb2.DT_FLOAT_REF, float_val=[1]),
    proto(types_pb2.DT_RESOURCE),
    proto(types_pb2.DT_VARIANT),
    proto(types_pb2.DT_INT32, float_val=[1, 2], tensor_content=b"1"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=count())
def test_broken_messages(broken):
    with pytest.raises(ServingError, match="tensor parsing error: x"):
        read(broken)


@pytest.mark.parametrize("dtype", [types_pb2.DT_FLOAT, types_pb2.DT_STRING])
def test_what_would_fill_the_memory(dtype):
    for sizes in ((10**18,), (10**6, 10**6, 10**6), (10_001,)):
        with pytest.raises(ServingError, match="asks for more than 10000 bytes"):
            read(proto(dtype, sizes))


def strings(sizes, *values):
    return proto(types_pb2.DT_STRING, sizes, string_val=values)


EXPANDED = {
    "one string repeated": [strings((1, 50), b"a" * 300)],
    "one string repeated over rows": [strings((50, 1), b"a" * 300)],
    "the last of several repeated": [strings((40,), b"", b"b", b"c" * 300)],
    "many strings sent whole": [strings((20,), *[b"d" * 600] * 20)],
    "empty strings": [strings((2000,))],
    "small inputs together": [strings((4,), b"e" * 300)] * 9,
    "numbers and strings together": [
        proto(sizes=(1500,), float_val=[1]),
        strings((9,), b"f" * 500),
    ],
    "a number repeated": [proto(types_pb2.DT_INT8, (101, 100), int_val=[1])],
    "no value at all": [proto(types_pb2.DT_DOUBLE, (2000,))],
    "empty, with a long dimension": [proto(types_pb2.DT_FLOAT, (0, 10**9))],
    "empty strings with a long dimension": [strings((10**6, 0))],
    "string content": [proto(types_pb2.DT_STRING, (1,), tensor_content=b"g" * 10_001)],
}


@pytest.mark.parametrize("protos", EXPANDED.values(), ids=EXPANDED)
def test_limits_apply_to_what_a_message_expands_to(protos):
    inputs = {f"x{n}": one for n, one in enumerate(protos)}
    with pytest.raises(ServingError, match="asks for more than 10000 bytes") as caught:
        tensors_from_protos(inputs, 10_000)
    assert caught.value.code == "RESOURCE_EXHAUSTED"


def test_values_are_counted_by_the_shape():
    assert values_asked_for({"x": strings((10, 10_000))}) == 100_000
    assert values_asked_for({"x": strings((0, 10_000)), "y": strings((3,), b"a")}) == 10_003
    assert values_asked_for({"x": strings([1] * 10**5)}) == 1


def test_values_beyond_the_shape_are_not_counted():
    tensor = read(strings((2,), b"a", b"b", *[b"c" * 9_000] * 3))
    assert tensor.tolist() == [b"a", b"b"]
    assert read(proto(types_pb2.DT_INT32, (2,), int_val=range(100_000))).tolist() == [0, 1]


def test_a_long_field_is_read_in_slices():
    values = np.arange(150_000, dtype=np.int32)
    made = proto(types_pb2.DT_INT32, (150_001,), int_val=values.tolist())
    np.testing.assert_array_equal(read(made, 10**6), [*values, values[-1]])


def test_what_is_left_over_or_too_wide_is_dropped_as_tensorflow_drops_it():
    for made in (
        proto(float_val=[1, 2, 3]),
        proto(types_pb2.DT_UINT8, int_val=[-1, 300]),
        proto(types_pb2.DT_INT16, int_val=[70_000]),
        proto(types_pb2.DT_COMPLEX64, scomplex_val=[1, 2, 3]),
        proto(types_pb2.DT_BOOL),
    ):
        theirs = tf.io.parse_tensor(made.SerializeToString(), made.dtype).numpy()
        assert read(made).dtype == theirs.dtype
        np.testing.assert_array_equal(read(made), theirs)
