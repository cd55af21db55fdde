from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic, sleep

import numpy as np
import pytest

from kit.serving import Batcher, Limits, RunGate, ServingError
from kit.serving import _batching as batching
from kit.serving._batching import BYTES_AT_ONCE


class Doubles:
    """Stands in for a signature, and waits to be let go before its first run."""

    batched = True
    cost = 1

    def __init__(self, *, mixes_rows: bool = False) -> None:
        self.go, self.started, self.mixes_rows = Event(), Event(), mixes_rows
        self.runs: list[list[float]] = []

    def check(self, tensors):
        return len(tensors["x"])

    def costs(self, tensors, rows):
        return np.full(rows, self.cost, np.int64)

    def run(self, tensors):
        self.started.set()
        assert self.go.wait(10)
        self.runs.append(tensors["x"].ravel().tolist())
        if (tensors["x"] < 0).any():
            raise ValueError("negative")
        return {"y": tensors["x"][: 1 if self.mixes_rows else None] * 2}


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def batcher(signature, pool, **limits) -> tuple[Batcher, list[int]]:
    rows: list[int] = []
    return Batcher(signature, pool, 1, Limits(**limits), rows.append, RunGate(10**9)), rows


def rows_of(*values: float):
    return {"x": np.array(values)}


def queued(batcher, signature, *requests):
    """The first request runs while the others queue up behind it."""
    first = batcher.submit(rows_of(0.0))
    assert signature.started.wait(10)
    futures = [batcher.submit(request) for request in requests]
    signature.go.set()
    assert first.result(10)["y"].tolist() == [0.0]
    return futures


def answers(futures):
    return [future.result(10)["y"].tolist() for future in futures]


def test_what_queued_runs_together(pool):
    signature = Doubles()
    queue, rows = batcher(signature, pool)
    futures = queued(queue, signature, rows_of(1), rows_of(2, 3), rows_of(4))
    assert answers(futures) == [[2], [4, 6], [8]]
    assert signature.runs == [[0], [1, 2, 3, 4]]
    assert rows == [1, 4]


def test_a_batch_has_its_largest_size(pool):
    signature = Doubles()
    queue, rows = batcher(signature, pool, max_batch_size=3)
    futures = queued(queue, signature, rows_of(1, 2), rows_of(3, 4), rows_of(5))
    assert answers(futures) == [[2, 4], [6, 8], [10]]
    assert rows == [1, 3, 2]


def test_only_what_fits_together_does(pool):
    signature = Doubles()
    queue, _ = batcher(signature, pool)
    wide = {"x": np.array([[7.0, 8.0]])}
    futures = queued(queue, signature, rows_of(1), wide, rows_of(2))
    assert answers(futures) == [[2], [[14, 16]], [4]]
    assert signature.runs == [[0], [1, 2], [7, 8]]


def test_neighbours_do_not_pay_for_a_bad_request(pool):
    signature = Doubles()
    queue, _ = batcher(signature, pool)
    good, bad, better = queued(queue, signature, rows_of(1), rows_of(-1), rows_of(2))
    assert answers([good, better]) == [[2], [4]]
    with pytest.raises(ServingError):
        bad.result(10)


def test_outputs_that_are_not_one_a_row_end_the_batching(pool):
    signature = Doubles(mixes_rows=True)
    queue, _ = batcher(signature, pool)
    assert answers(queued(queue, signature, rows_of(1), rows_of(2))) == [[2], [4]]
    assert signature.runs == [[0], [1, 2], [1], [2]]


def test_without_a_batch_dimension_each_runs_alone(pool):
    signature = Doubles()
    signature.batched = False
    queue, _ = batcher(signature, pool)
    assert answers(queued(queue, signature, rows_of(1), rows_of(2))) == [[2], [4]]
    assert signature.runs == [[0], [1], [2]]


def test_who_gave_up_is_not_run(pool):
    signature = Doubles()
    queue, _ = batcher(signature, pool)
    first = queue.submit(rows_of(0.0))
    assert signature.started.wait(10)
    given_up, kept = queue.submit(rows_of(1)), queue.submit(rows_of(2))
    assert given_up.cancel()
    signature.go.set()
    assert answers([first, kept]) == [[0], [4]]
    assert signature.runs == [[0], [2]]


