import pytest

from kit.errors import UserError
from kit.serving import GrpcClient, LocalClient, RestClient, Taken
from tests.serving.parts import url

BODIES = [
    {"instances": [[1, 2], [0.25, -4]]},
    {"signature_name": "mixed", "inputs": {"n": 1, "flag": True, "text": ["ä", {"b64": "/w=="}]}},
    {"signature_name": "rows", "instances": [{"d": 1, "i": [1, 2], "b": True, "u": 1, "s": "x"}]},
]


@pytest.fixture(params=["gRPC", "local"])
def client(request, server, saved):
    if request.param == "gRPC":
        return GrpcClient(f"127.0.0.1:{server.grpc_port}", "kinds")
    return LocalClient(saved / "kinds" / "1")


@pytest.mark.parametrize("body", BODIES, ids=["rows", "mixed", "several"])
def test_the_answer_is_that_of_rest(client, server, body):
    assert client.predict(body) == RestClient(url(server, ""), "kinds").predict(body)


def test_inputs(client):
    assert client.inputs("mixed")["text"] == Taken(text=True, rows=True)
    assert client.inputs("mixed")["n"] == Taken(text=False, rows=False)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"signature_name": "nope"}, "There is no signature 'nope'"),
        ({"instances": ["a"]}, "is not of expected type: float"),
        ({"instances": [[1, 2, 3]]}, "Input x has shape"),
        ({"signature_name": "picky", "instances": [-1]}, "negative row"),
        ({}, "Missing 'inputs' or 'instances' key"),
    ],
)
def test_mistakes_are_the_users(client, body, message):
    with pytest.raises(UserError, match=message):
        client.predict(body)


def test_where_nothing_answers(server):
    with pytest.raises(UserError, match="No answer"):
        GrpcClient("127.0.0.1:1", "kinds").predict({"instances": [1]})
    other = GrpcClient(f"127.0.0.1:{server.grpc_port}", "kinds", version=9)
    with pytest.raises(UserError, match="Servable not found"):
        other.predict({"instances": [[1, 2]]})
