"""TensorFlow Serving's gRPC services."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from time import monotonic, perf_counter
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import (
    classification_pb2,
    model_service_pb2,
    prediction_service_pb2,
    regression_pb2,
)
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
)
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from kit.serving._budget import FREE, Reservation
from kit.serving._limits import CANCELLATION_S, Limits
from kit.serving._metrics import Metrics
from kit.serving._models import Models
from kit.serving._protocol import most_connections
from kit.serving._signature import Tensors, bytes_of, signature_of
from kit.serving._status import ServingError, from_exception, invalid
from kit.serving._status_protos import metadata_of, refuse_method, status_of
from kit.serving._tensor_protos import protos_from_tensors, tensors_from_protos, values_asked_for

# Each request under way holds one; most of them wait for their batch.
MOST_THREADS, LEAST_THREADS = 256, 32
# Values of a request that take long to convert, and the least memory that each of them takes.
MANY, OF_A_VALUE = 8192, 8
SERVICES = (
    prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name,
    model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name,
    health.SERVICE_NAME,
    reflection.SERVICE_NAME,
)
UNKNOWN = ("FAILED_PRECONDITION", 'Serving signature key "{}" not found.')


@dataclass
class _Call:
    """What is known of a request while it is answered."""

    deadline: float
    model: str = ""
    held: Reservation | None = None
    tensors: Tensors = field(default_factory=dict)

    def release(self) -> None:
        """End the hold of memory, if it has begun."""
        if self.held is not None:
            self.held.release()
            self.held = None


Answer = Callable[[Any, _Call], bytes]


class GrpcServer:
    """PredictionService and ModelService on a port.

    Args:
        models: what is served.
        metrics: told of every request.
        limits: the server's.
    """

    def __init__(self, models: Models, metrics: Metrics, limits: Limits) -> None:
        self._models, self._metrics, self._limits = models, metrics, limits
        # A message is received by the thread that answers it: so many may be in memory, uncounted.
        threads = limits.max_memory_bytes // limits.max_body_bytes
        threads = max(LEAST_THREADS, min(MOST_THREADS, threads))
        self._threads_a_model = threads // 2
        self._threads: dict[str, BoundedSemaphore] = {}
        self._server = grpc.server(
            ThreadPoolExecutor(threads, "kit-serving-grpc"),
            options=[
                ("grpc.max_receive_message_length", limits.max_body_bytes),
                ("grpc.max_send_message_length", -1),
                # Without it a second server takes the same port, and half of the requests.
                ("grpc.so_reuseport", 0),
                # Files of the process are for REST and for loading models, too.
                ("grpc.max_allowed_incoming_connections", most_connections()),
            ],
            maximum_concurrent_rpcs=limits.max_pending,
        )
        for service, methods in self._services().items():
            handlers = {name: self._handler(name, *parts) for name, parts in methods.items()}
            name = f"tensorflow.serving.{service}"
            generic = grpc.method_handlers_generic_handler(name, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(SERVICES, self._server)
        models.on_change = self._tell_health

    def bind(self, address: str) -> int:
        """Take a port; returns its number.

        Raises:
            RuntimeError: it is taken.
        """
        port: int = self._server.add_insecure_port(address)
        return port

    def _tell_health(self, model: str, answers: bool) -> None:
        """A model is a service of gRPC's health checks; "" is the server."""
        status = health_pb2.HealthCheckResponse
        self._health.set(model, status.SERVING if answers else status.NOT_SERVING)

    def start(self) -> None:
        """Begin to answer."""
        self._tell_health("", True)
        self._server.start()

    def stop(self, grace_s: float) -> None:
        """Refuse what is new, finish what is under way."""
        self._health.enter_graceful_shutdown()
        # Bounded: a call that does not end when it is cancelled would hold everything up.
        self._server.stop(grace_s).wait(grace_s + CANCELLATION_S)

    def _services(self) -> dict[str, dict[str, tuple[Any, Answer]]]:
        return {
            "PredictionService": {
                "Predict": (PredictRequest, self._predict),
                "GetModelMetadata": (GetModelMetadataRequest, self._metadata),
                "Classify": (classification_pb2.ClassificationRequest, self._classify),
                "Regress": (regression_pb2.RegressionRequest, self._regress),
            },
            "ModelService": {"GetModelStatus": (GetModelStatusRequest, self._status)},
        }

    def _handler(self, method: str, request_class: Any, answer: Answer) -> Any:
        label = method.lower()

        def handle(raw: bytes, context: Any) -> bytes:
            since, failure, response = perf_counter(), None, b""
            asked = context.time_remaining()
            most = self._limits.request_timeout_s
            call = _Call(monotonic() + (most if asked is None else min(most, asked)))
            try:
                response = self._answer(request_class, raw, answer, call)
            except DecodeError:
                failure = invalid("The message is no " + request_class.DESCRIPTOR.name)
            except Exception as error:
                failure = from_exception(error)
            seconds, code = perf_counter() - since, failure.code if failure else "OK"
            self._metrics.answered(self._models.label(call.model), label, "gRPC", code, seconds)
            # A large answer is held until the client has taken it.
            if len(response) <= FREE or not context.add_callback(call.release):
                call.release()
            if failure:
                context.abort(grpc.StatusCode[failure.code], _detail(failure.message))
            return response

        # Bytes in, bytes out: what cannot be parsed is then ours to answer, without a traceback.
        return grpc.unary_unary_rpc_method_handler(handle)

    def _answer(self, request_class: Any, raw: bytes, answer: Answer, call: "_Call") -> bytes:
        budget = self._models.budget
        call.held = budget.reservation("")
        call.held.grow(len(raw))
        # A message of many small parts, or of few that stand for many, takes many times its size:
        # one of them at a time.
        with budget.conversion() if len(raw) > FREE else nullcontext():
            request = request_class.FromString(raw)
            if not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            call.model = request.model_spec.name
            label = self._models.label(call.model)
            call.release()
            call.held = budget.reservation(label)
            call.held.grow(len(raw))
            call.held.admit()
            if request_class is PredictRequest and label and len(raw) > FREE:
                self._convert(request, call)
        if request_class is PredictRequest and label and len(raw) <= FREE:
            many = values_asked_for(request.inputs) > MANY
            with budget.conversion() if many else nullcontext():
                self._convert(request, call)
        with self._threads_of(label):
            return answer(request, call)

    def _convert(self, request: Any, call: "_Call") -> None:
        assert call.held is not None
        # What there is no room for need not be converted.
        most = self._limits.max_body_bytes
        expected = OF_A_VALUE * min(most, values_asked_for(request.inputs))
        call.held.grow(expected)
        call.tensors = tensors_from_protos(request.inputs, most)
        call.held.grow(max(0, bytes_of(call.tensors) - expected))
        request.ClearField("inputs")

    @contextmanager
    def _threads_of(self, label: str) -> Iterator[None]:
        """One of the threads that a model may hold."""
        threads = self._threads.setdefault(label, BoundedSemaphore(self._threads_a_model))
        if not threads.acquire(blocking=False):
            raise ServingError("UNAVAILABLE", "Too many requests of this model are under way")
        try:
            yield
        finally:
            threads.release()

    def _predict(self, request: Any, call: "_Call") -> bytes:
        spec = request.model_spec
        with self._models.use(spec.name, _version(spec), spec.version_label) as used:
            assert call.held is not None
            signature = signature_of(used.signatures, spec.signature_name, missing=UNKNOWN)
            wanted = _wanted(request.output_filter, signature.outputs)
            future = used.submit(signature.name, call.tensors, call.deadline, call.held)
            call.tensors = {}
            try:
                outputs = future.result(call.deadline - monotonic())
            except TimeoutError:
                future.cancel()
                raise
            call.held.grow(2 * bytes_of(outputs))
            response = PredictResponse()
            response.model_spec.name = spec.name
            response.model_spec.signature_name = signature.name
            response.model_spec.version.value = used.number
            protos_from_tensors({name: outputs[name] for name in wanted}, response.outputs)
        return bytes(response.SerializeToString())

    def _metadata(self, request: Any, call: "_Call") -> bytes:
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for name in request.metadata_field:
            if name != "signature_def":
                raise invalid(f"Metadata field {name} is not supported")
        spec = request.model_spec
        response = GetModelMetadataResponse()
        with self._models.use(spec.name, _version(spec), spec.version_label) as used:
            model_spec, signatures = metadata_of(spec.name, used)
        response.model_spec.CopyFrom(model_spec)
        response.metadata["signature_def"].Pack(signatures)
        return bytes(response.SerializeToString())

    def _classify(self, request: Any, call: "_Call") -> bytes:
        return self._refuse(request.model_spec, "classify")

    def _regress(self, request: Any, call: "_Call") -> bytes:
        return self._refuse(request.model_spec, "regress")

    def _refuse(self, spec: Any, method: str) -> bytes:
        with self._models.use(spec.name, _version(spec), spec.version_label) as used:
            refuse_method(used, spec.signature_name, method)
        return b""

    def _status(self, request: Any, call: "_Call") -> bytes:
        spec = request.model_spec
        version = _version(spec)
        if spec.version_label:
            version = self._models.labelled(spec.name, spec.version_label)
        states = self._models.states(spec.name, version)
        return bytes(status_of(states).SerializeToString())


def _detail(message: str) -> str:
    """A status travels in a header of at most 8 KiB, where a byte that is no ASCII takes three."""
    return message.encode(errors="replace")[:2000].decode(errors="ignore")


def _version(spec: Any) -> int | None:
    return spec.version.value if spec.HasField("version") else None


def _wanted(output_filter: Any, outputs: Any) -> list[str]:
    wanted: list[str] = []
    for name in output_filter:
        if name not in outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {{{','.join(outputs)}}}."
            )
        if name in wanted:
            raise invalid(f"duplicate output tensor alias: {name}")
        wanted.append(name)
    return wanted or list(outputs)
