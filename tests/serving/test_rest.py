import gzip
import json
import re
import socket
from itertools import count

import httpx
import pytest

from kit.serving import Server
from tests.serving.parts import drop_in, error_of, predict, together, url

DEEP = b"[" * 100_000
ROW = {"n": 1, "flag": True, "text": ["a"]}


def post(server, path: str, body: bytes = b"{}") -> httpx.Response:
    return httpx.post(url(server, path), content=body, timeout=30)


def test_status(server):
    expected = {
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
    for path in ("/v1/models/kinds", "/v1/models/kinds/versions/1", "/V1/Models/kinds?x=1"):
        response = httpx.get(url(server, path))
        assert (response.status_code, response.json()) == (200, expected)
        assert response.headers["content-type"] == "application/json"


def test_metadata(server):
    for place in ("", "/versions/1"):
        answer = httpx.get(url(server, f"/v1/models/shop{place}/metadata")).json()
        assert answer["model_spec"] == {"name": "shop", "signature_name": "", "version": "1"}
        signatures = answer["metadata"]["signature_def"]["signature_def"]
        default = signatures["serving_default"]
        assert default["method_name"] == "tensorflow/serving/predict"
        assert default["inputs"]["user_id"]["dtype"] == "DT_STRING"
        shape = default["outputs"]["score"]["tensor_shape"]
        assert [dim["size"] for dim in shape["dim"]] == ["-1", "5"]
        assert shape["unknown_rank"] is False


GET_ERRORS = [
    ("/v1/models/nope", 404, "Could not find any versions of model nope"),
    ("/v1/models/kinds/versions/7", 404, "Could not find version 7 of model kinds"),
    ("/v1/models/kinds/labels/stable", 400, "Unrecognized servable version label: stable"),
    ("/v1/models/nope/metadata", 404, "Servable not found for request: Latest(nope)"),
    ("/v1/models/kinds/versions/7/metadata", 404, "Servable not found for request: Specific(kinds"),
    ("/v1/models/kinds/versions/" + "9" * 30, 400, "Failed to convert version: 999"),
    ("/v1/models/", 400, "Missing model name in request."),
    ("/v1/models/kinds:predict", 400, "Malformed request: GET /v1/models/kinds:predict"),
    ("/v1/anything", 400, "Malformed request: GET /v1/anything"),
    ("/", 404, "Malformed request: GET /"),
]


@pytest.mark.parametrize(("path", "code", "message"), GET_ERRORS, ids=count())
def test_what_is_not_there(server, path, code, message):
    response = httpx.get(url(server, path))
    assert response.status_code == code
    assert error_of(response).startswith(message)


POST_ERRORS = [
    ("/v1/models/nope:predict", b'{"instances":[1]}', 404, "Servable not found for request: La"),
    ("/v1/models/kinds/versions/9:predict", b'{"instances":[1]}', 404, "Servable not found for"),
    ("/v1/models/kinds/labels/new:predict", b"{}", 400, "Unrecognized servable version label: new"),
    ("/v1/models/kinds", b"", 400, "Malformed request: POST /v1/models/kinds"),
    ("/v1/models/kinds:explain", b"", 400, "Malformed request: POST /v1/models/kinds:explain"),
    ("/v1/models/kinds:classify", b'{"examples":[{}]}', 400, "Expected classification signature"),
    ("/v1/models/kinds:regress", b'{"examples":[{}]}', 400, "Expected a regression signature"),
    ("/v1/models/kinds:regress", b'{"signature_name":"no"}', 400, "No signature was found with"),
]


@pytest.mark.parametrize(("path", "body", "code", "message"), POST_ERRORS, ids=count())
def test_what_cannot_be_asked(server, path, body, code, message):
    response = post(server, path, body)
    assert (response.status_code, error_of(response)[: len(message)]) == (code, message)


def test_the_model_s_own_refusal_is_the_client_s_mistake(server):
    response = predict(server, "kinds", {"signature_name": "picky", "instances": [-1.0]})
    assert response.status_code == 400
    assert "negative row" in error_of(response)


def test_a_bad_row_fails_alone(server):
    """Requests that run together do not share their faults."""

    def ask(place: int) -> tuple[int, object]:
        value = -1.0 if place == 3 else float(place * place)
        body = {"signature_name": "picky", "instances": [value]}
        response = predict(server, "kinds", body)
        return response.status_code, response.json().get("predictions")

    for _ in range(5):
        answers = together(ask, 8)
        assert answers.pop(3)[0] == 400
        assert answers == [(200, [float(place)]) for place in (0, 1, 2, 4, 5, 6, 7)]


def test_rows_need_outputs_of_one_length(server):
    body = {"signature_name": "mixed", "instances": [ROW]}
    response = predict(server, "kinds", body)
    assert response.status_code == 400
    assert "Input flag has shape [1], the signature expects []" in error_of(response)


BOUNDS = [
    (b'{"instances":' + DEEP, "JSON Parse error: Nested too deeply."),
    (json.dumps({"instances": [[1, 2]] * 65}).encode(), "Task size 65 is larger than maximum"),
    (
        json.dumps({"signature_name": "rows", "inputs": {key: [1] for key in "dibu"}}).encode(),
        "Missing named input: s",
    ),
    (
        json.dumps({"signature_name": "mixed", "inputs": {**ROW, "text": ["x" * 1001]}}).encode(),
        "Input text has a string of 1001 bytes, at most 1000 are taken",
    ),
]


@pytest.mark.parametrize(("body", "message"), BOUNDS, ids=count())
def test_bounds(server, body, message):
    response = predict(server, "kinds", body)
    assert response.status_code == 400
    assert error_of(response).startswith(message)


def test_a_body_that_is_too_large(server):
    large = b" " * (1024 * 1024 + 1)
    chunks = (large[: 64 * 1024] for _ in range(17))
    for content in (large, chunks):
        response = httpx.post(url(server, "/v1/models/kinds:predict"), content=content)
        assert response.status_code == 413
        assert "larger than 1048576 bytes" in error_of(response)


def test_a_long_error_stays_short(server):
    body = json.dumps({"instances": ["x" * 900_000]}).encode()
    assert len(predict(server, "kinds", body).content) < 1000


TARGETS = [
    (b"GET http://somewhere:80/v1/models/kinds", 200, b"AVAILABLE"),
    (b"OPTIONS *", 404, b'{"error": "Malformed request: OPTIONS *"}'),
    (b"CONNECT a:80", 404, b'{"error": "Malformed request: CONNECT a:80"}'),
    (b"GET /metrics/", 404, b'{"error": "Malformed request: GET /metrics/"}'),
    (b"POST /metrics", 405, b"Method Not Allowed"),
]


@pytest.mark.parametrize(("line", "code", "content"), TARGETS, ids=range(len(TARGETS)))
def test_targets_that_are_no_path(server, line, code, content):
    head = line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.rest_port)) as connection:
        connection.sendall(head)
        answer = b""
        while got := connection.recv(10_000):
            answer += got
    assert answer.startswith(b"HTTP/1.1 %d " % code)
    assert content in answer


