"""Training in several processes on this machine."""

import click

from kit.console import Command

EXAMPLE = "kit launch --workers 2 -- kit train two-tower --data online-retail"


class Launch(Command):
    """A command that runs another one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Said before anything else, as what comes without -- is read as options of this one.
        command = args[args.index("--") + 1 :] if "--" in args else []
        if not command and "--help" not in args:
            ctx.fail(f"The command to launch is missing; it comes after --, as in: {EXAMPLE}")
        return super().parse_args(ctx, args)


@click.command(cls=Launch, example=EXAMPLE)
@click.option(
    "--workers", type=click.IntRange(min=1), required=True, help="Number of worker processes."
)
@click.option(
    "--servers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Processes that hold the parameters, for workers that do not wait for each other; a "
    "chief that leads them comes on top.",
)
@click.option(
    "--restarts",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How often processes that died are started again, in all. One that ends by itself within "
    "10 s of three starts in a row is given up before.",
)
@click.option(
    "--allow-network",
    is_flag=True,
    help="Run them in the machine's network, to download or because the system gives no other. "
    "They then listen on all its interfaces, and whoever reaches a port runs code as you.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.pass_context
def launch(
    ctx: click.Context,
    workers: int,
    servers: int,
    restarts: int,
    allow_network: bool,
    command: tuple[str, ...],
) -> None:
    """Train in several processes on this machine, to develop or to try.

    Each runs COMMAND with its place in the cluster in TF_CONFIG, and what it prints comes out
    under its name. It is over when the chief, or else worker 0, has finished.

    \b
    A process that dies is started again and goes on from its checkpoint:
    without servers all of them, as they train in step; with servers a worker
    alone, but all of them for the chief or a server.

    TensorFlow's servers listen on all interfaces and have no authentication, so the processes get
    a network of their own with nothing but loopback: they reach each other, and nothing else
    reaches them or is reached by them.

    Exit code 2 of a process, the user's mistake, ends all. Ctrl-C lets them save and end.
    """
    from kit.cluster import launch as launch_cluster

    ctx.exit(
        launch_cluster(
            command,
            workers=workers,
            servers=servers,
            restarts=restarts,
            allow_network=allow_network,
        )
    )
