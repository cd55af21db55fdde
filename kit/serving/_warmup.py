"""Requests a version is given before it answers any other."""

import os
import struct
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from kit.serving._limits import Limits
from kit.serving._signature import signature_of
from kit.serving._status import ServingError, invalid
from kit.serving._tensor_protos import tensors_from_protos
from kit.serving._version import Version

FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MOST = 1000  # as many as TensorFlow Serving reads
# Of a record: its length and a checksum of that, and a checksum of the data behind it.
HEADER_BYTES, FOOTER_BYTES = 12, 4


def warm_up(version: Version, path: Path, limits: Limits) -> int:
    """Run the recorded Predict requests; other kinds are passed over.

    Args:
        version: loaded, and not yet serving.
        path: its folder.
        limits: the server's.

    Returns:
        How many were run.

    Raises:
        ServingError, tf.errors.OpError: a request fails; the version must then not serve.
    """
    if not (path / FILE).is_file():
        return 0
    _check_records(path / FILE, limits.max_body_bytes)
    ran = 0
    for record in tf.data.TFRecordDataset(str(path / FILE)).take(MOST).as_numpy_iterator():
        try:
            log = PredictionLog.FromString(record)
        except DecodeError:
            raise invalid(f"A record of {FILE} is not a PredictionLog") from None
        if not log.HasField("predict_log"):
            continue
        request = log.predict_log.request
        missing = ("FAILED_PRECONDITION", 'Serving signature key "{}" not found.')
        name = request.model_spec.signature_name
        signature = signature_of(version.signatures, name, missing=missing)
        tensors = tensors_from_protos(request.inputs, limits.max_body_bytes)
        signature.check(tensors)
        signature.run(tensors)
        ran += 1
    return ran


def _check_records(file: Path, max_bytes: int) -> None:
    """Bound the records by their headers: TensorFlow allocates what a header asks for."""
    size = os.path.getsize(file)
    with file.open("rb") as stream:
        for _ in range(MOST):
            head = stream.read(HEADER_BYTES)
            if not head:
                return
            length = struct.unpack("<Q", head[:8])[0] if len(head) == HEADER_BYTES else size
            if stream.tell() + length + FOOTER_BYTES > size:
                raise ServingError("DATA_LOSS", f"{FILE} ends in the middle of a record")
            if length > max_bytes:
                raise ServingError(
                    "RESOURCE_EXHAUSTED",
                    f"A record of {FILE} has {length} bytes, at most {max_bytes} are read",
                )
            stream.seek(length + FOOTER_BYTES, os.SEEK_CUR)
