"""TensorFlow Serving's REST API, version 1."""

import asyncio
import json
import re
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, perf_counter
from typing import Any
from urllib.parse import unquote

from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kit.serving._budget import Reservation
from kit.serving._json_answers import json_from
from kit.serving._json_tensors import parse, tensors_from
from kit.serving._limits import Limits
from kit.serving._metrics import Metrics
from kit.serving._models import Models
from kit.serving._signature import Tensors, bytes_of, lengths, signature_of
from kit.serving._status import ServingError, from_exception, invalid
from kit.serving._status_protos import metadata_of, refuse_method, status_of
from kit.serving._version import Version

PLACE = r"(?i:/v1/models/(?P<model>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
PREDICTION = re.compile(PLACE + r":(?P<method>classify|regress|predict))")
STATUS = re.compile(PLACE + r"(?P<method>/metadata)?)")
# A target may name the server as well, as a proxy's does.
ABSOLUTE = re.compile(r"(?i)https?://[^/]*(?=/)")
METRICS_PATHS = ("/monitoring/prometheus/metrics", "/metrics")
# Above this a body or an answer is worth a thread of its own: the others must not wait for it.
LARGE = 32 * 1024
# What is sent at once: the rest waits until the client has taken it, and is counted meanwhile.
SENT_AT_ONCE = 256 * 1024


def rest_app(models: Models, metrics: Metrics, limits: Limits) -> Starlette:
    """The application.

    Args:
        models: what is served.
        metrics: told of every request, and shown at `METRICS_PATHS`.
        limits: the server's.
    """

    async def page(request: Request) -> Response:
        return Response(metrics.page(), media_type="text/plain; version=0.0.4")

    async def alive(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        names = sorted(name for name, version in models.names().items() if version is None)
        status = {"status": "no version answers", "models": names} if names else {"status": "ok"}
        return JSONResponse(status, 503 if names else 200)

    async def listed(request: Request) -> Response:
        found = [{"name": n, "version": v and str(v)} for n, v in sorted(models.names().items())]
        return JSONResponse({"models": found})

    pages = {path: page for path in METRICS_PATHS}
    pages |= {"/healthz": alive, "/livez": alive, "/readyz": ready, "/v1/models": listed}
    routes = [Route(path, one, methods=["GET"]) for path, one in pages.items()]
    app = Starlette(routes=routes)
    # Not a route of its own: targets such as * and http://host/path match none.
    app.router.default = _Api(models, metrics, limits)
    app.router.redirect_slashes = False
    return app


class _Api:
    """Everything below /v1, as TensorFlow Serving cuts up its paths."""

    def __init__(self, models: Models, metrics: Metrics, limits: Limits) -> None:
        self._models, self._metrics, self._limits = models, metrics, limits
        # One thread a model: another model's large bodies do not wait in the same line.
        self._threads: dict[str, ThreadPoolExecutor] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        since = perf_counter()
        request = Request(scope, receive)
        target = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        path = ABSOLUTE.sub("", target)
        pattern = {"POST": PREDICTION, "GET": STATUS}.get(request.method)
        match = pattern.fullmatch(path) if pattern else None
        model, method, code = "", "unknown", "OK"
        if match is not None:
            model, method = unquote(match["model"]), _method(match)
        held = self._models.budget.reservation(self._models.label(model))
        try:
            try:
                if match is None:
                    raise _malformed(request.method, path)
                # The whole of it, so that a body that trickles in holds nothing for long.
                async with asyncio.timeout(self._limits.request_timeout_s):
                    body = await self._answer(request, match, model, method, held)
                response = Response(body, media_type="application/json")
            except ClientDisconnect:
                return
            except (Exception, asyncio.CancelledError) as error:
                failure = from_exception(error)
                code = failure.code
                response = Response(
                    json.dumps({"error": failure.message}),
                    failure.http,
                    media_type="application/json",
                )
                if failure.http in (413, 415, 429):
                    response.headers["connection"] = "close"
            finally:
                seconds = perf_counter() - since
                self._metrics.answered(self._models.label(model), method, "REST", code, seconds)
            await _send(response, scope, receive, send)
        finally:
            held.release()

    async def _answer(
        self, request: Request, match: re.Match[str], model: str, method: str, held: Reservation
    ) -> bytes:
        deadline = monotonic() + self._limits.request_timeout_s
        version = _number(match["version"])
        label = unquote(match["label"] or "")
        if method == "status":
            if label:
                version = self._models.labelled(model, label)
            return _json(status_of(self._models.states(model, version)))
        if method == "metadata":
            with self._models.use(model, version, label) as used:
                return _metadata(model, used)
        body = await self._body(request, held)
        held.admit()
        with self._models.use(model, version, label) as used:
            future, rows = await self._aside(
                model, held, len(body), self._submit, used, method, body, deadline, held
            )
            del body
            outputs = await asyncio.wrap_future(future)
            size = answer_bytes(outputs)
            held.grow(size)
            answer: bytes = await self._aside(model, held, size, json_from, outputs, rows)
            return answer

    def _submit(
        self, used: Version, method: str, body: bytes, deadline: float, held: Reservation
    ) -> "tuple[Future[Tensors], bool]":
        document = parse(body)
        name = document.get("signature_name", "")
        if method != "predict":
            refuse_method(used, name, method)
        signature = signature_of(
            used.signatures,
            name,
            missing=("INVALID_ARGUMENT", 'Serving signature name: "{}" not found in signature def'),
        )
        tensors, rows = tensors_from(document, signature.name, signature.inputs)
        held.grow(bytes_of(tensors))
        return used.submit(signature.name, tensors, deadline, held), rows

    async def _aside(
        self, model: str, held: Reservation, size: int, function: Any, *arguments: Any
    ) -> Any:
        """Call a function, in a thread where it may take long."""
        if size < LARGE:
            return function(*arguments)

        def converted() -> Any:
            with self._models.budget.conversion():
                return function(*arguments)

        threads = self._threads.setdefault(model, ThreadPoolExecutor(1, "kit-serving-json"))
        future = threads.submit(converted)
        # It goes on when the request is over before.
        held.share()
        future.add_done_callback(lambda _: held.release())
        return await asyncio.wrap_future(future)

    async def _body(self, request: Request, held: Reservation) -> bytes:
        most = self._limits.max_body_bytes
        too_large = ServingError(
            "INVALID_ARGUMENT", f"The body is larger than {most} bytes", http=413
        )
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > most:
            raise too_large
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise ServingError("INVALID_ARGUMENT", "A compressed body is not accepted", http=415)
        body = bytearray()
        async for chunk in request.stream():
            if len(body) + len(chunk) > most:
                raise too_large
            held.grow(len(chunk))
            body += chunk
        return bytes(body)


async def _send(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    body = bytes(response.body)
    if len(body) <= SENT_AT_ONCE:
        await response(scope, receive, send)
        return
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    for start in range(0, len(body), SENT_AT_ONCE):
        piece, more = body[start : start + SENT_AT_ONCE], start + SENT_AT_ONCE < len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more})


