import struct

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from kit.serving import Limits, Metrics, Models, ServingError, load_version, warm_up
from kit.serving._warmup import FILE
from tests.serving.parts import drop_in


def recorded(signature: str, **inputs: np.ndarray) -> PredictionLog:
    log = PredictionLog()
    request = log.predict_log.request
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return log


def write(version, *logs: PredictionLog) -> None:
    path = version / FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


@pytest.fixture
def folder(saved, tmp_path):
    (tmp_path / "m").mkdir()
    drop_in(saved / "kinds" / "1", tmp_path / "m" / "1")
    return tmp_path


def repeated(count: int, text: bytes) -> PredictionLog:
    """A small request whose one string stands for many."""
    log = recorded("mixed", text=np.array([text], object))
    log.predict_log.request.inputs["text"].tensor_shape.dim[0].size = count
    return log


GOOD = recorded("picky", x=np.float32([4]))


def test_recorded_requests_are_run(folder):
    version = load_version(folder / "m" / "1", Limits())
    assert warm_up(version, folder / "m" / "1", Limits()) == 0
    other = PredictionLog()
    other.classify_log.SetInParent()
    write(folder / "m" / "1", GOOD, other, recorded("", x=np.float32([[1, 2]])))
    assert warm_up(version, folder / "m" / "1", Limits()) == 2
    version.close()


BAD = [
    (recorded("picky", x=np.float32([-1])), "INVALID_ARGUMENT", "negative row"),
    (recorded("nope"), "FAILED_PRECONDITION", 'Serving signature key "nope" not found.'),
    (
        repeated(3_000_000, b""),
        "RESOURCE_EXHAUSTED",
        "Input text asks for more than 16777216 bytes",
    ),
    (repeated(20_000, b"a" * 900), "RESOURCE_EXHAUSTED", "Input text asks for more than"),
]


@pytest.mark.parametrize(
    ("log", "code", "message"), BAD, ids=["input", "signature", "empty strings", "repeated string"]
)
def test_a_version_whose_warm_up_fails_does_not_serve(folder, log, code, message):
    drop_in(folder / "m" / "1", folder / "m" / "2")
    write(folder / "m" / "1", GOOD)
    write(folder / "m" / "2", GOOD, log)
    models = Models(folder, Limits(), Metrics())
    models.refresh()
    assert models.names() == {"m": None}
    ((_, state),) = models.states("m")
    assert (state.state, state.code) == ("END", code)
    assert message in state.message
    models.stop()


FRAMES = {
    "a length beyond the file": (struct.pack("<Q", 2**40) + bytes(20), "middle of a record"),
    "half a header": (b"\0" * 7, "middle of a record"),
    "a record above the limit": (struct.pack("<Q", 2000) + bytes(2008), "has 2000 bytes, at most"),
}


@pytest.mark.parametrize(("content", "message"), FRAMES.values(), ids=FRAMES)
def test_records_are_bounded_before_they_are_read(folder, content, message):
    version = load_version(folder / "m" / "1", Limits())
    write(folder / "m" / "1")
    (folder / "m" / "1" / FILE).write_bytes(content)
    with pytest.raises(ServingError, match=message):
        warm_up(version, folder / "m" / "1", Limits(max_body_bytes=1000))
    version.close()
