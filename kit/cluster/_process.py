"""One process of a cluster on this machine."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import IO

import click

from kit.cluster._cluster import Cluster
from kit.cluster._lines import Lines

PR_SET_PDEATHSIG = 1  # of linux/prctl.h
PIECE = 65_536
LIBC = ctypes.CDLL(None)  # before the fork


class Process:
    """A task's process; it does not outlive the thread that makes this.

    What it prints comes out under its name, a line at a time.

    Args:
        command: the program and its arguments.
        task: what it is in the cluster.
        environment: its environment variables.
        colour: of its name on a terminal.
        enter: called in it before its program begins.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        task: Cluster,
        environment: Mapping[str, str],
        colour: str,
        enter: Callable[[], None] = lambda: None,
    ) -> None:
        self.task = task
        self.name = f"{task.job} {task.index}"
        self.code: int | None = None
        self.seconds = 0.0  # it lived, once it has ended
        self._popen = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # A terminal's Ctrl-C reaches it through the launcher only.
            start_new_session=True,
            preexec_fn=partial(_begin, os.getpid(), enter),
        )
        self._started = time.monotonic()
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self.outputs = [
            Output(self._popen.stdout, f"[{self.name}] ", colour, errors=False),
            Output(self._popen.stderr, f"[{self.name}] ", colour, errors=True),
        ]

    @property
    def id(self) -> int:
        """Its number, and that of its group."""
        return self._popen.pid

    @property
    def ending(self) -> str:
        """How it ended, to follow its name."""
        assert self.code is not None
        if self.code >= 0:
            return f"ended with exit code {self.code}"
        with suppress(ValueError):
            return f"was killed by {signal.Signals(-self.code).name}"
        return f"was killed by signal {-self.code}"

    def poll(self) -> None:
        """Take note of its end, if it has ended."""
        if self.code is None and self._popen.poll() is not None:
            self._end()

    def send(self, number: int) -> None:
        """Send a signal to it and to what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.id, number)

    def kill(self) -> None:
        """End it at once."""
        if self.code is None:
            self.send(signal.SIGKILL)
            self._popen.wait()
            self._end()

    def _end(self) -> None:
        self.seconds = time.monotonic() - self._started
        self.send(signal.SIGKILL)  # what it has left behind
        for output in self.outputs:
            output.close()
        self.code = self._popen.returncode


class Output:
    """A process's stdout or stderr, passed on to ours."""

    def __init__(self, pipe: IO[bytes], prefix: str, colour: str, errors: bool) -> None:
        self._pipe, self._errors, self._lines = pipe, errors, Lines()
        terminal = (sys.stderr if errors else sys.stdout).isatty()
        self._prefix = (click.style(prefix, fg=colour) if terminal else prefix).encode()
        os.set_blocking(pipe.fileno(), False)

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._pipe.closed

    def fileno(self) -> int:
        """Of the pipe, for `select`."""
        return self._pipe.fileno()

    def pass_on(self) -> bool:
        """Print the lines that have come; whether there may be more."""
        try:
            piece = os.read(self.fileno(), PIECE)
        except BlockingIOError:
            return False
        self._print(self._lines.add(piece))
        if not piece:
            self._pipe.close()
        return bool(piece)

    def close(self) -> None:
        """Print what is left, also of a line without an end."""
        # Not until the end of the pipe: a daemon that the process started may hold it.
        while not self.closed and self.pass_on():
            pass
        self._print(self._lines.rest())
        self._pipe.close()

    def _print(self, lines: Sequence[bytes]) -> None:
        # As bytes: what is no UTF-8 is not ours to change.
        for line in lines:
            click.echo(self._prefix + line, err=self._errors)


def _begin(parent: int, enter: Callable[[], None]) -> None:
    """In the child: be killed when the thread that started it ends, however it does."""
    # First: other credentials, as of a namespace, would undo what follows.
    enter()
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that line
            os.kill(os.getpid(), signal.SIGKILL)
