"""Requests that arrive together run together; large ones run in parts."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from math import inf
from threading import Condition
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.serving._budget import RunGate
from kit.serving._limits import Limits
from kit.serving._signature import Signature, Tensors
from kit.serving._status import from_exception

# A run cannot be interrupted: it has so many rows at most, fewer where they take longer than this,
# and the estimate of the memory it takes is below this unless one row alone is above.
ROWS_AT_ONCE = 64
SECONDS_AT_ONCE = 1.0
BYTES_AT_ONCE = 256 * 1024 * 1024


class _Job:
    """One request in the queue.

    Args:
        tensors: inputs by name.
        rows: of the request.
        costs: of each row.
        deadline: of `monotonic`.
        done: called once, when no more work is done for it.
    """

    __slots__ = [
        "begin",
        "costs",
        "deadline",
        "done",
        "future",
        "kind",
        "parts",
        "rows",
        "since",
        "tensors",
        "total",
    ]

    def __init__(
        self,
        tensors: Tensors,
        rows: int,
        costs: NDArray[np.int64],
        deadline: float,
        done: Callable[[], None],
    ) -> None:
        self.tensors, self.rows, self.costs, self.since = tensors, rows, costs, monotonic()
        self.total = int(costs.sum())
        self.deadline, self.done = deadline, done
        # Only tensors that agree in all but the first dimension can be put together.
        self.kind = tuple(tensor.shape[1:] for tensor in tensors.values())
        self.future: Future[Tensors] = Future()
        self.restart()

    def restart(self) -> None:
        """Forget what has run."""
        self.begin = 0
        self.parts: list[Tensors] = []

    @property
    def left(self) -> int:
        """Rows that have not run."""
        return self.rows - self.begin

    def cost(self, count: int) -> int:
        """Of the next rows."""
        if count == self.rows:
            return self.total
        return int(self.costs[self.begin : self.begin + count].sum())

    def fitting(self, most_rows: int) -> int:
        """How many of the next rows one run may have."""
        count = min(self.left, most_rows)
        if self.total <= BYTES_AT_ONCE or count <= 1:
            return count
        sums = np.cumsum(self.costs[self.begin : self.begin + count])
        return max(1, min(count, int(np.searchsorted(sums, BYTES_AT_ONCE, "right"))))

    def part(self, count: int) -> Tensors:
        """The next rows."""
        if count == self.rows:
            return self.tensors
        rows = slice(self.begin, self.begin + count)
        return {name: tensor[rows] for name, tensor in self.tensors.items()}

    def alive(self) -> bool:
        """Whether somebody still waits; the job ends here otherwise."""
        if self.future.cancelled():
            self.done()
            return False
        if self.deadline < monotonic():
            self.fail(TimeoutError())
            return False
        return True

    def fail(self, error: Exception) -> None:
        """End with an error."""
        with suppress(InvalidStateError):
            self.future.set_exception(from_exception(error))
        self.done()

    def finish(self) -> None:
        """End with the answer."""
        answer = self.parts[0]
        if len(self.parts) > 1:
            answer = {name: np.concatenate([p[name] for p in self.parts]) for name in answer}
        with suppress(InvalidStateError):
            self.future.set_result(answer)
        self.done()


class _OtherRowsError(Exception):
    """The outputs are not one row for each row of the inputs."""


Batch = list[tuple[_Job, int]]


class Batcher:
    """The queue before one signature.

    Requests are put together along the first dimension, and large ones cut along it, when every
    input and output of the signature leaves it free; a row's answer must then not depend on its
    neighbours, as TensorFlow Serving's batching asks as well. Others run one by one. Requests take
    turns: after each part of a large one come those that queued up meanwhile.

    Args:
        signature: what is run.
        pool: threads of the model; shared by its signatures.
        workers: how many of them this signature may hold at once.
        limits: the server's.
        ran: told the rows of every run.
        gate: bounds the memory of all runs under way.
    """

    def __init__(
        self,
        signature: Signature,
        pool: ThreadPoolExecutor,
        workers: int,
        limits: Limits,
        ran: Callable[[int], None],
        gate: RunGate,
    ) -> None:
        self._signature, self._pool, self._workers = signature, pool, workers
        self._limits, self._ran, self._gate = limits, ran, gate
        self._batched = signature.batched
        self._rows_at_once = min(ROWS_AT_ONCE, limits.max_batch_size)
        self._queue: deque[_Job] = deque()
        self._changed = Condition()
        self._running = 0

    def submit(
        self, tensors: Tensors, deadline: float = inf, done: Callable[[], None] = lambda: None
    ) -> "Future[Tensors]":
        """Run the signature on a request.

        Args:
            tensors: inputs by name.
            deadline: of `time.monotonic`; what has not begun then is not run.
            done: called when the work is over, which may be after whoever waits gave up.

        Returns:
            Outputs by name, or a `ServingError`.

        Raises:
            ServingError: the request does not fit the signature.
        """
        rows = self._signature.check(tensors)
        costs = self._signature.costs(tensors, rows) if rows else np.zeros(0, np.int64)
        job = _Job(tensors, rows, costs, deadline, done)
        with self._changed:
            self._queue.append(job)
            starts = self._running < self._workers
            self._running += starts
            if not starts and self._limits.batch_timeout_s:
                self._changed.notify_all()
        if starts:
            self._pool.submit(self._work)
        return job.future

    def _work(self) -> None:
        """Run one batch, then stand in line again: other signatures want the threads too."""
        while True:
            with self._changed:
                batch = self._take()
            self._run(batch)
            with self._changed:
                if not self._queue:
                    self._running -= 1
                    return
            # The pool takes no more when the server stops; what is queued is finished here.
            with suppress(RuntimeError):
                self._pool.submit(self._work)
                return

    def _take(self) -> Batch:
        """The next run: jobs, and how many rows of each."""
        if not self._queue:
            return []
        if not self._batched:
            job = self._queue.popleft()
            return [(job, job.rows)]
        if wait := self._limits.batch_timeout_s:
            left = self._queue[0].since + wait - monotonic()
            self._changed.wait_for(self._is_full, timeout=max(0.0, left))
            if not self._queue:
                return []
        first = self._queue.popleft()
        rows = first.fitting(self._rows_at_once)
        batch, others, cost = [(first, rows)], [], first.cost(rows)
        while self._queue and rows < self._rows_at_once and batch[0][1] == first.left:
            job = self._queue.popleft()
            joined = rows + job.left <= self._rows_at_once and job.kind == first.kind
            if joined and cost + job.cost(job.left) <= BYTES_AT_ONCE:
                batch.append((job, job.left))
                rows += job.left
                cost += job.cost(job.left)
            else:
                others.append(job)
        self._queue.extendleft(reversed(others))
        return batch

    def _is_full(self) -> bool:
        return sum(job.left for job in self._queue) >= self._rows_at_once

    def _run(self, batch: Batch) -> None:
        batch = [(job, count) for job, count in batch if job.alive()]
        if not batch:
            return
        try:
            answers = self._answers(batch)
        except _OtherRowsError:
            self._batched = False
            for job, _ in batch:
                job.restart()
            self._return([job for job, _ in batch])
            return
        except Exception as error:
            if len(batch) == 1:
                batch[0][0].fail(error)
                return
            # One of them is to blame; the others must not pay for it.
            for one in batch:
                self._run([one])
            return
        for (job, count), answer in zip(batch, answers, strict=True):
            job.parts.append(answer)
            job.begin += count
            if job.left > 0:
                self._return([job])
            else:
                job.finish()

    def _return(self, jobs: list[_Job]) -> None:
        with self._changed:
            self._queue.extend(jobs)

    def _answers(self, batch: Batch) -> list[Tensors]:
        rows = sum(count for _, count in batch)
        with self._gate.hold(sum(job.cost(count) for job, count in batch)):
            self._ran(rows)
            since = monotonic()
            if len(batch) == 1:
                job, count = batch[0]
                outputs = self._signature.run(job.part(count))
            else:
                parts = [job.part(count) for job, count in batch]
                outputs = self._signature.run(
                    {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
                )
            self._adapt(rows, monotonic() - since)
        if len(batch) == 1 and batch[0][0].rows == batch[0][1]:
            return [outputs]
        if any(tensor.shape[:1] != (rows,) for tensor in outputs.values()):
            raise _OtherRowsError
        ends = np.cumsum([count for _, count in batch])[:-1]
        found: dict[str, list[Any]] = {n: np.split(t, ends) for n, t in outputs.items()}
        return [{name: found[name][place] for name in found} for place in range(len(batch))]

    def _adapt(self, rows: int, seconds: float) -> None:
        """Fewer rows a run where they take long, more again where they do not."""
        most = min(ROWS_AT_ONCE, self._limits.max_batch_size)
        if seconds > SECONDS_AT_ONCE:
            self._rows_at_once = max(1, min(most, int(rows * SECONDS_AT_ONCE / seconds)))
        elif seconds < SECONDS_AT_ONCE / 4:
            self._rows_at_once = min(most, 2 * self._rows_at_once)
