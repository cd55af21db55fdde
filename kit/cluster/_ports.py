"""Ports that stay ours."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def held_ports(count: int) -> Iterator[list[int]]:
    """Free ports that only those who are told can listen on, until the context ends.

    A socket that is bound and never listens keeps each of them out of what the kernel gives to
    others, also while the process that listens on it is started again.

    Args:
        count: how many.

    Example:

    >>> with held_ports(2) as ports:
    ...     len(set(ports))
    2
    """
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            # On all interfaces, as TensorFlow's server listens.
            each.bind(("", 0))
            # Not before: such a port could be shared with somebody else. From now on it can be
            # listened on by a server that sets this too, which gRPC's does.
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield [each.getsockname()[1] for each in sockets]
