"""A command that ends with a sentence, not a traceback."""

import traceback
from typing import Any

import click

from kit.errors import PEER_LOST, PeerLost, UserError

DEBUG = "kit.debug"


class Command(click.Command):
    """`click.Command` with an example in its help, `--debug`, and exit codes.

    2 is the user's mistake, 1 a failure, 130 an interruption, 75 the loss of another process of a
    cluster, after which the same command goes on.

    Args:
        example: a command line that runs.
    """

    def __init__(self, name: str, example: str, **kwargs: Any) -> None:
        kwargs["epilog"] = f"Example:  {example}"
        super().__init__(name, **kwargs)
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_remember,
                help="Show a failure's traceback.",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except UserError as error:
            _trace(ctx)
            click.secho(f"Error: {error}", fg="red", err=True)
            ctx.exit(2)
        except KeyboardInterrupt as interruption:
            _trace(ctx)
            click.secho(str(interruption) or "Interrupted.", fg="yellow", err=True)
            ctx.exit(130)
        except PeerLost as error:
            _trace(ctx)
            click.secho(str(error), fg="yellow", err=True)
            ctx.exit(PEER_LOST)
        except Exception as error:
            traced = _trace(ctx)
            remedy = "" if traced else "\n  remedy: run it again with --debug for the traceback."
            click.secho(f"Failed: {type(error).__name__}: {error}{remedy}", fg="red", err=True)
            ctx.exit(1)


def _remember(ctx: click.Context, option: click.Parameter, debug: bool) -> None:
    ctx.meta[DEBUG] = debug


def _trace(ctx: click.Context) -> bool:
    if ctx.meta[DEBUG]:
        traceback.print_exc()
    return bool(ctx.meta[DEBUG])
