import numpy as np
import tensorflow as tf

from kit.training._input_wait_timer import InputWaitTimer
from tests.training.few import batches


def test_a_stream_stays_what_it_is():
    stream = batches().stream(3)
    noted = InputWaitTimer().noted(stream, 3)
    assert noted.element_spec == stream.element_spec
    for one, other in zip(noted.take(3), stream.take(3), strict=True):
        for array, expected in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            np.testing.assert_array_equal(array, expected)


def test_a_step_waited_from_when_it_asked_until_its_batch_was_there(monkeypatch):
    ready = InputWaitTimer()
    # Batch 7 is there at 107 and so on.
    clock = iter(range(107, 200))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    assert [int(n) for n in ready.noted(tf.data.Dataset.range(4), 7)] == [0, 1, 2, 3]
    assert [ready.waited(step, asked=108.5) for step in (7, 8, 9, 10)] == [0.0, 0.0, 0.5, 1.5]
    # Of a batch it has not seen, and of one that was asked for, it knows nothing.
    assert (ready.waited(11, asked=0.0), ready.waited(10, asked=0.0)) == (0.0, 0.0)


def test_a_stream_that_is_opened_twice_is_timed_by_the_second(monkeypatch):
    ready = InputWaitTimer()
    clock = iter(range(100, 200))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    stream = ready.noted(tf.data.Dataset.range(2), 0)
    for _ in range(2):
        assert len(list(stream)) == 2
    assert [ready.waited(step, asked=101.0) for step in (0, 1)] == [1.0, 2.0]
