from itertools import count

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kit.errors import UserError
from kit.optimizers import LossScale
from kit.training import EvaluateEMA, StopOnNaN, TensorBoardScalars, Validation, fit
from tests.training.few import Points, classifier, tiny


def trained(values, patience=2, epochs=20):
    """Train with a metric that follows a list; the weight after each epoch, and at the end."""
    model, weights, logs = tiny(), [], []
    series = iter(values)

    def measure():
        weights.append(float(model.get_weights()[0].item()))
        return next(series)

    validation = Validation(measure, name="metric", patience=patience)
    behind = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, log: logs.append(dict(log)))
    model.fit(
        np.ones([1, 1]), np.ones([1]), epochs=epochs, verbose=0, callbacks=[validation, behind]
    )
    return validation, weights, float(model.get_weights()[0].item()), logs


def test_training_stops_after_so_many_epochs_without_a_rise():
    validation, weights, end, _ = trained([0.1, 0.3, 0.2, 0.3, 0.9])
    assert (validation.best, validation.best_epoch) == (0.3, 1)
    assert len(weights) == 4
    assert len(set(weights)) == 4
    assert end == weights[1]


def test_a_late_rise_starts_the_count_again():
    validation, weights, end, _ = trained([0.1, 0.0, 0.2, 0.1, 0.3, 0.2, 0.1, 0.9])
    assert (validation.best, len(weights), end) == (0.3, 7, weights[4])


def test_the_best_weights_also_where_the_epochs_run_out():
    _, weights, end, _ = trained([0.1, 0.3, 0.2], epochs=3)
    assert end == weights[1]


def test_a_rise_to_the_end_keeps_the_last_weights():
    _, weights, end, _ = trained(count(), epochs=5)
    assert end == weights[-1]


def test_callbacks_behind_see_the_metric():
    assert [log["metric"] for log in trained([0.1, 0.3, 0.2], epochs=3)[3]] == [0.1, 0.3, 0.2]


def test_where_nothing_can_be_measured_the_last_weights_stay():
    validation, weights, end, _ = trained([float("nan")] * 20, patience=4)
    assert np.isnan(validation.best)
    assert end == weights[-1]
    assert len(weights) == 4


@pytest.mark.parametrize("values", [[float("nan"), 0.2, 0.1], [0.2, float("nan"), 0.1]])
def test_a_measure_beats_none(values):
    assert trained(values, epochs=3)[0].best == 0.2


def averaged(wrap=lambda optimizer: optimizer):
    keras.utils.set_random_seed(0)
    model = classifier()
    optimizer = wrap(keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9))
    model.compile(optimizer, "binary_crossentropy", jit_compile=False)
    return model


@pytest.mark.parametrize(
    "wrap", [lambda optimizer: optimizer, pytest.param(LossScale, marks=pytest.mark.slow)]
)
def test_the_averages_are_measured_and_stay(wrap):
    model = averaged(wrap)
    model.optimizer.build(model.trainable_variables)
    seen = []

    def measure():
        seen.append([weight.numpy() for weight in model.trainable_variables])
        return float(len(seen))

    fit(model, Points(), measure=measure, epochs=40, quiet=True)
    assert len(seen) == 2
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    averages = inner._model_variables_moving_average
    for weight, average, last in zip(model.trainable_variables, averages, seen[-1], strict=True):
        np.testing.assert_array_equal(weight, last)
        np.testing.assert_array_equal(average, last)


@pytest.mark.slow
def test_training_goes_on_from_the_weights_not_from_the_averages():
    keras.utils.set_random_seed(0)
    plain = classifier()
    plain.compile(keras.optimizers.SGD(0.5), "binary_crossentropy", jit_compile=False)
    runs = [
        fit(model, Points(), measure=lambda: 0.0, epochs=40, quiet=True)
        for model in (plain, averaged())
    ]
    losses = [[row["loss"] for row in run.history] for run in runs]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_only_an_optimizer_with_averages_has_them():
    assert EvaluateEMA.are_kept(averaged())
    assert EvaluateEMA.are_kept(averaged(LossScale))
    assert not EvaluateEMA.are_kept(classifier())


def test_a_loss_that_is_no_number_ends_training():
    model = tiny()
    model.optimizer.learning_rate = 1e30
    x, y = np.ones([1, 1]), np.ones([1])
    with pytest.raises(UserError, match=r"Training diverged: the loss is (nan|inf)") as raised:
        model.fit(x, y, epochs=9, verbose=0, callbacks=[StopOnNaN()])
    assert "remedy: Give a smaller --learning-rate" in str(raised.value)


@pytest.mark.parametrize("logs", [None, {}, {"loss": 0.0}, {"loss": 1e30}])
def test_other_losses_are_none_of_its_business(logs):
    StopOnNaN().on_epoch_end(0, logs)


def test_the_logs_of_every_epoch_are_scalars(tmp_path):
    folder = tmp_path / "new" / "tensorboard"
    callback = TensorBoardScalars(folder)
    callback.on_epoch_end(0, {"loss": 2.0, "valid NDCG@10": 0.25})
    callback.on_epoch_end(1, {"loss": 1.0, "valid NDCG@10": 0.5})
    callback.on_epoch_end(2, None)
    callback.on_train_end()
    events = EventAccumulator(str(folder)).Reload()
    assert sorted(events.Tags()["tensors"]) == ["loss", "valid/NDCG@10"]
    found = [(e.step, tf.make_ndarray(e.tensor_proto).item()) for e in events.Tensors("loss")]
    assert found == [(1, 2.0), (2, 1.0)]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(UserError, match="cannot be written") as raised:
            TensorBoardScalars(folder)
        assert f"where: {folder}" in str(raised.value)
        assert "remedy: Name another: --report FOLDER" in str(raised.value)
