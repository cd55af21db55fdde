"""Rubbish over gRPC: the codes of TensorFlow Serving, no crash, nothing kept.

More than 10,000 requests; the same ones every time.
"""

import math
import socket
from collections.abc import Iterator
from random import Random
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st
from tensorflow.core.framework import types_pb2
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from kit.serving import ServingError, tensors_from_protos
from tests.serving.process import Serving
from tests.serving.storm import (
    SHARE,
    Held,
    assert_as_before,
    held,
    mutated,
    same_every_time,
    served,
)

CODE = grpc.StatusCode
METHODS = [
    *(f"PredictionService/{m}" for m in ("Predict", "GetModelMetadata", "Classify", "Regress")),
    "ModelService/GetModelStatus",
]
# What a mistake may be called; UNIMPLEMENTED is for methods that are not there.
MISTAKES = {CODE.INVALID_ARGUMENT, CODE.NOT_FOUND, CODE.FAILED_PRECONDITION}
MISTAKES |= {CODE.RESOURCE_EXHAUSTED, CODE.OUT_OF_RANGE}
MOST_BYTES = 1024 * 1024


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    yield from served(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def channel(serving: Serving) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(serving.grpc) as open_channel:
        yield open_channel


@pytest.fixture(scope="module", autouse=True)
def before(serving: Serving, channel: grpc.Channel) -> Held:
    """What the server holds once it has seen a bit of everything."""
    random = Random(0)
    for turn in range(1000):
        ask(channel, mutated(random, SEEDS), METHODS[turn % len(METHODS)])
    return held(serving)


def ask(channel: grpc.Channel, message: bytes, method: str = METHODS[0], **how: Any) -> Any:
    """The answer's bytes, or the code of a mistake."""
    call = channel.unary_unary(f"/tensorflow.serving.{method}")
    try:
        return call(message, timeout=10, **how)
    except grpc.RpcError as caught:
        error = caught
    assert error.code() in MISTAKES, (error.code(), error.details())
    assert "Traceback" not in error.details()
    return error.code()


def request_for(signature: str = "", model: str = "kinds", **inputs: Any) -> PredictRequest:
    request = PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


RIGHT = request_for(x=np.array([[1, 2]], np.float32))
STATUS = get_model_status_pb2.GetModelStatusRequest(model_spec=RIGHT.model_spec)
METADATA = get_model_metadata_pb2.GetModelMetadataRequest(
    model_spec=RIGHT.model_spec, metadata_field=["signature_def"]
)
ROWS = request_for("rows", d=[0.5], i=[[1, 2]], b=[True], u=np.array([7], np.uint8), s=["text"])
MIXED = request_for("mixed", n=np.int64(1), flag=True, text=[b"a"])
SEEDS = [m.SerializeToString() for m in (RIGHT, ROWS, MIXED, STATUS, METADATA)]


@pytest.mark.parametrize("method", METHODS)
def test_messages_with_broken_bytes(channel, method):
    """1,500 requests for each of five methods where FUZZ=full."""
    random = Random(method)
    for _ in range(1500 // SHARE):
        ask(channel, mutated(random, SEEDS), method)


@pytest.mark.parametrize("method", METHODS)
def test_random_bytes(channel, method):
    """300 requests for each of five methods where FUZZ=full."""
    random = Random(method)
    for _ in range(300 // SHARE):
        ask(channel, random.randbytes(random.randint(0, 200)), method)


def test_nothing_is_no_model(channel):
    for method in METHODS:
        assert ask(channel, b"", method) is CODE.INVALID_ARGUMENT


sizes = st.one_of(
    st.integers(0, 4),
    st.sampled_from([-1, -(2**63), 2**31, 2**32 + 1, 2**62, 2**63 - 1]),
)
dtypes = st.one_of(st.sampled_from(types_pb2.DataType.values()), st.integers(0, 300))
int32s, int64s = st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)


@st.composite
def tensor_protos(draw: st.DrawFn) -> Any:
    """Any type with any shape and any content, mostly one that is nearly right."""
    proto = TensorProto()
    dtype = draw(dtypes)
    proto.dtype = draw(st.sampled_from([dtype, types_pb2.DT_FLOAT, types_pb2.DT_STRING]))
    shape = draw(st.lists(sizes, max_size=draw(st.sampled_from([2, 2, 4, 40]))))
    for size in draw(st.sampled_from([shape, [1, 2], [2], []])):
        proto.tensor_shape.dim.add(size=size)
    proto.tensor_shape.unknown_rank = draw(st.integers(0, 9)) == 0
    proto.version_number = draw(st.sampled_from([0, 0, 0, 1, -1]))
    contents = {
        "tensor_content": st.one_of(st.binary(max_size=20), st.just(b"\0" * 8)),
        "float_val": st.lists(st.floats(width=32), max_size=4),
        "double_val": st.lists(st.floats(), max_size=3),
        "int_val": st.lists(int32s, max_size=3),
        "int64_val": st.lists(int64s, max_size=3),
        "uint32_val": st.lists(st.integers(0, 2**32 - 1), max_size=3),
        "uint64_val": st.lists(st.integers(0, 2**64 - 1), max_size=3),
        "bool_val": st.lists(st.booleans(), max_size=3),
        "half_val": st.lists(int32s, max_size=3),
        "string_val": st.lists(st.binary(max_size=4), max_size=4),
        "scomplex_val": st.lists(st.floats(width=32), max_size=4),
        "dcomplex_val": st.lists(st.floats(), max_size=4),
    }
    for name in draw(st.lists(st.sampled_from(sorted(contents)), max_size=2)):
        value = draw(contents[name])
        if name == "tensor_content":
            proto.tensor_content = value
        else:
            getattr(proto, name).extend(value)
    if draw(st.integers(0, 9)) == 0:
        proto.resource_handle_val.add(name="handle", device="/cpu:0")
        proto.variant_val.add(type_name="variant", metadata=b"\xff")
    return proto


names = st.one_of(st.sampled_from(["x", "d", "i", "b", "u", "s", "n", "text"]), st.text(max_size=3))
models = st.sampled_from(["kinds", "kinds", "kinds", "nope", "", "🫖" * 3000, "\0"])
signatures = st.sampled_from(["", "serving_default", "rows", "mixed", "halves", "complex", "nope"])


@same_every_time(1000)
@given(data=st.data())
def test_every_field_of_a_request(channel, data):
    """1,000 requests."""
    request = data.draw(st.sampled_from([RIGHT, ROWS, MIXED]).map(copied))
    spec = request.model_spec
    for name, proto in data.draw(st.dictionaries(names, tensor_protos(), max_size=2)).items():
        request.inputs[name].CopyFrom(proto)
    if data.draw(st.booleans()):
        request.output_filter.extend(data.draw(st.lists(names, max_size=2)))
        spec.name = data.draw(models)
        spec.signature_name = data.draw(signatures)
        spec.version.value = data.draw(st.one_of(st.sampled_from([0, 1]), int64s))
    elif data.draw(st.booleans()):
        spec.version_label = data.draw(st.text(max_size=3))
    answer = ask(channel, request.SerializeToString())
    if isinstance(answer, bytes):
        assert PredictResponse.FromString(answer).model_spec.name == "kinds"


def copied(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


@same_every_time(1000)
@given(proto=tensor_protos())
def test_tensors_are_read_as_tensorflow_itself_reads_them(proto):
    """No request: what TensorFlow's own parser takes is taken, with the same values."""
    # Quantised types, those of eight bits and less and many dimensions are in no signature.
    assume(not 11 <= proto.dtype <= 16 and not 24 <= proto.dtype <= 40)
    sizes = [dim.size for dim in proto.tensor_shape.dim]
    assume(len(sizes) <= 32)
    code, ours = "OK", None
    try:
        ours = tensors_from_protos({"x": proto}, MOST_BYTES)["x"]
    except ServingError as error:
        code = error.code
    if code == "RESOURCE_EXHAUSTED":
        # An empty tensor counts by its other dimensions, which a model might fill.
        assert math.prod(max(1, size) for size in sizes) * 16 > MOST_BYTES
        return
    assert code in ("OK", "INVALID_ARGUMENT")
    try:
        theirs = tf.io.parse_tensor(proto.SerializeToString(), proto.dtype).numpy()
    except (tf.errors.OpError, TypeError, ValueError, KeyError, NotImplementedError):
        theirs = None
    assert (ours is None) == (theirs is None), (ours, theirs)
    if ours is not None:
        assert ours.dtype == tf.as_dtype(proto.dtype).as_numpy_dtype
        assert np.array_equal(ours, theirs) or ours.tobytes() == np.asarray(theirs).tobytes()


@same_every_time(100)
@given(
    pairs=st.lists(
        st.tuples(
            st.text("abcdefghijklmnopqrstuvwxyz0123456789_.-", min_size=1, max_size=8),
            st.binary(max_size=300),
        ),
        max_size=5,
    )
)
def test_metadata_is_passed_over(channel, pairs):
    """100 requests."""
    metadata = [(f"x-{name.strip('-')}-bin", value) for name, value in pairs]
    metadata += [(f"x{place}", value.hex()) for place, (_, value) in enumerate(pairs)]
    assert isinstance(ask(channel, RIGHT.SerializeToString(), metadata=metadata), bytes)


def test_a_method_that_is_not_there(channel):
    for path in ("/tensorflow.serving.PredictionService/Nothing", "/a/b", "/tensorflow.serving./"):
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(path)(b"", timeout=10)
        assert caught.value.code() is CODE.UNIMPLEMENTED


@pytest.mark.parametrize("size", [MOST_BYTES - 10, MOST_BYTES + 10, 20 * MOST_BYTES])
def test_large_messages(channel, size):
    assert ask(channel, b"\xff" * size) in (CODE.RESOURCE_EXHAUSTED, CODE.INVALID_ARGUMENT)


def test_what_is_no_grpc(serving):
    """300 connections where FUZZ=full; every other one is given up at once."""
    host, _, port = serving.grpc.rpartition(":")
    random = Random(3)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    for turn in range(300 // SHARE):
        data = mutated(random, [preface, b"GET / HTTP/1.1\r\n\r\n", preface + SEEDS[0]])
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while turn % 2 and connection.recv(65536):
                    pass
            except (ConnectionResetError, BrokenPipeError, OSError):
                pass


def test_calls_that_are_given_up(channel, serving):
    call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    message = RIGHT.SerializeToString()
    for _ in range(200):
        call.future(message, timeout=10).cancel()
    assert isinstance(ask(channel, message), bytes)


def test_after_the_storm(channel, serving, before):
    answer = PredictResponse.FromString(ask(channel, RIGHT.SerializeToString()))
    assert list(answer.outputs["y"].float_val) == [2.0, 4.0]
    assert_as_before(serving, before)
