"""Serving exports on this machine."""

import gc
import math
import os
import signal
import sys
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from kit.cli._open_export import public_key_option, trust_option
from kit.console import Command, print_table, quiet_tensorflow

if TYPE_CHECKING:
    from kit.serving import Server

# A thread that wants to run waits at most this long for one that computes; Python's own 5 ms
# would be most of the time of a request.
SWITCH_S = 0.0005


class Bounded(click.FloatRange):
    """A range without "nan", which is in every one of click's."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


@click.command(cls=Command, example="kit serve saved_models --rest-port 8501 --grpc-port 8500")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--rest-port", type=click.IntRange(0, 65535), default=8501, show_default=True)
@click.option("--grpc-port", type=click.IntRange(0, 65535), default=8500, show_default=True)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; there is no access control.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    metavar="NAME",
    multiple=True,
    help="Host header to answer to, repeatable. Always: localhost and loopback addresses where "
    "--host is one. With another --host any is answered unless this is given.",
)
@click.option(
    "--max-batch-size",
    type=click.IntRange(min=1),
    default=1024,
    show_default=True,
    help="Rows of a request, and of requests that run together.",
)
@click.option(
    "--batch-timeout-ms",
    type=Bounded(0, 1000),
    default=0.0,
    show_default=True,
    help="How long a request may wait for others to run with.",
)
@click.option(
    "--max-body-mib",
    type=Bounded(0, 2047, min_open=True),  # gRPC counts in 32 bits
    default=16.0,
    show_default=True,
    help="Largest REST body and gRPC message, and inputs of a request as their shapes expand them.",
)
@click.option(
    "--max-string-mib",
    type=Bounded(0, 2047, min_open=True),
    show_default="1; for models that decode images as --max-body-mib",
    help="Largest string of an input, such as a text or an image file.",
)
@click.option(
    "--max-image-megapixels",
    type=Bounded(0, 1000, min_open=True),
    default=50.0,
    show_default=True,
    help="Largest image, width times height; those of one request may have four times as many.",
)
@click.option(
    "--max-memory-mib",
    type=Bounded(16, 1024 * 1024),
    default=2048.0,
    show_default=True,
    help="Memory for requests in flight, beyond the models; more is refused.",
)
@click.option(
    "--request-timeout-s",
    type=Bounded(0, 86_400, min_open=True),
    default=30.0,
    show_default=True,
    help="After it a request is answered with DEADLINE_EXCEEDED.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Log on standard error: lines of text, or of JSON.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="info: versions loaded, refused and dropped, failed and slow requests. debug: every one.",
)
@click.option(
    "--max-pages-per-user",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Requests for one user by id within an hour that leave out items, filter or explain, and "
    "so tell of the history page by page.  [default: any number]",
)
@public_key_option
@trust_option
def serve(
    folder: Path,
    rest_port: int,
    grpc_port: int,
    host: str,
    allow_hosts: tuple[str, ...],
    max_batch_size: int,
    batch_timeout_ms: float,
    max_body_mib: float,
    max_string_mib: float | None,
    max_image_megapixels: float,
    max_memory_mib: float,
    request_timeout_s: float,
    log_format: str,
    log_level: str,
    max_pages_per_user: int | None,
    public_key: Path | None,
    trust: bool,
) -> None:
    """Answer over TensorFlow Serving's REST and gRPC APIs, for a laptop or a test.

    FOLDER holds models, or is one: a folder of numbered versions. Of each the versions with a
    label answer, or the newest one where there are no labels; changes are picked up while the
    server runs, if files are those of their manifest and, with --public-key, signed.
    """
    from kit.exports import check_public_key
    from kit.serving import Limits, Server, log_to_stderr

    limits = Limits(
        max_body_bytes=_bytes(max_body_mib),
        max_string_bytes=_bytes(max_string_mib or 1.0),
        max_image_bytes=_bytes(max_string_mib or max_body_mib),
        max_image_pixels=max(1, round(max_image_megapixels * 1e6)),
        max_memory_bytes=_bytes(max_memory_mib),
        max_batch_size=max_batch_size,
        batch_timeout_s=batch_timeout_ms / 1000,
        request_timeout_s=request_timeout_s,
        max_pages=max_pages_per_user,
        trust=trust,
        public_key=public_key,
    )
    if public_key is not None:
        check_public_key(public_key)
    server = Server(
        folder,
        host=host,
        rest_port=rest_port,
        grpc_port=grpc_port,
        limits=limits,
        allow_hosts=allow_hosts,
    )
    log_to_stderr(log_format, log_level)
    ended = Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    before = signal.signal(signal.SIGTERM, end)
    try:
        _import_tensorflow()
        _prepare()
        server.start()
        _announce(server, host, folder)
        ended.wait()
    finally:
        server.stop()
        signal.signal(signal.SIGTERM, before)


def _bytes(mib: float) -> int:
    return max(1, round(mib * 1024 * 1024))


def _import_tensorflow() -> None:
    """Without Keras, which TensorFlow imports to find its folder, and which no export needs."""
    name = "TF_USE_LEGACY_KERAS"
    given = name in os.environ
    os.environ.setdefault(name, "1")
    try:
        quiet_tensorflow()
    finally:
        if not given:
            del os.environ[name]


def _prepare() -> None:
    """Make pauses short: this process does nothing but answer."""
    sys.setswitchinterval(SWITCH_S)
    # The modules of TensorFlow are most of what a full collection would walk through.
    gc.collect()
    gc.freeze()


def _labelled(version: tuple[int, list[str]]) -> str:
    number, labels = version
    return f"{number} ({', '.join(labels)})" if labels else str(number)


def _announce(server: "Server", host: str, folder: Path) -> None:
    rows = [
        [name, ", ".join(map(_labelled, versions.items())) or "none loads"]
        for name, versions in sorted(server.versions().items())
    ]
    if rows:
        print_table("serving", ["model", "version"], rows)
    else:
        click.echo(f"No model in {folder} yet; it is picked up when it appears.")
    for name, (version, reason) in sorted(server.failures().items()):
        click.echo(f"{name}, version {version}: {reason}")
    click.echo(f"REST  http://{host}:{server.rest_port}/v1/models/NAME")
    click.echo(f"gRPC  {host}:{server.grpc_port}")
    sys.stdout.flush()
