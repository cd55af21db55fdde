import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from kit.errors import Interrupted, UserError
from kit.optimizers import LazyAdagrad, LazyAdamW
from kit.training import CheckpointFolder, _checkpoint
from tests.training.few import (
    AtOnce,
    Killed,
    Points,
    Watch,
    batches,
    classifier,
    kill,
    line,
    model,
    train,
)


@pytest.fixture(autouse=True, scope="module")
def write_at_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_checkpoint, "ThreadPoolExecutor", AtOnce)
        patch.setattr(os, "fsync", lambda handle: None)
        yield


def steps_kept(folder):
    return [int(path.name.removeprefix("step-")) for path in sorted(folder.glob("*-*"))]


def train_line(folder, watch, network=None, **changes):
    return train(network or line(), folder, watch, data=Points(), **changes)


def two_tower(**changes):
    return lambda: (model(**changes), batches())


def with_schedule():
    decay = keras.optimizers.schedules.CosineDecay(0.05, decay_steps=80)
    return model(learning_rate=decay), batches()


def with_moving_average():
    optimizer = LazyAdamW(0.01, use_ema=True, ema_overwrite_frequency=30)
    return model(optimizer=optimizer), batches()


def in_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        # So soon that the scale has changed before the kill, and changes after it.
        network = classifier()
        network.optimizer.dynamic_growth_steps = 20
        return network, Points()
    finally:
        keras.config.set_dtype_policy("float32")


RUNS = {
    "full": two_tower(kind="full"),
    "sampled": two_tower(kind="sampled"),
    "adagrad": lambda: (model(optimizer=LazyAdagrad(0.1)), batches()),
    "schedule": with_schedule,
    "moving average": with_moving_average,
    "metrics": lambda: (classifier(), Points()),
    "half precision": in_half_precision,
}


