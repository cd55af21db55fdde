import socket

import pytest

from kit.cluster import held_ports


def listen(port: int, *, as_grpc: bool) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, as_grpc)
    try:
        server.bind(("", port))
        server.listen()
    except OSError:
        server.close()
        raise
    return server


def test_a_server_finds_its_port_each_time_and_a_stranger_never():
    with held_ports(3) as ports:
        assert len(set(ports)) == 3
        for _ in range(2):
            with (
                listen(ports[0], as_grpc=True) as server,
                socket.create_connection(("127.0.0.1", ports[0])),
            ):
                server.accept()[0].close()
                with pytest.raises(OSError, match="in use"):
                    listen(ports[0], as_grpc=True)
            with pytest.raises(OSError, match="in use"):
                listen(ports[0], as_grpc=False)
    listen(ports[1], as_grpc=False).close()
