import keras
import numpy as np
import pytest

from kit.errors import UserError
from kit.training import VirtualEpochs, _fit, fit
from kit.training.batches import UserBatches
from tests.training.few import USERS, Points, batches, histories, line, model


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


def agreement(two_tower):
    """Share of the users whose best item that they do not have is of their parity."""
    owned = histories()
    users = np.arange(USERS)
    history = owned.padded(users, length=8, shift=1)
    query = two_tower({"user": (users + 1).astype(np.int32), "history": history})
    scores = np.asarray(query) @ np.asarray(two_tower.item_vectors())[1:].T
    scores[owned.row_of_each_item, owned.items] = -np.inf
    return float(np.mean(scores.argmax(axis=1) % 2 == users % 2))


@pytest.mark.parametrize("kind", ["full", "sampled"])
def test_training_learns_and_keeps_the_best(kind, tmp_path):
    two_tower = model(kind, learning_rate=0.05)
    found = fit(
        two_tower,
        batches(),
        measure=lambda: agreement(two_tower),
        metric="agreement",
        epochs=60,
        quiet=True,
        tensorboard=tmp_path / "logs",
    )
    assert [row["epoch"] for row in found.history] == [20.0, 40.0, 60.0]
    losses = [row["loss"] for row in found.history]
    assert losses == sorted(losses, reverse=True)
    values = [row["agreement"] for row in found.history]
    assert found.best == max(values) == agreement(two_tower) > 0.9
    assert found.history[0].keys() == {
        "epoch",
        "seconds",
        "examples_per_second",
        "waiting",
        "loss",
        "agreement",
    }
    assert found.examples_per_second > 0
    assert found.seconds >= found.history[-1]["seconds"]
    assert len(list((tmp_path / "logs").glob("events.*"))) == 1


def test_without_a_measure_all_epochs_are_trained():
    found = fit(line(), Points(), measure=None, epochs=400, quiet=True)
    assert found.history[-1]["epoch"] == 400
    assert len(found.history) > _fit.PATIENCE
    assert np.isnan(found.best)


def test_steps_are_rounded_to_rounds_of_one_length():
    # Rounds of 40 would train 80 steps.
    found = fit(line(), Points(), measure=None, steps=51, quiet=True)
    assert [row["epoch"] * Points().steps_per_epoch for row in found.history] == [26, 52]


@pytest.mark.slow
def test_same_seed_same_weights_to_the_bit():
    def weights(seed):
        keras.utils.set_random_seed(seed)
        two_tower = model("sampled")
        fit(
            two_tower,
            batches(seed=seed),
            measure=lambda: agreement(two_tower),
            epochs=20,
            quiet=True,
        )
        return two_tower.get_weights()

    first, again, other = weights(3), weights(3), weights(4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("steps_per_epoch", "epochs", "expected"),
    [
        (2, 1, (2, 1)),  # fewer than 40 steps in all
        (2, 50, (40, 3)),  # an epoch takes a blink
        (100, 3, (100, 3)),  # an epoch takes its time
        (800, 2, (500, 4)),  # an epoch takes long
        (2, None, (40, 500)),
        (50_000, None, (500, 100)),  # one epoch at least
    ],
)
def test_how_often_is_measured(monkeypatch, steps_per_epoch, epochs, expected):
    asked = []

    def rounds(watchers, steps, *_):
        asked.append(steps)
        return VirtualEpochs(watchers, steps, start_step=0)

    def no_training(self, *_, steps_per_epoch, **__):
        asked.append(steps_per_epoch // asked[0])

    monkeypatch.setattr(_fit, "VirtualEpochs", rounds)
    monkeypatch.setattr(keras.Model, "fit", no_training)
    monkeypatch.setattr(UserBatches, "steps_per_epoch", steps_per_epoch)
    monkeypatch.setattr(_fit, "distributed", lambda *_: None)
    monkeypatch.setattr(_fit.History, "seconds", 1.0)
    fit(model(), batches(), measure=lambda: 0.0, epochs=epochs, quiet=True)
    assert tuple(asked) == expected


def test_training_stops_eight_measurements_after_the_best():
    found = fit(line(), Points(), measure=lambda: 0.5, quiet=True)
    assert len(found.history) == 9
    assert found.best == 0.5


def test_training_that_diverges_is_an_error():
    with pytest.raises(UserError, match="Training diverged"):
        fit(model(learning_rate=1e30), batches(), measure=lambda: 0.0, epochs=20, quiet=True)