def answer_bytes(outputs: Tensors) -> int:
    """Bound of the memory that an answer takes while it is written as JSON."""
    size = 0
    for tensor in outputs.values():
        # A number is 32 characters of four bytes on its way to text; a string may be all escapes.
        size += 160 * tensor.size
        if tensor.dtype == object:
            size += 8 * int(lengths(tensor).sum())
    return size


def _method(match: re.Match[str]) -> str:
    return (match["method"] or "status").lstrip("/").lower()


def _malformed(method: str, path: str) -> ServingError:
    message = f"Malformed request: {method} {path}"
    if not path.lower().startswith("/v1/"):
        return ServingError("NOT_FOUND", message)
    if method == "GET" and path.lower() in ("/v1/models/", "/v1/models/metadata"):
        return invalid("Missing model name in request.")
    return invalid(message)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if len(text) > 20 or int(text) >= 2**63:
        raise invalid(f"Failed to convert version: {text[:40]} to numeric.")
    return int(text)


def _json(message: Any) -> bytes:
    fields = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return json.dumps(fields, indent=1).encode()


def _metadata(model: str, used: Version) -> bytes:
    spec, signatures = metadata_of(model, used)
    return b'{\n"model_spec":%b,\n"metadata": {"signature_def": %b}\n}\n' % (
        _json(spec),
        _json(signatures),
    )
