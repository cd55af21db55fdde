"""Rubbish over REST: the codes of TensorFlow Serving, no crash, nothing kept.

More than 11,000 requests where FUZZ=full, else a tenth; the same ones every time.
"""

import http.client
import json
import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from tests.serving.process import Serving
from tests.serving.storm import (
    BODY,
    SHARE,
    Held,
    assert_as_before,
    held,
    mutated,
    same_every_time,
    served,
)

PLACE = "/v1/models/kinds:predict"
DEEP = 100_000


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    yield from served(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def connection(serving: Serving) -> Iterator[http.client.HTTPConnection]:
    keeping = http.client.HTTPConnection("127.0.0.1", serving.rest_port, timeout=20)
    yield keeping
    keeping.close()


@pytest.fixture(scope="module", autouse=True)
def before(serving: Serving, connection: http.client.HTTPConnection) -> Held:
    """What the server holds once it has seen a bit of everything."""
    random = Random(0)
    for _ in range(1000):
        post(connection, mutated(random, SEEDS))
    for body, _ in NASTY:
        post(connection, body)
    for _ in range(100):
        exchange(serving, mutated(random, WIRE))
    return held(serving)


def post(connection: http.client.HTTPConnection, body: bytes, path: str = PLACE) -> int:
    try:
        connection.request("POST", path, body)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException):
        connection.close()  # or every test after this one fails as well
        raise
    judge(response.status, content)
    return response.status


def judge(status: int, content: bytes) -> None:
    """Hold an answer against what TensorFlow Serving may answer to a mistake."""
    assert status in (200, 400, 404, 413, 501), content
    answer = json.loads(content)
    if status == 200:
        assert answer.keys() in ({"predictions"}, {"outputs"}), content
        return
    assert answer.keys() == {"error"}
    assert "Traceback" not in answer["error"]
    assert len(content) < 4000
    if status == 501:
        assert answer["error"].startswith("Conversion of JSON Value"), content


ROWS = {"d": 0.5, "i": [1, 2], "b": True, "u": 7, "s": "text"}
COLUMNS = {name: [value, value] for name, value in ROWS.items()}
MIXED = {"n": 1, "flag": True, "text": ["a", {"b64": "YQ=="}]}
SEEDS = [
    BODY,
    *(
        json.dumps(body).encode()
        for body in (
            {"inputs": {"x": [[1, 2], [3, 4.5e3]]}},
            {"signature_name": "rows", "instances": [ROWS, ROWS]},
            {"signature_name": "rows", "inputs": COLUMNS},
            {"signature_name": "mixed", "inputs": MIXED},
            {"signature_name": "picky", "instances": [1, 4, 9]},
            {"signature_name": "total", "instances": [-1, 4]},
            {"signature_name": "halves", "instances": [1.0]},
            {"signature_name": "complex", "inputs": [1.0]},
        )
    ),
]


