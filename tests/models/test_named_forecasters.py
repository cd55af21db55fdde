import keras
import numpy as np
import pytest

import kit
from kit.errors import UserError
from kit.models import DLinear, Forecaster, NHiTS, PatchTST

MODELS = (DLinear, PatchTST, NHiTS)
every_model = pytest.mark.parametrize("of", MODELS)


def made(of, lookback=30, **options):
    keras.utils.set_random_seed(0)
    model = of(4, lookback, cycle=3, num_series=5, dim=8, **options)
    model.build()
    model.set_window(lookback, model.level_of_window)
    return model


def windows(count=16, lookback=30):
    rng = np.random.default_rng(0)
    return {
        "history": np.float32(5 + rng.normal(size=(count, lookback))),
        "series": rng.integers(0, 6, count),
        "phase": rng.integers(0, 3, count),
    }


@every_model
@pytest.mark.parametrize("lookback", [1, 3, 17])
def test_any_length_of_the_window_is_read(of, lookback):
    found = np.asarray(made(of, lookback)(windows(lookback=lookback)))
    assert found.shape == (16, 4, 6)
    assert np.isfinite(found).all()


@every_model
def test_level_and_scale_of_a_window_do_not_matter(of):
    model, inputs = made(of), windows()
    inputs["series"] = np.zeros(16, int)  # A known one has a deviation of its own.
    small = np.asarray(model(inputs))[..., 0]
    large = np.asarray(model(inputs | {"history": 1000 * inputs["history"] + 300}))[..., 0]
    np.testing.assert_allclose(1000 * small + 300, large, rtol=1e-3)


@every_model
def test_missing_values_are_read_and_nothing_is_below_0(of):
    inputs = windows()
    inputs["history"][:, ::3] = np.nan
    inputs["history"][0] = np.nan
    found = np.asarray(made(of, nonnegative=True)(inputs))
    assert np.isfinite(found).all()
    assert (found >= 0).all()


@pytest.mark.slow
@every_model
def test_every_weight_of_the_network_learns_and_no_other(of):
    model, inputs = made(of), windows(64)
    model.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    targets = np.random.default_rng(1).normal(5, 1, (64, 4)).astype(np.float32)
    targets[3, 1] = np.nan
    before = [weight.numpy() for weight in model.trainable_variables]
    fixed = [weight.numpy() for weight in model.non_trainable_variables]
    history = model.fit(inputs, targets, epochs=4, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    for old, weight in zip(before, model.trainable_variables, strict=True):
        assert np.abs(old - weight.numpy()).max() > 0, weight.path
    for old, weight in zip(fixed, model.non_trainable_variables, strict=True):
        if "seed" not in weight.path:
            np.testing.assert_array_equal(old, weight.numpy())


@every_model
def test_the_loss_is_the_squared_error_of_the_expected_values(of):
    model, inputs = made(of), windows()
    targets = np.full((16, 4), 6, np.float32)
    answer = np.asarray(model(inputs))
    loss = float(model.compute_loss(inputs, targets, model(inputs)))
    assert loss == pytest.approx(((targets - answer[..., 0]) ** 2).mean(), rel=1e-4)


@every_model
def test_what_explains_a_forecast_sums_to_it(of):
    model, inputs = made(of, nonnegative=True), windows()
    parts = np.asarray(model.explain(inputs))
    np.testing.assert_allclose(parts.sum(axis=-1), np.asarray(model(inputs))[..., 0], atol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@every_model
def test_it_is_saved_and_loaded(of, tmp_path):
    model = made(of)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is of
    np.testing.assert_allclose(loaded(windows()), model(windows()), rtol=1e-6)


def test_dlinear_is_linear():
    model, inputs = made(DLinear), windows()
    inputs["series"] = np.zeros(16, int)
    network = model.network
    one, other = (np.random.default_rng(n).normal(size=(3, 30)).astype("float32") for n in (1, 2))
    both = network(one) + network(other) - network(np.zeros((3, 30), np.float32))
    np.testing.assert_allclose(network(one + other), both, atol=1e-4)


@every_model
def test_known_columns_are_refused(of):
    data = kit.open("bike-sharing", known=("temperature",))
    with pytest.raises(UserError, match="does not read known columns: temperature"):
        of.for_dataset(data)


def test_attention_is_an_encoder_of_the_correction():
    data = kit.open("bike-sharing", horizon=4)
    model = Forecaster.for_dataset(data, encoder="attention", dim=8, lookback=30)
    inputs = windows() | {"series": np.zeros(16, int), "phase": np.arange(16)}
    before = np.asarray(model(inputs))
    assert before.shape == (16, 4, 6)
    model.head.kernel.assign(np.ones(model.head.kernel.shape))
    shifted = inputs | {"history": np.roll(inputs["history"], 9, axis=1)}
    assert np.abs(np.asarray(model(shifted)) - np.asarray(model(inputs))).max() > 1e-3
    assert any(
        "self_attention" in weight.path or "attention" in weight.path
        for weight in model.trainable_variables
    )
