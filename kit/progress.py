"""What a long computation does, shown on standard error while it runs.

Whatever may take long says so with `stage`. Nothing is shown unless `shown` was entered: the
commands do so, and so does training.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

REFRESH_SECONDS = 0.25
"""Between two drawings of a progress bar."""
DELAY_SECONDS = 0.4
"""A stage that ends sooner shows no progress."""
LINE_SECONDS = 10.0
"""Between two lines where the output is a file."""
INNER_SECONDS = 2.0
"""An inner stage that ends sooner shows no progress."""
SEPARATOR = ", "
"""Between two details of a progress line."""

Detail = tuple[int, str]
"""How dispensable it is, and the text; 0 is always shown, greater ones where there is room."""


class Stage:
    """One thing that takes its time.

    Args:
        name: first word of its line.
        total: how many there are to do, or None where that is not known.
        unit: what they are, in the plural.

    Attributes:
        note: what is being done, a few words.
        details: makes the words of the line instead of the count and the time left.
    """

    def __init__(self, name: str, total: int | None = None, unit: str = "") -> None:
        self.name, self.total, self.unit = name, total, unit
        self.done, self.note = 0, ""
        self.details: Callable[[], Sequence[Detail]] = self._count
        self.begin = time.monotonic()

    def advance(self, number: int = 1) -> None:
        """So many more are done."""
        self.done += number

    def report(self) -> None:
        """Something worth a line in a log has happened; a terminal shows it anyway."""
        if _display is not None:
            _display.report()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.begin

    def _count(self) -> Sequence[Detail]:
        found: list[Detail] = [(1, self.note)] if self.note else []
        if self.total is not None:
            found.append((0, f"{self.done:,} of {self.total:,} {self.unit}".rstrip()))
            if self.done and self.done < self.total and self.seconds > 2 * INNER_SECONDS:
                left = self.seconds / self.done * (self.total - self.done)
                found.append((2, f"about {duration(left)} left"))
        return found


def duration(seconds: float) -> str:
    """A time for people.

    Example:

    >>> duration(62.4), duration(3725)
    ('1:02', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def stage(name: str, total: int | None = None, unit: str = "") -> Iterator[Stage]:
    """While it is entered, the stage is what is being done; also a decorator of a function.

    Args:
        name: first word of its line.
        total: how many there are to do, or None where that is not known.
        unit: what they are, in the plural.

    Example:

    >>> with stage("read", total=2, unit="files") as reading:
    ...     reading.advance()
    >>> line([reading], 80)
    'read: 1 of 2 files, 0:00'
    """
    entered = Stage(name, total, unit)
    display = _display
    if display is None:
        yield entered
        return
    display.push(entered)
    try:
        yield entered
    finally:
        display.pop(entered)


@contextmanager
def shown(wanted: bool = True) -> Iterator[None]:
    """While it is entered, stages are shown on standard error.

    A terminal shows one line that is renewed and goes away; elsewhere (a file, a pipe, a notebook)
    a whole line is printed every ten seconds.

    Args:
        wanted: False changes nothing.
    """
    global _display
    if _display is not None or not wanted:
        yield
        return
    _display = _Display()
    try:
        yield
    finally:
        display, _display = _display, None
        display.close()


def line(stages: Sequence[Stage], width: int) -> str:
    """What the outermost stage does, and the innermost one where that takes its time.

    Args:
        stages: outermost first.
        width: of the line; what does not fit is left out as a whole, the least needed first.
    """
    outer, inner = stages[0], stages[-1]
    details = [d for d in outer.details() if d[1]]
    if inner is not outer and inner.seconds > INNER_SECONDS:
        nested = [(rank + 1, text) for rank, text in inner.details() if text]
        if nested and inner.name != outer.name:
            nested[0] = (nested[0][0], f"{inner.name} {nested[0][1]}")
        details += nested
    # The time left stands behind the time passed.
    place = next((p for p, (_, text) in enumerate(details) if text.endswith(" left")), len(details))
    details.insert(place, (0, duration(outer.seconds)))
    prefix = f"{outer.name}: "
    taken: set[int] = set()
    used = len(prefix) - len(SEPARATOR)
    for place in sorted(range(len(details)), key=lambda place: details[place][0]):
        needed = len(SEPARATOR) + len(details[place][1])
        if used + needed <= width:
            used += needed
            taken.add(place)
    return prefix + SEPARATOR.join(details[place][1] for place in sorted(taken))


class _Display:
    """The stages that are entered, and the thread that shows them."""

    def __init__(self) -> None:
        self._stages: list[Stage] = []
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._ticks: threading.Thread | None = None
        self._live: Any = None
        self._printed = time.monotonic()
        self._is_first = True
        self._is_terminal = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", None)

    def push(self, entered: Stage) -> None:
        with self._lock:
            if not self._stages:
                self._is_first = True
                # What is quick is not worth a line, however long ago the last one was.
                earliest = time.monotonic() + INNER_SECONDS - LINE_SECONDS
                self._printed = max(self._printed, earliest)
            self._stages.append(entered)
            if self._ticks is None:
                self._ticks = threading.Thread(target=self._tick, name="progress", daemon=True)
                self._ticks.start()

    def pop(self, entered: Stage) -> None:
        with self._lock:
            self._stages.remove(entered)
            if not self._stages and self._live is not None:
                self._live.stop()
                self._live = None

    def report(self) -> None:
        """Print a line where there is no terminal: of each stage the first one at once."""
        with self._lock:
            if self._stages and not self._is_terminal and (self._is_first or self._is_due()):
                self._is_first = False
                self._print()

    def close(self) -> None:
        self._closed.set()
        if self._ticks is not None:
            self._ticks.join()
        # A generator that was not exhausted may hold its stage still.
        if self._live is not None:
            self._live.stop()

    def _tick(self) -> None:
        while not self._closed.wait(REFRESH_SECONDS):
            with self._lock:
                if not self._stages:
                    continue
                if self._is_terminal:
                    self._renew()
                elif self._is_due():
                    self._print()

    def _is_due(self) -> bool:
        return time.monotonic() - self._printed >= LINE_SECONDS

    def _print(self) -> None:
        self._printed = time.monotonic()
        print(line(self._stages, sys.maxsize), file=sys.stderr, flush=True)

    def _renew(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._live is None:
            if self._stages[0].seconds < DELAY_SECONDS:
                return
            # What is printed to standard error meanwhile stands above the line.
            self._live = Live(
                console=Console(stderr=True, highlight=False),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start()
        words = line(self._stages, self._live.console.width - 1)
        self._live.update(Text(words, no_wrap=True, overflow="crop"), refresh=True)


_display: _Display | None = None
