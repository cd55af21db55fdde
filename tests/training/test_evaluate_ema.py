import keras
import numpy as np
import pytest

from kit.optimizers import LossScale
from kit.training import EvaluateEMA, fit
from tests.training.few import Points, classifier


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