def test_bodies_with_broken_bytes(connection):
    """5,000 requests where FUZZ=full."""
    random = Random(1)
    codes = [post(connection, mutated(random, SEEDS)) for _ in range(5000 // SHARE)]
    # Neither all refused at the door nor all accepted.
    assert codes.count(200) > 50 / SHARE
    assert codes.count(400) > 2000 / SHARE


def nested(opening: str, closing: str, around: str) -> bytes:
    return (around % (opening * DEEP + "1" + closing * DEEP)).encode()


NASTY = [
    *(
        (nested(*pair, around), 400)
        for pair in (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ("[", ""), ('{"b64":', "}"))
        for around in ("%s", '{"instances":%s}', '{"inputs":{"x":%s}}', '{"signature_name":%s}')
    ),
    *((nested("[", "]", '{"instances":%s}')[:cut], 400) for cut in (20, 1000, 99_999, 100_001)),
    (b"", 400),
    (b"null", 400),
    (b"\xef\xbb\xbf" + BODY, 200),
    (b"\xff\xfe" + BODY, 400),
    (BODY.decode().encode("utf-16"), 400),
    (b'{"instances": [[1, "\xed\xa0\x80"]]}', 400),
    (b'{"signature_name": "mixed", "inputs": {"n":1,"flag":true,"text":["\\ud800"]}}', 400),
    (b'{"signature_name": "\\ud800", "instances": [[1, 2]]}', 400),
    (b'{"signature_name": "\\u0000", "instances": [[1, 2]]}', 400),
    (b'{"instances": [[NaN, -Infinity]]}', 200),
    (b'{"instances": [[nan, 1]]}', 400),
    (b'{"instances": [[1e400, 1]]}', 400),
    (b'{"instances": [[1e39, 1]]}', 400),
    (b'{"instances": [[' + b"9" * 400 + b", 1]]}", 400),
    (b'{"instances": [[' + b"9" * 500_000 + b", 1]]}", 400),
    (b'{"instances": [[-0.0, 1e-999]]}', 200),
    (b'{"instances": [[1, 2], [3]]}', 400),
    (b'{"instances": [[1, 2], 3]}', 400),
    (b'{"instances": []}', 400),
    (b'{"instances": [[]]}', 400),
    (b'{"instances": [[], []]}', 400),
    (b'{"inputs": []}', 400),
    (b'{"inputs": {}}', 400),
    (b'{"inputs": {"x": [[1, 2]]}, "instances": [[1, 2]]}', 400),
    (b'{"instances": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}", 400),
    (b'{"instances": [[1, 2]], "instances": [[1, 2]]}', 400),
    (b'{"signature_name": "nope", "instances": [[1, 2]]}', 400),
    (b'{"signature_name": 7, "instances": [[1, 2]]}', 400),
    (b'{"signature_name": "halves", "instances": [1]}', 400),
    (b'{"signature_name": "halves", "inputs": [1]}', 501),
    (b'{"signature_name": "complex", "inputs": [1]}', 501),
    (b'{"instances": [["' + b"x" * 900_000 + b'"]]}', 400),
    (b'{"' + b"k" * 900_000 + b'": 1, "instances": [{"' + b"k" * 10 + b'": 1}]}', 400),
    (b'{"instances": [' + b"[1,2]," * 10_000 + b"[1,2]]}", 400),
]


@pytest.mark.parametrize(("body", "code"), NASTY, ids=count())
def test_what_is_known_to_hurt(connection, body, code):
    assert post(connection, body) == code


@pytest.mark.parametrize("depth", [1, 2, *range(28, 40), *range(100, 1100, 100)])
def test_every_depth(connection, depth):
    """Somewhere between 32 and Python's own bound something else refuses it."""
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        value = (opening * depth + "1" + closing * depth).encode()
        for around in (b'{"instances":%b}', b'{"inputs":%b}', b'{"signature_name":%b}', b"%b"):
            assert post(connection, around % value) == 400


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**24, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, 2**64, 10**400]),
    st.floats(),
    st.text(max_size=8),
    st.text(st.characters(categories=["Cs", "Cc"]), max_size=4),
    st.fixed_dictionaries({"b64": st.one_of(st.text(max_size=5), st.just("YQ=="), st.none())}),
)
names = st.one_of(st.sampled_from(["x", "d", "i", "b", "u", "s", "n", "flag"]), st.text(max_size=3))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
pairs = st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=2)
right = {
    "d": st.floats(allow_nan=False),
    "i": st.lists(st.integers(-(2**31), 2**31 - 2), min_size=2, max_size=2),
    "b": st.booleans(),
    "u": st.integers(0, 255),
    "s": st.text(max_size=5),
}
rows = st.fixed_dictionaries({name: st.one_of(good, good, leaves) for name, good in right.items()})
bodies = st.fixed_dictionaries(
    {},
    optional={
        "signature_name": st.one_of(
            st.sampled_from(["", "serving_default", "mixed", "rows", "picky", "total", "halves"]),
            leaves,
        ),
        "instances": st.one_of(values, st.lists(st.one_of(pairs, rows, values), max_size=3)),
        "inputs": st.one_of(values, st.fixed_dictionaries({"x": st.lists(pairs, max_size=3)})),
        "more": leaves,
    },
)


@same_every_time(1500)
@given(body=st.one_of(bodies, values), escaped=st.booleans())
def test_bodies_that_are_json(connection, body, escaped):
    """1,500 requests where FUZZ=full."""
    text = json.dumps(body, ensure_ascii=escaped)
    post(connection, text.encode(errors="surrogatepass"))


