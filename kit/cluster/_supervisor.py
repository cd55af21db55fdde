"""What is done when a process of a cluster ends."""

import math
import select
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import click

from kit.cluster._cluster import WORKER, Cluster
from kit.cluster._process import Process
from kit.errors import PEER_LOST, UserError

# Exit codes: the user's mistake, which would be repeated; an interruption.
MISTAKE, INTERRUPTED = 2, 130
KILLED = (-signal.SIGKILL, -signal.SIGTERM)
TICK_S = 0.05
PEERS_S = 1  # for the peers of a process that died to notice, and to end with a reason
FINISH_S = 5  # for the other workers when the chief has finished
SAVE_S = 60
TERMINATE_S = 5
EARLY_S = 10
COLOURS = ("cyan", "magenta", "green", "blue")


class Supervisor:
    """Starts the processes of a cluster and sees them through.

    Args:
        command: what each of them runs, a program and its arguments.
        tasks: what they are, the chief first.
        environment: what they share.
        restarts: how often processes that died are started again, in all.
        signals: to end; the caller adds those that come.
        enter: called in each process before its program begins.
    """

    def __init__(
        self,
        command: Sequence[str],
        tasks: Sequence[Cluster],
        environment: Mapping[str, str],
        restarts: int,
        signals: list[int],
        enter: Callable[[], None] = lambda: None,
    ) -> None:
        self._enter = enter
        self._command, self._tasks, self._environment = command, tasks, environment
        self._restarts, self._signals = restarts, signals
        self._restarted = 0
        self._early_deaths = Counter[str]()
        self._processes: dict[str, Process] = {}  # by name, as the tasks

    def run(self) -> int:
        """Until the chief has finished or there is no use in going on; the exit code.

        Raises:
            UserError: the command cannot be started.
        """
        try:
            self._start(self._tasks)
            return self._supervise()
        except _Signalled as signalled:
            return self._interrupt(signalled.args[0])

    def kill(self) -> None:
        """End all at once."""
        for process in self._running:
            process.send(signal.SIGKILL)
        for process in self._running:
            process.kill()

    @property
    def _chief(self) -> Process:
        return next(iter(self._processes.values()))

    @property
    def _running(self) -> list[Process]:
        return [process for process in self._processes.values() if process.code is None]

    @property
    def _dead(self) -> list[Process]:
        return [process for process in self._processes.values() if process.code]

    def _start(self, tasks: Sequence[Cluster]) -> None:
        for task in tasks:
            environment = {**self._environment, "TF_CONFIG": task.tf_config()}
            colour = COLOURS[self._tasks.index(task) % len(COLOURS)]
            try:
                process = Process(self._command, task, environment, colour, self._enter)
            except OSError as error:
                raise UserError(
                    f"The command cannot be started: {error.strerror}.",
                    where=self._command[0],
                    expected="a program and its arguments",
                ) from error
            self._processes[process.name] = process
            _say(
                f"{process.name} is process {process.id} on {task.addresses[task.job][task.index]}"
            )

    def _supervise(self) -> int:
        while True:
            self._wait(lambda: self._chief.code == 0 or bool(self._dead))
            alone = all(p.task.has_servers and p.task.job == WORKER for p in self._dead)
            if not alone:
                self._wait(lambda: not self._running, PEERS_S)
            if self._chief.code == 0:
                return self._finish()
            for process in self._dead:
                if process.code == MISTAKE:
                    _say(f"{process.name} {process.ending}, a mistake to mend; all are stopped.")
                    return MISTAKE
                if process.code in (INTERRUPTED, -signal.SIGINT):
                    _say(f"{process.name} {process.ending}, an interruption; all are stopped.")
                    return self._interrupt(signal.SIGINT)
            # The others died of it.
            causes = [p for p in self._dead if p.code != PEER_LOST] or self._dead
            cause = causes[0]
            if end := self._end_of_patience(causes[:1] if alone else causes):
                _say(f"{end}; given up. What it printed last may say why.")
                return 1
            self._restarted += 1
            again = "it is" if alone else "all are"
            count = f"restart {self._restarted} of {self._restarts}"
            _say(f"{cause.name} {cause.ending}; {again} started again ({count}).")
            if not alone:
                self.kill()
            self._start([cause.task] if alone else self._tasks)

    def _end_of_patience(self, causes: Sequence[Process]) -> str:
        """Why nothing is started again, if nothing is."""
        # A kill from outside says nothing of the command, nor do the ends of its peers.
        killed = any(process.code in KILLED for process in self._dead)
        for process in causes:
            early = process.seconds < EARLY_S and not killed
            self._early_deaths[process.name] = self._early_deaths[process.name] + 1 if early else 0
        for process in causes:
            if self._early_deaths[process.name] == 3:
                when = f"within {EARLY_S} s of its start for the third time in a row"
                return f"{process.name} {process.ending} {when}"
        if self._restarted == self._restarts:
            cause = causes[0]
            return f"{cause.name} {cause.ending} and the restarts ({self._restarts}) are used up"
        return ""

    def _finish(self) -> int:
        if not self._chief.task.has_servers:
            self._wait(lambda: not self._running, FINISH_S)
        self._terminate()
        return 0

    def _interrupt(self, number: int) -> int:
        """Let those that train save and end."""
        # A chief with servers needs its workers for that, and these have nothing to save.
        savers = [p for p in self._running if not p.task.has_servers or p is self._chief]
        for process in savers:
            process.send(number)
        if savers:
            names = ", ".join(process.name for process in savers)
            _say(
                f"{signal.Signals(number).name} is passed on to {names}; {SAVE_S} s to save and "
                "end. Once more kills at once."
            )
        try:
            self._wait(lambda: all(process.code is not None for process in savers), SAVE_S)
            for process in savers:
                if process.code is None:
                    _say(f"{process.name} has not ended in {SAVE_S} s and is killed.")
                    process.kill()
            self._terminate()
        except _Signalled:
            pass
        return INTERRUPTED

    def _terminate(self) -> None:
        for process in self._running:
            process.send(signal.SIGTERM)
        self._wait(lambda: not self._running, TERMINATE_S)

    def _wait(self, until: Callable[[], bool], seconds: float = math.inf) -> None:
        """Pass on what is printed until something is so or the time is over."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            outputs = [o for p in self._running for o in p.outputs if not o.closed]
            for output in select.select(outputs, [], [], TICK_S)[0]:
                output.pass_on()
            for process in self._running:
                process.poll()
            if self._signals:
                raise _Signalled(self._signals.pop(0))


class _Signalled(Exception):
    """The launcher was asked to end."""


def _say(sentence: str) -> None:
    click.secho(f"[launch] {sentence}", fg="yellow", err=True)