def test_a_request_may_wait_for_company(pool):
    signature = Doubles()
    signature.go.set()
    queue, rows = batcher(signature, pool, batch_timeout_s=5.0, max_batch_size=2)
    futures = [queue.submit(rows_of(1)), queue.submit(rows_of(2))]
    assert answers(futures) == [[2], [4]]  # and not after 5 s: the batch was full
    assert rows == [2]


def test_what_is_queued_when_the_pool_closes_is_finished():
    signature = Doubles()
    pool = ThreadPoolExecutor(1)
    queue, _ = batcher(signature, pool, max_batch_size=1)
    futures = [queue.submit(rows_of(n)) for n in range(4)]
    assert signature.started.wait(10)
    pool.shutdown(wait=False)
    signature.go.set()
    assert answers(futures) == [[0], [2], [4], [6]]


def test_a_large_request_runs_in_parts_and_others_take_turns(pool):
    signature = Doubles()
    queue, rows = batcher(signature, pool)
    large, small = queued(queue, signature, rows_of(*range(200)), rows_of(7, 8))
    assert large.result(10)["y"].tolist() == [2 * n for n in range(200)]
    assert small.result(10)["y"].tolist() == [14, 16]
    assert rows == [1, 64, 2, 64, 64, 8]


def test_rows_that_take_much_memory_run_in_smaller_parts(pool):
    signature = Doubles()
    signature.cost = BYTES_AT_ONCE // 3
    queue, rows = batcher(signature, pool)
    (large,) = queued(queue, signature, rows_of(*range(7)))
    assert large.result(10)["y"].tolist() == [2 * n for n in range(7)]
    assert rows == [1, 3, 3, 1]
    signature.cost = 2 * BYTES_AT_ONCE
    assert len(queue.submit(rows_of(1, 2)).result(10)["y"]) == 2
    assert rows[4:] == [1, 1]


def test_no_rows_are_answered_with_none(pool):
    signature = Doubles()
    signature.go.set()
    queue, rows = batcher(signature, pool)
    assert queue.submit(rows_of()).result(10)["y"].tolist() == []
    assert rows == [0]


def test_work_past_its_deadline_ends_between_two_parts(pool):
    signature, done = Doubles(), []
    queue, rows = batcher(signature, pool)
    late = queue.submit(rows_of(*range(1000)), monotonic() + 0.05, lambda: done.append(1))
    assert signature.started.wait(10)
    sleep(0.1)
    signature.go.set()
    with pytest.raises(ServingError) as caught:
        late.result(10)
    assert caught.value.code == "DEADLINE_EXCEEDED"
    assert rows == [64]
    assert done == [1]


def test_who_gave_up_during_a_run_gets_no_second_one(pool):
    signature, done = Doubles(), Event()
    queue, rows = batcher(signature, pool)
    given_up = queue.submit(rows_of(*range(1000)), done=done.set)
    assert signature.started.wait(10)
    assert given_up.cancel()
    assert not done.is_set()
    signature.go.set()
    assert done.wait(10)
    assert rows == [64]


def test_slow_rows_run_fewer_at_once(pool, monkeypatch):
    monkeypatch.setattr(batching, "SECONDS_AT_ONCE", 0.05)
    signature = Doubles()
    queue, rows = batcher(signature, pool)
    request = queue.submit(rows_of(*range(200)))
    assert signature.started.wait(10)
    sleep(0.2)
    signature.go.set()
    assert len(request.result(10)["y"]) == 200
    assert rows[0] == 64
    assert rows[1] < 32
    assert sum(rows) == 200


def test_outputs_that_are_not_one_a_row_run_in_one_part(pool):
    signature = Doubles(mixes_rows=True)
    signature.go.set()
    queue, _ = batcher(signature, pool)
    assert queue.submit(rows_of(*range(100))).result(10)["y"].tolist() == [0]
    assert signature.runs[-1] == list(range(100))


def test_models_do_not_wait_for_one_another():
    slow, quick = Doubles(), Doubles()
    quick.go.set()
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        waiting = batcher(slow, one)[0].submit(rows_of(1))
        assert slow.started.wait(10)
        assert batcher(quick, other)[0].submit(rows_of(1)).result(10)["y"].tolist() == [2]
        slow.go.set()
        assert waiting.result(10)["y"].tolist() == [2]
