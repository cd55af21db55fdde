"""Clients that take their time."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import httpx
import pytest

from kit.serving import Limits, Server, _protocol
from tests.serving.parts import predict, url, wait_until

TIMEOUT_S = 0.4
POST = b"POST /v1/models/kinds:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(saved):
    with Server(saved / "kinds", limits=Limits(request_timeout_s=TIMEOUT_S)) as running:
        yield running


def seconds_until_closed(server: Server, send: Callable[[socket.socket, int], None]) -> float:
    """How long the server bears a client that does something ten times a second."""
    with socket.create_connection(("127.0.0.1", server.rest_port)) as connection:
        since, turn = time.monotonic(), 0
        connection.settimeout(0.1)
        while time.monotonic() < since + 20 * TIMEOUT_S:
            try:
                send(connection, turn)
                turn += 1
                if connection.recv(65536) == b"":
                    return time.monotonic() - since
            except TimeoutError:
                pass
            except OSError:
                return time.monotonic() - since
    pytest.fail("the connection is still open")


def answers(server: Server) -> bool:
    return predict(server, "kinds", {"instances": [[1, 2]]}).status_code == 200


def nothing(connection: socket.socket, turn: int) -> None:
    pass


def head(connection: socket.socket, turn: int) -> None:
    connection.sendall((b"GET /v1/models/kinds HTTP/1.1\r\nX: " + b"a" * 1000)[turn : turn + 1])


def body(connection: socket.socket, turn: int) -> None:
    connection.sendall(POST if turn == 0 else b" ")


def body_of_what_is_refused(connection: socket.socket, turn: int) -> None:
    connection.sendall(POST.replace(b"/v1/models/kinds", b"/v1/nowhere") if turn == 0 else b" ")


def second_head(connection: socket.socket, turn: int) -> None:
    connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\nG" if turn == 0 else b"E")


@pytest.mark.parametrize("send", [nothing, head, body, body_of_what_is_refused, second_head])
def test_a_slow_client_is_hung_up_on(hasty, send):
    # Once is enough: a busy machine may sleep over it.
    assert any(seconds_until_closed(hasty, send) < 5 * TIMEOUT_S + 1 for _ in range(3))


def test_a_client_that_does_not_read_is_hung_up_on(hasty):
    request = b"GET /v1/models/kinds/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", hasty.rest_port)) as connection:
        connection.settimeout(20 * TIMEOUT_S)

        def ask_for_ever() -> None:
            while True:
                connection.sendall(request * 100)

        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            ask_for_ever()


def test_an_unhurried_client_keeps_its_connection(hasty):
    with httpx.Client() as client:
        ports = set()
        for _ in range(3):
            time.sleep(2.2 * TIMEOUT_S)
            answer = client.get(url(hasty, "/v1/models/kinds"))
            assert answer.status_code == 200
            stream = answer.extensions["network_stream"]
            ports.add(stream.get_extra_info("client_addr"))
    assert len(ports) == 1


def test_requests_sent_ahead_are_all_answered(hasty):
    request = b"GET /v1/models/kinds HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = request.replace(b"Host", b"Connection: close\r\nHost")
    with socket.create_connection(("127.0.0.1", hasty.rest_port)) as connection:
        connection.sendall(request * 20 + last)
        answer = b""
        while got := connection.recv(65536):
            answer += got
    assert answer.count(b"HTTP/1.1 200 OK") == 21
    wait_until(lambda: answers(hasty))


@pytest.mark.parametrize("place", ["/v1/nowhere", "/v1/models/kinds:predict", "/metrics"])
@pytest.mark.parametrize("pause_s", [0, 0.1])
def test_a_body_that_is_no_body_is_answered_once(hasty, caplog, place, pause_s):
    head = (
        f"POST {place} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    with socket.create_connection(("127.0.0.1", hasty.rest_port)) as connection:
        connection.sendall(head if pause_s else head + b"no number\r\n")
        time.sleep(pause_s)
        answer = b""
        try:
            connection.sendall(b"no number\r\n" if pause_s else b"")
            while got := connection.recv(65536):
                answer += got
        except ConnectionResetError:
            pass
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 405"))
    wait_until(lambda: answers(hasty))
    assert caplog.records == []


def test_the_oldest_idle_connection_makes_room(saved, monkeypatch):
    monkeypatch.setattr(_protocol, "most_connections", lambda: 20)
    with Server(saved / "kinds") as server, ExitStack() as stack:
        place = ("127.0.0.1", server.rest_port)
        half = POST + b" "
        for turn in range(60):
            connection = stack.enter_context(socket.create_connection(place))
            with suppress(OSError):
                connection.sendall(half if turn % 2 else b"")
            if turn % 10 == 9:
                assert answers(server)


def test_connections_beyond_a_third_of_the_files_are_not_kept(monkeypatch):
    monkeypatch.setattr(_protocol.resource, "getrlimit", lambda _: (999, 10**6))
    assert _protocol.most_connections() == 333
