"""The class of all commands: how a failure ends, the command line, TensorFlow kept quiet."""

import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kit.cluster import is_chief
from kit.console._terminal import echo, visible
from kit.errors import PEER_LOST, PeerLost, UserError, is_disk_full, not_installed
from kit.progress import shown

DEBUG = "kit.debug"
# Parameters that name what a command writes.
OUTPUTS = ("output", "report", "suspicious")
# Headings of the help, in order; other options come last.
GROUPS = ("Data", "Items", "Model", "Training", "Checkpoints", "Export")


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

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(param, "group", "Options"), []).append(record)
        for name in sorted(groups, key=_place):
            with formatter.section(name):
                formatter.write_dl(groups[name])

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with _readable_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _check_outputs(ctx.params)
            wanted = is_chief() and not ctx.params.get("quiet")
            with _readable_errors(), shown(wanted):
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            # A reader of the output that has enough, such as head, is no failure.
            raise
        except UserError as error:
            _trace(ctx)
            _explain(error)
            ctx.exit(2)
        except KeyboardInterrupt as interruption:
            _trace(ctx)
            _complain(str(interruption) or "Interrupted.", color="yellow")
            ctx.exit(130)
        except PeerLost as error:
            _trace(ctx)
            _complain(str(error), color="yellow")
            ctx.exit(PEER_LOST)
        except Exception as error:
            missing = isinstance(error, ModuleNotFoundError) and not_installed(error.name or "")
            if missing:
                _trace(ctx)
                _explain(missing)
                ctx.exit(2)
            if is_disk_full(error):
                _trace(ctx)
                _explain(_no_room(error))
                ctx.exit(2)
            failure = f"Failed: {type(error).__name__}: {error}"
            remedy = ["  remedy: run it again with --debug for the traceback."]
            _complain(failure, *([] if _trace(ctx) else remedy))
            ctx.exit(1)


class Group(click.Group):
    """A group of commands; an interruption before one of them runs ends with exit code 130, too."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with _readable_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _readable_errors():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            _complain("Interrupted.", color="yellow")
            ctx.exit(130)


def _check_outputs(params: Mapping[str, Any]) -> None:
    """Refuse to write to a file that is read."""
    for output in OUTPUTS:
        for name, value in params.items():
            values = value if isinstance(value, tuple) else (value,)
            if name not in OUTPUTS and any(_is_same(params.get(output), one) for one in values):
                raise UserError(
                    f"--{output} is a file that the command reads.",
                    where=str(params[output]),
                    expected="another file, which may be replaced",
                    remedy=f"Change --{output}.",
                )


def _is_same(output: Any, value: Any) -> bool:
    if not isinstance(output, str | Path) or not isinstance(value, str | Path):
        return False
    try:
        return Path(output).is_file() and Path(value).is_file() and Path(output).samefile(value)
    except (OSError, ValueError):
        # Names of data and other words are no paths.
        return False


def _place(group: str) -> int:
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)


@contextmanager
def _readable_errors() -> Iterator[None]:
    """What was typed may hold control characters, and click's messages hold what was typed."""
    try:
        yield
    except click.ClickException as error:
        # The attribute is declared final, and each class makes its answer of it in its own way.
        vars(error)["message"] = "\n".join(map(visible, error.message.split("\n")))
        raise


def _complain(*messages: str, color: str = "red") -> None:
    """Print messages to standard error; those of several lines are indented from the second on."""
    for message in messages:
        first, *others = message.rstrip().split("\n")
        echo(first, err=True, color=color)
        for line in others:
            echo(f"    {line}", err=True, color=color)


def _explain(error: UserError) -> None:
    details = [("where", error.where), ("expected", error.expected), ("remedy", error.remedy)]
    _complain(f"Error: {error.what}", *(f"  {k}: {v}" for k, v in details if v))


def _no_room(error: Exception) -> UserError:
    return UserError(
        "The disk is full.",
        where=str(getattr(error, "filename", None) or ""),
        remedy="Make room and give the same command again.",
    )


def _remember(ctx: click.Context, option: click.Parameter, debug: bool) -> None:
    ctx.meta[DEBUG] = debug


def _trace(ctx: click.Context) -> bool:
    if ctx.meta[DEBUG]:
        traceback.print_exc()
    return bool(ctx.meta[DEBUG])


def command_line() -> str:
    """The command that is running, to be shown as the way to repeat a result.

    Only the program's name is kept of its path.
    """
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def quiet_tensorflow() -> None:
    """Import TensorFlow with a log of errors only, unless TF_CPP_MIN_LOG_LEVEL says otherwise.

    What it writes before its logging is set up ignores that level, so standard error is turned
    away for the length of the import.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    sys.stderr.flush()
    stderr = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        import tensorflow
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(silence)
    tensorflow.get_logger().setLevel("ERROR")
