"""Memory of the requests in flight, shared fairly between models."""

import gc
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

from kit.serving._limits import Limits
from kit.serving._status import ServingError

# So much of each request is not counted: most requests need no more, and take no lock.
# `max_pending` bounds how many of them there are.
FREE = 128 * 1024
# Runs below this do not wait for others; every model has two threads at most that run.
FREE_RUN = 8 * 1024 * 1024


class Budget:
    """What requests in flight hold: bodies, tensors and answers.

    One model may hold half of it, and have half of the requests under way: its load leaves room
    for the others.

    Args:
        limits: the server's.
    """

    def __init__(self, limits: Limits) -> None:
        self._most_bytes = limits.max_memory_bytes // 2
        self._most_pending = limits.max_pending
        self._bytes: Counter[str] = Counter()
        self._pending: Counter[str] = Counter()
        self._lock = Lock()
        self._conversion = Lock()
        self.runs = RunGate(limits.max_memory_bytes // 2)

    @contextmanager
    def conversion(self) -> Iterator[None]:
        """Convert a large body: it takes many times its size, so one at a time."""
        with self._conversion:
            # The collector would walk through all that is being made, again and again, while
            # everybody waits.
            collects = gc.isenabled()
            gc.disable()
            try:
                yield
            finally:
                if collects:
                    gc.enable()

    def reservation(self, model: str) -> "Reservation":
        """A request's share, empty at first.

        Args:
            model: a served model, "" for any other name.
        """
        return Reservation(self, model)

    def take(self, model: str, size: int) -> None:
        """Count bytes for a model.

        Raises:
            ServingError: RESOURCE_EXHAUSTED.
        """
        with self._lock:
            if self._bytes.total() + size > self._most_bytes:
                raise _exhausted("The requests in flight", self._most_bytes)
            if self._bytes[model] + size > self._most_bytes // 2:
                raise _exhausted("The requests of this model", self._most_bytes // 2)
            self._bytes[model] += size

    def give(self, model: str, size: int) -> None:
        """Take bytes off the count again."""
        with self._lock:
            self._bytes[model] -= size

    def enter(self, model: str) -> None:
        """Count a request as under way.

        Raises:
            ServingError: UNAVAILABLE, too many are.
        """
        with self._lock:
            if self._pending.total() >= self._most_pending:
                raise ServingError("UNAVAILABLE", "Too many requests are under way")
            if self._pending[model] >= max(1, self._most_pending // 2):
                raise ServingError("UNAVAILABLE", "Too many requests of this model are under way")
            self._pending[model] += 1

    def leave(self, model: str) -> None:
        """End what `enter` began."""
        with self._lock:
            self._pending[model] -= 1


class Reservation:
    """The share of one request; released when the last of its users has released it."""

    def __init__(self, budget: Budget, model: str) -> None:
        self._budget, self._model = budget, model
        self._size = self._counted = 0
        self._users = 1
        self._entered = False
        self._lock = Lock()

    def grow(self, size: int) -> None:
        """Hold more bytes.

        Raises:
            ServingError: RESOURCE_EXHAUSTED.
        """
        self._size += size
        if self._size > FREE:
            more = self._size - FREE - self._counted
            self._budget.take(self._model, more)
            self._counted += more

    def admit(self) -> None:
        """Count the request as under way from now on.

        Raises:
            ServingError: UNAVAILABLE.
        """
        self._budget.enter(self._model)
        self._entered = True

    def share(self) -> None:
        """Let one more user hold it."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        """End one user's hold."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
        if self._counted:
            self._budget.give(self._model, self._counted)
        if self._entered:
            self._budget.leave(self._model)
        self._counted, self._entered = 0, False


class RunGate:
    """Bounds the working memory of all runs that are under way; first come, first served.

    Args:
        limit: bytes; a run that needs more has it to itself.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._queue: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait for room, and keep it for the length of a run."""
        if size < FREE_RUN:
            yield
            return
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(
                lambda: (
                    self._queue[0] is ticket
                    and (not self._held or self._held + size <= self._limit)
                )
            )
            self._queue.popleft()
            self._held += size
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._held -= size
                self._changed.notify_all()


def _exhausted(what: str, most: int) -> ServingError:
    return ServingError("RESOURCE_EXHAUSTED", f"{what} hold more than {most} bytes; try again")