@same_every_time(300)
@given(items=st.lists(st.fixed_dictionaries(right), min_size=1, max_size=5))
def test_what_is_right_is_answered_rightly(connection, items):
    """300 requests where FUZZ=full, between all the others."""
    connection.request("POST", PLACE, json.dumps({"signature_name": "rows", "instances": items}))
    answers = json.loads(connection.getresponse().read())["predictions"]
    assert answers == [
        {
            # TensorFlow multiplies by the third.
            "d": pytest.approx(row["d"] / 3, rel=1e-14),
            "i": [value + 1 for value in row["i"]],
            "b": not row["b"],
            "u": (row["u"] + 1) % 256,
            "s": row["s"] + "!",
        }
        for row in items
    ]


WIRE = [
    one.replace(b"Host: h", b"Host: localhost")
    for one in (
        b"POST /v1/models/kinds:predict HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b"
        % (len(BODY), BODY),
        b"POST /v1/models/kinds:predict HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
        b"GET /v1/models/kinds/versions/1/metadata HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n",
        b"GET /v1/models/kinds/labels/stable HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /metrics?a=b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
        b"Content-Length: 0\r\n\r\n",
        b"GET /v1/models/kinds HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    )
]


def exchange(serving: Serving, data: bytes, *, half_way: bool = False) -> bytes:
    """Send bytes and hang up, at once or after all that comes back."""
    with socket.create_connection(("127.0.0.1", serving.rest_port), timeout=20) as connection:
        try:
            connection.sendall(data)
            if half_way:
                return b""
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while got := connection.recv(65536):
                answer += got
        except (ConnectionResetError, BrokenPipeError):
            return b""
        return answer


def test_what_is_hardly_http(serving):
    """2,000 connections where FUZZ=full; every other one is given up half way."""
    random, seen = Random(2), set()
    for turn in range(2000 // SHARE):
        answer = exchange(serving, mutated(random, WIRE), half_way=turn % 2 == 1)
        if answer:
            assert answer.startswith(b"HTTP/1.1 "), answer
            seen.add(int(answer[9:12]))
    # 403: the Host header became another.
    assert seen <= {100, 200, 400, 403, 404, 405, 413}
    assert {400, 404} <= seen


tokens = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~", min_size=1, max_size=8)
methods = st.one_of(st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "TRACE"]), tokens)
segments = st.one_of(
    st.sampled_from(["v1", "models", "kinds", "versions", "1", "labels", "metadata", "..", ""]),
    st.sampled_from(
        ["kinds:predict", ":predict", "%00", "%ff", "%", "%2F", "9" * 25, "-1", "x" * 3000]
    ),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=6),
)
paths = st.lists(segments, max_size=7).map(lambda parts: "/" + "/".join(parts))
header_names = st.one_of(
    st.sampled_from(["Host", "Content-Type", "Content-Encoding", "Accept", "Range", "Cookie"]),
    tokens,
)
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=20)
headers = st.lists(st.tuples(header_names, header_values), max_size=4)


@same_every_time(1000)
@given(method=methods, path=paths, headers=headers)
def test_strange_requests(serving, method, path, headers):
    """1,000 connections where FUZZ=full."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{k}: {v}" for k, v in headers)]
    answer = exchange(serving, "\r\n".join([*lines, "", ""]).encode("latin-1"))
    # A request for a body that does not come is given up.
    assert answer == b"" or int(answer[9:12]) in (200, 400, 404, 405)


api = schemathesis.openapi.from_path(Path(__file__).parent / "openapi.yaml")


@api.parametrize()
@same_every_time(100)
def test_what_the_description_of_the_api_says(case, serving):
    """100 requests and more for each of five operations, by the types and against them."""
    # TensorFlow Serving knows no 405 here: the method is part of what it cannot make sense of.
    # And a whole number that float32 cannot hold is refused, which no schema can say.
    excluded = [unsupported_method, positive_data_acceptance]
    case.call_and_validate(base_url=serving.rest, excluded_checks=excluded)


def test_after_the_storm(serving, connection, before):
    connection.close()
    assert_as_before(serving, before)
