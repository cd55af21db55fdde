"""A local stand-in for TensorFlow Serving."""

import asyncio
import errno
import os
import socket
from collections.abc import Collection
from pathlib import Path
from threading import Thread
from time import sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kit.errors import UserError
from kit.serving._limits import CANCELLATION_S, Limits

if TYPE_CHECKING:
    from kit.serving._models import Models


class Server:
    """Serves the SavedModels of a folder over REST and gRPC, as TensorFlow Serving does.

    Args:
        folder: of models, each a folder of numbered versions; or one such model folder.
        host: the address to listen on; by default nobody else can reach it.
        rest_port: 0 for any that is free, read from `rest_port` after the start.
        grpc_port: likewise.
        limits: what it accepts.
        allow_hosts: names in a Host header that are answered, beside localhost and loopback
            addresses where `host` is one; elsewhere any, unless there are some here.

    Raises:
        UserError: there is no such folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        rest_port: int = 0,
        grpc_port: int = 0,
        limits: Limits | None = None,
        allow_hosts: Collection[str] = (),
    ) -> None:
        _check(folder)
        self._folder, self._host = folder, host
        self.rest_port, self.grpc_port = rest_port, grpc_port
        self._limits = limits or Limits()
        self._allow_hosts = tuple(allow_hosts)
        self._models: Models | None = None
        self._grpc: Any = None
        self._rest: Any = None
        self._thread: Thread | None = None

    def start(self) -> Self:
        """Load the newest versions and open both ports.

        Raises:
            UserError: a port is taken.
        """
        # Before TensorFlow, which takes seconds to import.
        listening = self._listen()
        try:
            self.rest_port = listening.getsockname()[1]
            self._check_grpc_port()
            return self._start(listening)
        except BaseException:
            listening.close()
            raise

    def _start(self, listening: socket.socket) -> Self:
        from kit.serving._grpc import GrpcServer
        from kit.serving._hosts import CheckedHost
        from kit.serving._metrics import Metrics
        from kit.serving._models import Models
        from kit.serving._rest import rest_app

        metrics = Metrics()
        models = Models(self._folder, self._limits, metrics)
        self._grpc = GrpcServer(models, metrics, self._limits)
        try:
            self.grpc_port = self._grpc.bind(_address(self._host, self.grpc_port))
        except RuntimeError:
            raise _taken(self._host, self.grpc_port, "--grpc-port") from None
        models.start()
        self._models = models
        self._grpc.start()
        app = rest_app(models, metrics, self._limits)
        self._serve_rest(CheckedHost(app, self._host, self._allow_hosts), listening)
        return self

    def stop(self) -> None:
        """Finish what is under way, for as long as the limits allow, and free everything."""
        if self._models is None or self._thread is None:
            return
        self._rest.should_exit = True
        self._grpc.stop(self._limits.grace_s)
        self._thread.join(self._limits.grace_s + CANCELLATION_S)
        self._models.stop()
        self._models = None

    def models(self) -> dict[str, int | None]:
        """Names of the models and the version of each that answers, None where none does."""
        return self._models.names() if self._models else {}

    def versions(self) -> dict[str, dict[int, list[str]]]:
        """Names of the models, their versions that answer, and the labels of these."""
        return self._models.versions() if self._models else {}

    def failures(self) -> dict[str, tuple[int, str]]:
        """Models whose newest version does not load: its number, and why."""
        return self._models.failures() if self._models else {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self._host, self.rest_port, type=socket.SOCK_STREAM)
            family, kind, protocol, _, address = found[0]
            # asyncio turns off Nagle's algorithm, which costs 40 ms a request, only where the
            # socket names its protocol; socket.create_server does not.
            listening = socket.socket(family, kind, protocol)
            try:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listening.bind(address)
                listening.listen(1024)
            except OSError:
                listening.close()
                raise
            return listening
        except socket.gaierror:
            raise UserError(
                "There is no such address.",
                where=f"--host {self._host}",
                expected="an address of this machine, such as 127.0.0.1",
            ) from None
        except OSError as error:
            raise _taken(self._host, self.rest_port, "--rest-port", error) from None

    def _check_grpc_port(self) -> None:
        """See that the port of gRPC is free, on every address of the host."""
        if not self.grpc_port:
            return
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self._host, self.grpc_port, type=socket.SOCK_STREAM
        ):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(address)
                except OSError as error:
                    if error.errno == errno.EADDRNOTAVAIL:
                        continue
                    raise _taken(self._host, self.grpc_port, "--grpc-port", error) from None

    def _serve_rest(self, app: Any, listening: socket.socket) -> None:
        import uvicorn

        from kit.serving._protocol import bounded_protocol

        self._rest = uvicorn.Server(
            uvicorn.Config(
                app,
                http=bounded_protocol(self._limits.request_timeout_s),
                log_config=None,
                # Rubbish that clients send is answered, not logged.
                log_level="error",
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                # A client's pool keeps connections longer than uvicorn's 5 s, and loses a request
                # when it sends one while the server hangs up.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=max(1, round(self._limits.grace_s)),
            )
        )
        self._thread = Thread(
            target=asyncio.run,
            args=(self._rest.serve(sockets=[listening]),),
            name="kit-serving-rest",
            daemon=True,
        )
        self._thread.start()
        while not self._rest.started and self._thread.is_alive():
            sleep(0.005)


def _check(folder: Path) -> None:
    expected = "a folder of models, or a model's folder with numbered versions such as 1/"
    if not folder.is_dir():
        raise UserError(
            "There is no such folder.",
            where=str(folder),
            expected=expected,
            remedy="Train a model: kit train two-tower --data online-retail",
        )
    if (folder / "saved_model.pb").is_file():
        raise UserError(
            "This is a single version.",
            where=str(folder),
            expected=expected,
            remedy=f"Give the folder above it: kit serve {folder.parent}",
        )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _taken(host: str, port: int, option: str, error: OSError | None = None) -> UserError:
    reason = f": {os.strerror(error.errno)}" if error and error.errno else ""
    return UserError(
        f"Cannot listen on {host}:{port}{reason}.",
        where=f"{option} {port}",
        expected="a port that nothing else listens on",
        remedy=f"Give another {option}, or 0 for any that is free.",
    )
