"""That nobody but the processes of a cluster reaches what they listen on."""

import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from kit.cluster import _launch, _loopback, launch, own_network, shared_network
from kit.errors import UserError
from tests.cluster.launching import finish, has_namespaces, start, wait_until

needs_namespaces = pytest.mark.skipif(
    not has_namespaces(), reason="the system gives this user no network namespace"
)
LOOKS = """
import socket, sys
from kit.cluster._loopback import has_other_addresses
print([name for _, name in socket.if_nameindex()], has_other_addresses())
with socket.socket() as kept:
    try:
        kept.bind(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        print("kept")
"""


@needs_namespaces
def test_a_network_of_its_own_has_loopback_alone_and_keeps_its_ports():
    with own_network(2) as network:
        assert len({*network.ports}) == 2
        assert network.is_shielded
        run = subprocess.run(
            [sys.executable, "-c", LOOKS, str(network.ports[1])],
            preexec_fn=network.enter,
            capture_output=True,
            text=True,
            check=True,
        )
    assert run.stdout.splitlines() == ["['lo'] False", "kept"]


LISTENS = """
import socket
port = int(json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"][1].rpartition(":")[2])
if me == "worker 1":
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", port))
        server.listen()
        sign("listens", str(port))
        server.accept()[0].sendall(b"hello")
        wait_for("asked from outside")
else:
    wait_for("listens")
    sign("heard", socket.create_connection(("127.0.0.1", port)).recv(5).decode())
    wait_for("asked from outside")
"""


@needs_namespaces
def test_they_reach_each_other_and_nobody_reaches_them(tmp_path):
    process = start(tmp_path, LISTENS, "--workers", "2")
    wait_until((tmp_path / "heard").exists)
    port = int((tmp_path / "listens").read_text())
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)
    (tmp_path / "asked from outside").write_text("")
    assert finish(process)[0] == 0
    assert (tmp_path / "heard").read_text() == "hello"


def no_namespace(_count):
    @contextmanager
    def fails():
        raise OSError(1, "Operation not permitted")
        yield

    return fails()


def test_where_there_is_none_a_machine_with_another_address_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(_launch, "own_network", no_namespace)
    monkeypatch.setattr(_loopback, "has_other_addresses", lambda: True)
    command = [sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"]
    with pytest.raises(UserError, match=r"Operation not permitted(.|\n)*--allow-network"):
        launch(command, workers=2)
    assert not (tmp_path / "ran").exists()


def test_where_there_is_none_a_machine_without_another_address_will_do(monkeypatch, capfd):
    monkeypatch.setattr(_launch, "own_network", no_namespace)
    monkeypatch.setattr(_loopback, "has_other_addresses", lambda: False)
    assert launch([sys.executable, "-c", "pass"], workers=2) == 0
    assert "all interfaces" not in capfd.readouterr().err


def test_the_network_is_allowed_with_a_warning(monkeypatch, capfd):
    monkeypatch.setattr(_loopback, "has_other_addresses", lambda: True)
    assert launch([sys.executable, "-c", "pass"], workers=2, allow_network=True) == 0
    assert "listen on all interfaces" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("script", "reason"),
    [("raise SystemExit(1)", "without a word"), ("import os; os.abort()", "without a word")],
)
def test_a_helper_that_fails_is_no_network(monkeypatch, tmp_path, script, reason):
    (tmp_path / "helper.py").write_text(script)
    monkeypatch.setattr(_loopback, "HELPER", tmp_path / "helper.py")
    with pytest.raises(OSError, match=reason), own_network(1):
        pass


def test_the_machines_network_keeps_ports_too():
    with shared_network(2) as network:
        assert len({*network.ports}) == 2
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", network.ports[0]))
