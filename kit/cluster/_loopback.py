"""A network of its own for the processes of a cluster, in which there is nothing but loopback.

TensorFlow's servers listen on all interfaces and run whatever whoever reaches them asks for.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kit.cluster._ports import held_ports

LIBC = ctypes.CDLL(None, use_errno=True)  # before the fork
SIOCGIFADDR = 0x8915  # of linux/sockios.h
TIMEOUT_S = 30
HELPER = Path(__file__).with_name("_make_network.py")


@dataclass(frozen=True)
class Network:
    """Where the processes of a cluster find each other.

    Args:
        ports: free ones, kept for them.
        enter: called in each process before its program begins.
        is_shielded: whether nobody else can reach the ports.
    """

    ports: list[int]
    enter: Callable[[], None]
    is_shielded: bool


@contextmanager
def own_network(count: int) -> Iterator[Network]:
    """A network namespace with loopback alone, until the context ends.

    Args:
        count: how many ports to keep in it.

    Raises:
        OSError: the system gives none: it is not Linux, or does not let this user have any.
    """
    with ExitStack() as held:
        ports, spaces, sockets = _made(count)
        for descriptor in (*spaces, *sockets):
            held.callback(os.close, descriptor)

        def enter() -> None:
            # The user namespace first: it gives the right to enter the other one.
            for descriptor in spaces:
                if LIBC.setns(descriptor, 0):
                    raise OSError(ctypes.get_errno(), "setns")

        yield Network(ports, enter, is_shielded=True)


@contextmanager
def shared_network(count: int) -> Iterator[Network]:
    """The machine's own network."""
    with held_ports(count) as ports:
        yield Network(ports, lambda: None, is_shielded=not has_other_addresses())


def has_other_addresses() -> bool:
    """Whether others may reach this machine: an interface beside loopback has an address."""
    if sys.platform != "linux":
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            if name == "lo":
                continue
            with suppress(OSError):
                fcntl.ioctl(asked, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                return True
    with suppress(OSError):
        lines = Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines()
        return any(line.split()[-1] != "lo" for line in lines)
    return False


def _made(count: int) -> tuple[list[int], list[int], list[int]]:
    """Ports, descriptors of the namespaces and of the sockets that keep the ports.

    A process has to enter the namespace to make sockets in it. A helper does, so that this one,
    which may have threads, stays where it is; it hands over what it has made and ends.
    """
    if sys.platform != "linux":
        raise OSError(0, "only Linux has network namespaces")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        helper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HELPER)],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        ours.settimeout(TIMEOUT_S)
        try:
            ours.sendall(json.dumps({"count": count}).encode())
            message, descriptors, _, _ = socket.recv_fds(ours, 65_536, count + 2)
        except (BrokenPipeError, ConnectionResetError):
            message, descriptors = b"", []
        finally:
            with suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)
            helper.wait(TIMEOUT_S)
    answer = json.loads(message or b'{"error": "the helper ended without a word"}')
    if "error" in answer:
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError(0, answer["error"])
    spaces = len(descriptors) - count
    return answer["ports"], descriptors[:spaces], descriptors[spaces:]
