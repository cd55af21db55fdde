import subprocess
import sys
from itertools import count
from pathlib import Path

import httpx
import pytest

from kit.errors import UserError
from kit.serving import RestClient, Taken, columns
from tests.serving.parts import url

TAKEN = {"s": Taken(True, True), "x": Taken(False, True), "n": Taken(False, False)}


@pytest.fixture
def answering(monkeypatch):
    """Whatever is asked, this is the answer."""

    def put(response: httpx.Response) -> RestClient:
        monkeypatch.setattr(httpx, "request", lambda *a, **k: response)
        return RestClient("http://x", "m")

    return put


def test_a_model_is_asked(server):
    client = RestClient(url(server, "/"), "kinds", version=1)
    assert client.predict({"instances": [[1, float("nan")]]})["predictions"][0][0] == 2
    assert client.inputs("mixed") == {
        "n": Taken(False, False),
        "flag": Taken(False, False),
        "text": Taken(True, True),
    }


def test_what_a_server_refuses_is_the_users_mistake(server):
    with pytest.raises(UserError, match="Servable not found"):
        RestClient(url(server, ""), "nope").predict({"instances": [1]})
    with pytest.raises(UserError, match="There is no signature 'nope'") as caught:
        RestClient(url(server, ""), "kinds").inputs("nope")
    assert "mixed, picky, rows" in caught.value.expected


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://[", "http://nowhere.invalid"])
def test_where_nothing_answers(address):
    with pytest.raises(UserError, match="No answer") as caught:
        RestClient(address, "m").predict({})
    assert "kit serve" in caught.value.remedy


def test_another_kind_of_server(answering):
    for response in (httpx.Response(200, text="<html>"), httpx.Response(404, json=[])):
        with pytest.raises(UserError, match="not TensorFlow Serving's"):
            answering(response).predict({})


def test_a_server_s_failure_is_no_mistake_of_the_user(answering):
    with pytest.raises(RuntimeError, match="HTTP 500: broken"):
        answering(httpx.Response(500, json={"error": "broken"})).predict({})


TYPED = [
    ([("s", "85123A"), ("s", "7")], {"s": ["85123A", "7"]}),
    ([("s", '["a", "b"]')], {"s": [["a", "b"]]}),
    ([("x", "[1, 2]"), ("n", "3")], {"x": [[1, 2]], "n": 3}),
    ([("s", "")], {"s": [""]}),
    ([("s", "@@ann")], {"s": ["@ann"]}),
]


@pytest.mark.parametrize(("pairs", "expected"), TYPED, ids=count())
def test_inputs_as_typed(pairs, expected):
    assert columns(pairs, TAKEN) == expected


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("q", "1")], "no input 'q'"),
        ([("x", "a")], "'a' is not JSON"),
        ([("s", "[a")], "is not JSON"),
        ([("n", "1"), ("n", "2")], "n takes one value"),
        (
            [("s", "@no/such.png")],
            r"cannot be read: No such file[\s\S]*begins with @ write it twice",
        ),
    ],
    ids=count(),
)
def test_inputs_mistyped(pairs, message):
    with pytest.raises(UserError, match=message):
        columns(pairs, TAKEN)


def test_the_bytes_of_a_file_are_sent(tmp_path):
    (tmp_path / "a.png").write_bytes(b"hi")
    assert columns([("s", f"@{tmp_path / 'a.png'}")], TAKEN) == {"s": [{"b64": "aGk="}]}


def test_a_client_needs_no_tensorflow():
    code = "import sys, kit.serving; print([m for m in ('tensorflow', 'grpc') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"
