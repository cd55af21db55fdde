"""A cluster on this machine."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

import click

from kit.cluster._cluster import CHIEF, SERVER, WORKER, Cluster
from kit.cluster._loopback import Network, own_network, shared_network
from kit.cluster._supervisor import Supervisor
from kit.errors import UserError

HOST = "127.0.0.1"


def launch(
    command: Sequence[str],
    *,
    workers: int,
    servers: int = 0,
    restarts: int = 10,
    allow_network: bool = False,
) -> int:
    """Run a command as every process of a cluster on loopback until its chief has finished.

    The processes get a network namespace of their own, where there is nothing but loopback:
    TensorFlow's servers listen on all interfaces and run whatever they are asked for.

    Without servers the workers train in step: if one dies, all are started again. With servers
    there is a chief besides the workers, and a worker that dies is started again alone. Call it
    from the main thread, which receives the signals.

    Args:
        command: a program and its arguments; "kit" is this one.
        workers: how many.
        servers: how many parameter servers.
        restarts: how often processes that died are started again, in all.
        allow_network: run them in the machine's network, where others may reach them.

    Returns:
        The exit code: 0, 1 after giving up, 2 after a process's 2, 130 after an interruption.

    Raises:
        UserError: one process is no cluster, the system gives no network namespace, or the command
            cannot be started.
    """
    if workers == 1 and not servers:
        raise UserError(
            "One worker without servers is no cluster.",
            where="--workers 1",
            remedy="Leave `kit launch` out, or give more workers.",
        )
    jobs = {CHIEF: 1, WORKER: workers, SERVER: servers} if servers else {WORKER: workers}
    network = _network(sum(jobs.values()), allow_network)
    with network as found, _signals() as signals:
        free = iter(found.ports)
        places = {job: [f"{HOST}:{next(free)}" for _ in range(n)] for job, n in jobs.items()}
        tasks = [
            Cluster(places, job, index, "kit launch")
            for job, n in jobs.items()
            for index in range(n)
        ]
        environment = _environment(os.environ)
        supervisor = Supervisor(
            _arguments(command), tasks, environment, restarts, signals, found.enter
        )
        try:
            return supervisor.run()
        finally:
            supervisor.kill()


@contextmanager
def _network(count: int, allow_network: bool) -> Iterator[Network]:
    with ExitStack() as stack:
        if allow_network:
            network = stack.enter_context(shared_network(count))
        else:
            try:
                network = stack.enter_context(own_network(count))
            except OSError as error:
                network = stack.enter_context(shared_network(count))
                if not network.is_shielded:
                    raise _unshielded(error) from error
        if not network.is_shielded:
            click.secho(
                "[launch] The processes listen on all interfaces of this machine; whoever reaches "
                "their ports runs code here as you.",
                fg="yellow",
                err=True,
            )
        yield network


def _unshielded(error: OSError) -> UserError:
    return UserError(
        "The processes cannot be shielded from the network: the system gives them no network "
        f"namespace ({error.strerror or error}).",
        where="kit launch",
        expected="Linux that lets this user have one, or a machine without another address",
        remedy="Give --allow-network where a firewall keeps others away: TensorFlow's servers "
        "listen on all interfaces and run what whoever reaches them asks for.",
    )


def _arguments(command: Sequence[str]) -> list[str]:
    program, *rest = command
    return [sys.executable, "-m", "kit", *rest] if program == "kit" else [program, *rest]


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The processes' environment, but for TF_CONFIG."""
    # SLURM's would describe another cluster.
    kept = {name: value for name, value in ours.items() if not name.startswith("SLURM_")}
    # gRPC asks the proxy of http_proxy for loopback too.
    direct = [ours.get("no_grpc_proxy") or ours.get("no_proxy"), HOST]
    return {**kept, "no_grpc_proxy": ",".join(filter(None, direct)), "PYTHONUNBUFFERED": "1"}


@contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals to end that come from now on."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
