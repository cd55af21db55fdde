"""Requests that TensorFlow Serving runs before it lets a new version answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit.artefact import Signature, with_bytes

# TensorFlow Serving looks for this name in assets.extra and takes at most 1,000 records of it.
WARMUP = "tf_serving_warmup_requests"


def write_warmup(
    file: Path, recorded: Mapping[str, Any], signatures: Mapping[str, Signature]
) -> None:
    """Write the recorded inputs as warm-up requests: the first row alone, then the whole batch.

    Args:
        file: where to, a TFRecord file of PredictionLog.
        recorded: signature to `{"inputs": ...}`, as lists.
        signatures: of the SavedModel; their inputs say which types to send. What it does not have
            gets no request.
    """
    with tf.io.TFRecordWriter(str(file)) as writer:
        for name in (name for name in recorded if name in signatures):
            for inputs in _batches(recorded[name]["inputs"], signatures[name]):
                log = prediction_log_pb2.PredictionLog()
                request = log.predict_log.request
                request.model_spec.signature_name = name
                for key, value in inputs.items():
                    spec = signatures[name].inputs[key]
                    request.inputs[key].CopyFrom(
                        tf.make_tensor_proto(with_bytes(value), spec.dtype)
                    )
                writer.write(log.SerializeToString(deterministic=True))


def _batches(inputs: Mapping[str, Any], signature: Signature) -> list[Mapping[str, Any]]:
    """One row and all rows, where every input has rows; else the inputs as they are."""
    shapes = [signature.inputs[key].shape for key in inputs]
    if all(shape and shape[0] is None for shape in shapes):
        return [{key: value[:1] for key, value in inputs.items()}, inputs]
    return [inputs]