def test_what_is_no_http_is_answered(server):
    with socket.create_connection(("127.0.0.1", server.rest_port)) as connection:
        connection.sendall(b"\x00\xff nonsense\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_metrics(server):
    predict(server, "kinds", {"instances": [[1, 2]]})
    post(server, "/v1/models/made-up-name:predict", b'{"instances":[1]}')
    for path in ("/metrics", "/monitoring/prometheus/metrics"):
        response = httpx.get(url(server, path))
        assert response.headers["content-type"].startswith("text/plain")
    ok = (
        r'kit_serving_requests_total{code="OK",method="predict",model="kinds",protocol="REST"} (.+)'
    )
    assert float(re.search(ok, response.text)[1]) >= 1
    assert 'kit_serving_loaded_version{model="kinds"} 1.0' in response.text
    # Clients make up names; they must not fill the memory.
    assert "made-up-name" not in response.text
    assert 'code="NOT_FOUND",method="predict",model=""' in response.text


def test_a_name_that_must_be_quoted(server, saved, tmp_path):
    (tmp_path / "a model").mkdir()
    drop_in(saved / "kinds" / "1", tmp_path / "a model" / "1")
    with Server(tmp_path) as other:
        assert httpx.get(url(other, "/v1/models/a%20model")).status_code == 200
        answer = post(other, "/v1/models/a%20model:predict", b'{"instances":[[1,2]]}')
        assert answer.json() == {"predictions": [[2.0, 4.0]]}


def test_the_list_of_models(server):
    response = httpx.get(url(server, "/v1/models"))
    found = [{"name": "kinds", "version": "1"}, {"name": "shop", "version": "1"}]
    assert response.json() == {"models": found}


def test_health(server, saved, tmp_path):
    for path in ("/healthz", "/livez", "/readyz"):
        assert httpx.get(url(server, path)).json() == {"status": "ok"}
    (tmp_path / "broken" / "1").mkdir(parents=True)
    with Server(tmp_path) as other:
        assert httpx.get(url(other, "/healthz")).status_code == 200
        response = httpx.get(url(other, "/readyz"))
        assert response.status_code == 503
        assert response.json() == {"status": "no version answers", "models": ["broken"]}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "GZIP"])