@pytest.mark.parametrize(
    "run",
    [pytest.param(name, marks=() if name == "sampled" else pytest.mark.slow) for name in RUNS],
)
def test_training_that_was_killed_goes_on_to_the_bit(run, tmp_path):
    whole, first, second = Watch(), Watch(53, kill), Watch()
    keras.utils.set_random_seed(1)
    network, data = RUNS[run]()
    train(network, None, whole, data=data)
    keras.utils.set_random_seed(1)
    killed, _ = RUNS[run]()
    with pytest.raises(Killed):
        train(killed, tmp_path, first, data=data)
    keras.utils.set_random_seed(2)
    resumed, _ = RUNS[run]()
    found = train(resumed, tmp_path, second, data=data)
    assert found.resumed_step == 49
    assert list(first.steps) == list(range(1, 54))
    assert list(second.steps) == list(range(50, 81))
    for seen in (first, second):
        for step, logs in seen.steps.items():
            assert logs == whole.steps[step], step
    for a, b in zip(network.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [row["epoch"] for row in found.history] == [20, 40]
    if run == "half precision":
        scales = [float(n.optimizer.dynamic_scale) for n in (network, resumed, killed)]
        assert scales[0] == scales[1] != scales[2], scales


@pytest.mark.slow
def test_the_best_weights_are_kept_over_a_kill(tmp_path):
    def falling():
        values = iter([0.5, 0.4])
        return lambda: next(values)

    best = []

    class Best(Watch):
        def on_epoch_end(self, epoch, logs=None):
            best.append(self.model.get_weights())

    with pytest.raises(Killed):
        train(model(), tmp_path, Best(60, kill), measure=falling())
    resumed = model()
    found = train(resumed, tmp_path, Best(), measure=lambda: 0.4)
    assert found.best == 0.5
    assert len(best) == 2
    for a, b in zip(best[0], resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_after_the_end_nothing_is_trained_again(tmp_path):
    first, again = Watch(), Watch()
    trained, same = line(), line()
    once = train_line(tmp_path, first, trained)
    found = train_line(tmp_path, again, same)
    assert (found.resumed_step, again.steps) == (80, {})
    assert found.history == once.history
    assert found.best == once.best
    assert found.seconds >= once.history[-1]["seconds"]
    for a, b in zip(trained.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_that_stopped_early_has_ended(tmp_path):
    values = iter([0.5] * 9)
    assert len(train_line(tmp_path, Watch(), epochs=400, measure=lambda: next(values)).history) == 9
    again = Watch()
    assert train_line(tmp_path, again, epochs=400).resumed_step == 9 * 40
    assert again.steps == {}


def test_the_last_few_are_kept(tmp_path):
    with pytest.raises(Killed):
        train_line(tmp_path, Watch(50, kill), keep=2)
    assert steps_kept(tmp_path) == [42, 49]


def test_a_slow_disk_gets_no_queue(tmp_path, monkeypatch):
    written = []
    free = threading.Event()

    class Slow(CheckpointFolder):
        def write(self, step, tensors, state):
            free.wait()
            written.append(step)
            super().write(step, tensors, state)

    monkeypatch.setattr(_checkpoint, "ThreadPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(_checkpoint, "CheckpointFolder", Slow)
    train_line(tmp_path, Watch(60, free.set))
    assert written[0] == 7
    assert written[1] > 60
    assert steps_kept(tmp_path)[-1] == 80


def test_every_so_many_seconds(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("kit.training._checkpoint.time.monotonic", lambda: now[0])

    class Clock(Watch):
        def on_train_batch_end(self, batch, logs=None):
            now[0] += 1.0
            super().on_train_batch_end(batch, logs)

    with pytest.raises(Killed):
        train_line(tmp_path, Clock(35, kill), every_steps=None, every_seconds=10.0, keep=9)
    assert steps_kept(tmp_path) == [10, 20, 30]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A folder with a checkpoint of step 7."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Killed):
        train(model(), folder, Watch(10, kill), settings={"dim": 4, "seed": 0}, keep=1)
    return folder


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settings": {"dim": 4, "seed": 1}}, "training: seed: 0 there, 1 here.\n"),
        ({"settings": {"seed": 0}}, "training: dim: 4 there, None here.\n"),
        ({"data": batches(weights=np.ones(192, np.float32))}, "data: content: "),
        ({"data": Points()}, "data: content: .*; data: interactions: 192 there, None here"),
    ],
)
def test_another_training_is_refused(change, said, stopped):
    change = {"settings": {"dim": 4, "seed": 0}, **change}
    with pytest.raises(UserError, match=said) as raised:
        train(model(), stopped, Watch(), **change)
    assert raised.value.where == str(stopped / "step-000000000007")
    assert "--fresh" in raised.value.remedy
    assert "--checkpoints FOLDER" in raised.value.remedy
    assert steps_kept(stopped) == [7]


def test_another_model_is_refused(stopped):
    wider = classifier()
    with pytest.raises(UserError, match=r"shape of .*; and \d+ more"):
        train(wider, stopped, Watch(), settings={"dim": 4, "seed": 0})


def test_nothing_to_go_on_from(tmp_path):
    with pytest.raises(UserError, match="There is no checkpoint to resume from") as raised:
        train(model(), tmp_path, Watch(), resume=True)
    assert raised.value.where == str(tmp_path)
    assert "--resume" in raised.value.remedy


def test_anew_removes_what_was_there(tmp_path):
    folder = tmp_path / "copy"
    with pytest.raises(Killed):
        train_line(folder, Watch(10, kill))
    first = Watch(10, kill)
    with pytest.raises(Killed):
        train_line(folder, first, settings={"other": 1}, resume=False, every_steps=9)
    assert min(first.steps) == 1
    assert steps_kept(folder) == [9]


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_saves_and_the_next_run_goes_on(number, tmp_path, capsys):
    keras.utils.set_random_seed(1)
    whole = Watch()
    train_line(None, whole)
    keras.utils.set_random_seed(1)
    first, second = Watch(43, lambda: signal.raise_signal(number)), Watch()
    with pytest.raises(Interrupted, match=f"(?s)after step 43.*{tmp_path}.*remedy: .*--fresh"):
        train_line(tmp_path, first, every_steps=None)
    assert "once more to stop at once" in capsys.readouterr().err
    assert steps_kept(tmp_path) == [43]
    assert train_line(tmp_path, second, every_steps=None).resumed_step == 43
    assert {**first.steps, **second.steps} == whole.steps


def test_a_signal_at_the_last_step_is_not_forgotten(tmp_path):
    watch = Watch(80, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted):
        train_line(tmp_path, watch)
    assert steps_kept(tmp_path)[-1] == 80


def test_a_signal_after_the_last_step_is_not_forgotten(tmp_path):
    watch = Watch()
    watch.on_train_end = lambda logs=None: signal.raise_signal(signal.SIGINT)
    with pytest.raises(Interrupted):
        train_line(tmp_path, watch)
    assert train_line(tmp_path, Watch()).resumed_step == 80


def test_a_second_signal_ends_at_once(tmp_path):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)

    watch = Watch(20, twice)
    with pytest.raises(KeyboardInterrupt) as raised:
        train_line(tmp_path, watch, every_steps=None)
    assert not isinstance(raised.value, Interrupted)
    assert max(watch.steps) == 20
    assert steps_kept(tmp_path) == []


def test_the_state_says_what_it_is_of(stopped):
    state = json.loads((stopped / "step-000000000007" / "state.json").read_text())
    assert state["step"] == 7
    assert state["settings"]["dim"] == 4
    assert state["settings"]["data: users"] == 32
