"""Asking a server over gRPC, or a SavedModel itself; both in the words of the REST API."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    SignatureDefMap,
)
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from kit.errors import UserError
from kit.serving._client import REMEDY, Taken, check_signature
from kit.serving._json_answers import json_from
from kit.serving._json_tensors import parse, tensors_from
from kit.serving._limits import Limits
from kit.serving._signature import TensorSpec, specs_of
from kit.serving._status import ServingError, from_exception
from kit.serving._tensor_protos import protos_from_tensors
from kit.serving._version import load_version


class GrpcClient:
    """A model behind TensorFlow Serving's gRPC API.

    Args:
        address: HOST:PORT.
        model: its name.
        version: a number; the newest if None.
        timeout_s: of one request.
    """

    def __init__(
        self, address: str, model: str, *, version: int | None = None, timeout_s: float = 60.0
    ) -> None:
        self._address, self._model = address, model
        self._version, self._timeout_s = version, timeout_s
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._stub = PredictionServiceStub(grpc.insecure_channel(address, options=options))

    def inputs(self, signature: str) -> dict[str, Taken]:
        """What a signature takes; raises UserError as `RestClient.inputs`."""
        return _taken(self._specs(signature))

    def predict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request in row or column format; raises UserError."""
        name = body.get("signature_name", "serving_default")
        tensors, rows = _read(body, name, self._specs(name))
        request = PredictRequest()
        self._fill(request.model_spec, name)
        protos_from_tensors(tensors, request.inputs)
        response = self._ask(self._stub.Predict, request)
        outputs = {n: tf.make_ndarray(response.outputs[n]) for n in sorted(response.outputs)}
        return dict(json.loads(json_from(outputs, rows)))

    def _specs(self, signature: str) -> dict[str, TensorSpec]:
        request = GetModelMetadataRequest(metadata_field=["signature_def"])
        self._fill(request.model_spec, "")
        response = self._ask(self._stub.GetModelMetadata, request)
        found = SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        check_signature(signature, found.signature_def, self._address)
        return specs_of(found.signature_def[signature].inputs)

    def _fill(self, spec: Any, signature: str) -> None:
        spec.name, spec.signature_name = self._model, signature
        if self._version is not None:
            spec.version.value = self._version

    def _ask(self, method: Any, request: Any) -> Any:
        try:
            return method(request, self._timeout_s)
        except grpc.RpcError as error:
            code, message = error.code(), error.details()
            where = f"{self._address} ({code.name})"
            if code is grpc.StatusCode.UNAVAILABLE:
                raise UserError(f"No answer: {message}.", where=where, remedy=REMEDY) from None
            if code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
                raise RuntimeError(f"{code.name}: {message}") from None
            raise UserError(str(message), where=where) from None


class LocalClient:
    """A SavedModel in this process.

    Args:
        path: the version's folder.
        trust: load it also if it could do what no export of this kit does.
    """

    def __init__(self, path: Path, *, trust: bool = False) -> None:
        self._path, self._limits = path, Limits(trust=trust)
        self._version = load_version(path, self._limits)

    def inputs(self, signature: str) -> dict[str, Taken]:
        """What a signature takes; raises UserError as `RestClient.inputs`."""
        check_signature(signature, self._version.signatures, str(self._path))
        return _taken(self._version.signatures[signature].inputs)

    def predict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request in row or column format; raises UserError."""
        name = body.get("signature_name", "serving_default")
        check_signature(name, self._version.signatures, str(self._path))
        signature = self._version.signatures[name]
        tensors, rows = _read(body, name, signature.inputs)
        try:
            signature.check(tensors)
            return dict(json.loads(json_from(signature.run(tensors), rows)))
        except (ServingError, tf.errors.OpError) as error:
            raise UserError(from_exception(error).message, where=str(self._path)) from error


def _read(body: Mapping[str, Any], name: str, inputs: Mapping[str, TensorSpec]) -> Any:
    try:
        return tensors_from(parse(json.dumps(body).encode()), name, inputs)
    except ServingError as error:
        raise UserError(error.message, where=f"signature {name}") from None


def _taken(specs: Mapping[str, TensorSpec]) -> dict[str, Taken]:
    return {name: Taken(spec.dtype == "string", spec.batched) for name, spec in specs.items()}