def test_a_compressed_body_is_refused_before_it_is_read(server, coding):
    response = httpx.post(
        url(server, "/v1/models/kinds:predict"),
        content=gzip.compress(bytes(10**7)),
        headers={"content-encoding": coding},
    )
    assert response.status_code == 415
    assert error_of(response) == "A compressed body is not accepted"


HOSTS = [
    ("localhost", 200), ("LOCALHOST:8501", 200), ("localhost.", 200), ("127.0.0.1:1", 200),
    ("127.8.8.8", 200), ("[::1]:8501", 200), ("evil.example", 403), ("localhost.evil.example", 403),
    ("127.0.0.1.evil.example", 403), ("10.0.0.1", 403), ("[::2]", 403), ("", 403),
]  # fmt: skip


@pytest.mark.parametrize(("host", "code"), HOSTS)
@pytest.mark.parametrize("path", ["/v1/models/kinds", "/metrics", "/healthz"])
def test_on_loopback_only_its_own_names_are_answered(server, path, host, code):
    assert httpx.get(url(server, path), headers={"host": host}).status_code == code


def test_names_that_were_allowed_are_answered(saved):
    with Server(saved / "kinds", allow_hosts=["Models.example"]) as server:
        for host, code in (("models.example:80", 200), ("localhost", 200), ("other.example", 403)):
            response = httpx.get(url(server, "/healthz"), headers={"host": host})
            assert response.status_code == code


MALFORMED = {
    "lists in lists": b'{"instances":' + b"[" * 900 + b"]" * 900 + b"}",
    "lists in lists, then a text": b'{"instances":[' + b"[" * 900 + b"]" * 900 + b',"x"]}',
    "objects in objects": b'{"instances":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    "a number of many digits": b'{"instances":[[1,' + b"9" * 100_000 + b"]]}",
    "an exponent": b'{"instances":[[1,1e999999999]]}',
    "a fraction of many digits": b'{"instances":[[1,0.' + b"9" * 100_000 + b"e400]]}",
    "a key twice": b'{"instances":[[1,2]],"instances":[[3,4]]}',
    "a key of an object twice": b'{"instances":[{"x":[1,2],"x":[1,2]}]}',
    "an escaped key twice": b'{"inputs":[[1,2]],"input\\u0073":[[1,2]]}',
    "minus NaN": b'{"instances":[[1,-NaN]]}',
    "nan in small letters": b'{"instances":[[1,nan]]}',
    "empty lists": b'{"instances":[' + b"[]," * 100_000 + b"[]]}",
    "empty objects": b'{"instances":[' + b"{}," * 100_000 + b"{}]}",
    "half a surrogate": b'{"signature_name":"\\ud800","instances":[[1,2]]}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_json_that_is_made_to_break_a_parser(server, body):
    response = predict(server, "kinds", body)
    assert response.status_code == 400
    assert len(error_of(response)) < 1000


def test_nan_and_infinities_are_numbers(server):
    response = predict(server, "kinds", b'{"instances":[[NaN,Infinity]]}')
    assert response.content == b'{"predictions":[[NaN,Infinity]]}'
