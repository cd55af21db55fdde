import json

import pytest

from kit.training import History
from kit.training.batches import InputWaitTimer
from tests.training.few import batches


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    return now


def trained(clock, stream, steps, rounds, *, seconds=0.5, waited=0.0, measuring=10.0):
    """A history of rounds whose steps take, wait and are measured so long."""
    ready = InputWaitTimer()
    history = History(stream, steps, ready)
    history.on_train_begin()
    begin_again(clock, history, ready, rounds, steps, seconds, waited, measuring)
    return history


def begin_again(clock, history, ready, rounds, steps, seconds, waited, measuring):
    for epoch in rounds:
        history.on_epoch_begin(epoch)
        for step in range(epoch * steps, (epoch + 1) * steps):
            history.on_train_batch_begin(step)
            clock[0] += waited
            ready._note(step)
            clock[0] += seconds - waited
            history.on_train_batch_end(step)
        clock[0] += measuring
        history.on_epoch_end(epoch, {"loss": 3.0 - epoch, "metric": 0.1})


def test_rows(clock):
    # 2 steps an epoch, 192 interactions an epoch
    history = trained(clock, batches(), 5, range(2), waited=0.125)
    first, second = history.rows
    assert first == {
        "epoch": 2.5,
        "seconds": 12.5,
        "examples_per_second": 2.5 * 192 / 2.5,
        "waiting": 0.25,
        "loss": 3.0,
        "metric": 0.1,
    }
    assert (second["epoch"], second["seconds"], second["loss"]) == (5.0, 25.0, 2.0)
    assert (history.rate, history.waiting, history.seconds) == (192.0, 0.25, 25.0)


def test_a_pass_of_many_steps_is_told_in_fractions(clock):
    history = trained(clock, batches(batch_size=1), 8, [0], seconds=0.25)  # 32 steps an epoch
    assert history.rows[0]["epoch"] == 0.25
    assert history.rate == 48 / 2


def test_it_goes_on_from_a_state_as_if_nothing_had_been(clock):
    whole = trained(clock, batches(), 5, range(3))
    numbers = (whole.rate, whole.seconds)
    state = json.loads(json.dumps(trained(clock, batches(), 5, range(2)).state()))
    clock[0] += 1000
    ready = InputWaitTimer()
    history = History(batches(), 5, ready)
    history.load_state(state)
    history.on_train_begin()
    begin_again(clock, history, ready, [2], 5, 0.5, 0.0, 10.0)
    assert history.rows == whole.rows
    assert (history.rate, history.seconds) == numbers


def test_without_a_step_there_is_no_rate():
    history = History(batches(), 5, InputWaitTimer())
    assert (history.rate, history.waiting) == (0.0, 0.0)


def test_a_state_does_not_change_with_what_comes(clock):
    history = trained(clock, batches(), 5, range(1))
    state = history.state()
    history.rows.append({})
    assert len(state["rows"]) == 1
