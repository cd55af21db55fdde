"""Make a network namespace and hand it over; run by its path, with a socket as standard input.

Privileged it makes the network namespace alone, else a user namespace beside it in which this user
is himself and nobody else is anybody.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def unshare() -> list[str]:
    """Leave the namespaces; the names of those left, in the order in which to enter the new."""
    if not LIBC.unshare(CLONE_NEWNET):
        return ["net"]
    user, group = os.geteuid(), os.getegid()
    if LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for file, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{file}", "w") as opened:
            opened.write(line)
    return ["user", "net"]


def bring_up() -> None:
    """Loopback is down in a new namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        found = fcntl.ioctl(asked, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
        (flags,) = struct.unpack("16xh22x", found)
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def kept_port() -> socket.socket:
    """As of kit.cluster's held_ports, which cannot be imported here."""
    kept = socket.socket()
    kept.bind(("", 0))
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return kept


def main() -> None:
    with socket.socket(fileno=0) as parent:
        count = json.loads(parent.recv(65_536))["count"]
        try:
            spaces = [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in unshare()]
            bring_up()
            sockets = [kept_port() for _ in range(count)]
        except OSError as error:
            parent.sendall(json.dumps({"error": error.strerror or str(error)}).encode())
            return
        ports = [kept.getsockname()[1] for kept in sockets]
        descriptors = [*spaces, *(kept.fileno() for kept in sockets)]
        socket.send_fds(parent, [json.dumps({"ports": ports}).encode()], descriptors)
        # Descriptors under way are lost if their sender's end closes before they are received.
        parent.recv(1)


if __name__ == "__main__":
    main()
