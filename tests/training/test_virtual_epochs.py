import keras
import numpy as np
import pytest

from kit.training import VirtualEpochs
from tests.training.few import tiny


class Seen(keras.callbacks.Callback):
    """Notes what it is told, and the loss of each round."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple] = []
        self.losses: list[float] = []

    def on_train_begin(self, logs=None):
        self.calls.append(("train",))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("round", epoch))

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("step", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("stepped", batch))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("measured", epoch))
        self.losses.append(logs["loss"])

    def on_train_end(self, logs=None):
        self.calls.append(("end",))


def trained(start_step, total, steps=2):
    """What callbacks were told of training from a step on."""
    seen, model = Seen(), tiny()
    rounds = VirtualEpochs(
        [seen],
        steps,
        start_step,
        begun=lambda: seen.calls.append(("begun",)),
        after_step=lambda step: seen.calls.append(("done", step)),
    )
    x = np.ones([total - start_step, 1])
    model.fit(x, 2 * x, batch_size=1, shuffle=False, verbose=0, callbacks=[rounds])
    assert rounds.steps_done == total
    return seen, model


def told(step):
    return [("step", step), ("stepped", step)]


def test_one_long_epoch_is_told_as_rounds():
    seen, _ = trained(0, 4)
    assert seen.calls == [
        *(("train",), ("begun",), ("round", 0)),
        *(*told(0), ("done", 1)),
        # What belongs to the last step of a round comes before the state may be saved.
        *(*told(1), ("measured", 0), ("round", 1), ("done", 2)),
        *(*told(2), ("done", 3)),
        *(*told(3), ("measured", 1), ("round", 2), ("done", 4)),
        ("end",),
    ]


@pytest.mark.parametrize("first", [2, 3])
def test_it_goes_on_from_any_step_as_if_nothing_had_been(first):
    whole, _ = trained(0, 6)
    rest, _ = trained(first, 6)
    begin = whole.calls.index(("step", first))
    assert rest.calls[:3] == [("train",), ("begun",), ("round", first // 2)]
    assert rest.calls[3:] == whole.calls[begin:]


def test_metrics_are_of_a_round_alone():
    seen, model = trained(0, 6)
    # A weight that goes from 0 to 2 by a fifth of what is left, as SGD at .1 makes it.
    losses = 4 * 0.8 ** (2 * np.arange(6))
    np.testing.assert_allclose(seen.losses, losses.reshape(3, 2).mean(axis=1), rtol=1e-5)
    assert [float(v) for v in model.metrics_variables] == [0.0, 0.0]
