import keras
import numpy as np
import pytest

from kit.models import Forecaster

NAN = np.nan


def window(*values, series=0, phase=0):
    return {
        "history": np.float32([values]),
        "series": np.array([series]),
        "phase": np.array([phase]),
    }


def made(**options):
    model = Forecaster(horizon=2, lookback=4, **options)
    model.build()
    return model


def with_network(name, **options):
    from kit.layers import LastPooling, Perceptron

    encoder = {
        "mlp": lambda: keras.Sequential([keras.layers.Flatten(), Perceptron([6])]),
        "lstm": lambda: keras.Sequential(
            [keras.layers.LSTM(6, return_sequences=True), LastPooling()]
        ),
    }[name]()
    return made(encoder=encoder, dim=8, cycle=3, num_series=5, **options)


def test_without_a_fit_it_forecasts_the_level():
    model = made()
    assert model(window(1, 2, 3, 8))[0, :, 0].numpy().tolist() == [8, 8]
    model.set_window(4, "mean")
    assert model(window(1, 2, 3, 6))[0, :, 0].numpy().tolist() == [3, 3]
    model.set_window(2, "mean")
    assert model(window(1, 2, 3, 6))[0, :, 0].numpy().tolist() == [4.5, 4.5]


def test_smoothed_demand_is_the_probability_times_the_size():
    model = made()
    model.set_window(4, "smoothed")
    weights = 0.9 ** np.array([3, 2, 1, 0])
    probability = (weights * [1, 0, 0, 1]).sum() / weights.sum()
    size = (0.9 * 3 + 6) / 1.9
    found = model(window(3, 0, 0, 6))[0, :, 0]
    np.testing.assert_allclose(found, [probability * size] * 2, rtol=1e-5)
    assert model(window(0, 0, 0, 0))[0, :, 0].numpy().tolist() == [0, 0]


def test_closed_phases_are_forecast_as_zero_and_do_not_count():
    model = made(cycle=2)
    model.open.assign([1, 0])
    found = model(window(7, 0, 9, 0, phase=0))[0, :, 0].numpy().tolist()
    assert found == [9, 0]
    found = model(window(0, 7, 0, 9, phase=1))[0].numpy()
    assert found[0].tolist() == [0] * 6
    assert found[1, 0] == 9


def test_missing_values_count_as_the_level():
    model = made()
    model.set_linear(np.ones((4, 2)), np.zeros((1, 2)))
    full, gap = model(window(5, 5, 7, 5)), model(window(NAN, 5, 7, NAN))
    np.testing.assert_allclose(full[0, :, 0], [7, 7])
    np.testing.assert_allclose(gap[0, :, 0], [5, 5])  # The last one is 7, so 5 counts as -2.


def test_a_window_without_a_value_is_forecast_by_what_is_usual():
    model = made(num_series=1)
    model.level.assign([10.0, 50.0])
    model.spread.assign([1.0, 4.0])
    for history in ([NAN] * 4, [np.inf] * 4):
        assert model(window(*history, series=1))[0, :, 0].numpy().tolist() == [50, 50]
        assert model(window(*history))[0, :, 0].numpy().tolist() == [10, 10]


def test_quantiles_do_not_cross_and_nothing_is_below_zero():
    rng = np.random.default_rng(0)
    model = with_network("mlp", nonnegative=True)
    model.offsets.assign(np.sort(rng.normal(size=model.offsets.shape)))
    model.conformal.assign(rng.normal(size=model.conformal.shape))
    model.head.kernel.assign(rng.normal(size=model.head.kernel.shape))
    found = np.asarray(model(window(1, 0, 2, 0.5, series=3, phase=2)))
    assert (np.diff(found[..., 1:], axis=-1) >= 0).all()
    assert (found >= 0).all()


def test_the_scale_of_a_series_does_not_matter():
    model = with_network("mlp")
    rng = np.random.default_rng(0)
    model.set_linear(rng.normal(size=(4, 2)), rng.normal(size=(3, 2)))
    model.head.kernel.assign(rng.normal(size=model.head.kernel.shape))
    small = np.asarray(model(window(1, 3, 2, 4)))
    large = np.asarray(model(window(1000, 3000, 2000, 4000)))
    np.testing.assert_allclose(1000 * small, large, rtol=1e-4)


@pytest.mark.parametrize("name", ["mlp", "lstm"])
def test_it_starts_as_the_linear_forecast_and_every_weight_of_the_network_learns(name):
    model = with_network(name)
    rng = np.random.default_rng(0)
    model.set_linear(rng.normal(size=(4, 2)), np.zeros((3, 2)))
    model.offsets.assign(np.sort(rng.normal(size=model.offsets.shape)))
    inputs = {
        "history": rng.normal(size=(64, 4)).astype(np.float32),
        "series": rng.integers(0, 6, 64),
        "phase": rng.integers(0, 3, 64),
    }
    alone = made(cycle=3, num_series=5)
    for of, to in (("kernel", "kernel"), ("offsets", "offsets")):
        getattr(alone, to).assign(getattr(model, of))
    np.testing.assert_allclose(model(inputs), alone(inputs), atol=1e-5)
    model.compile("adam")
    before = [weight.numpy() for weight in model.trainable_variables]
    fixed = [weight.numpy() for weight in model.non_trainable_variables]
    targets = rng.normal(size=(64, 2)).astype(np.float32)
    targets[3, 1] = NAN
    model.fit(inputs, targets, epochs=3, verbose=0)
    for old, weight in zip(before, model.trainable_variables, strict=True):
        assert np.isfinite(weight.numpy()).all()
        assert np.abs(old - weight.numpy()).max() > 0
    for old, weight in zip(fixed, model.non_trainable_variables, strict=True):
        if "seed" not in weight.path:
            np.testing.assert_array_equal(old, weight.numpy())


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_saved_and_loaded(tmp_path):
    model = with_network("mlp", nonnegative=True)
    rng = np.random.default_rng(0)
    model.head.kernel.assign(rng.normal(size=model.head.kernel.shape))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(window(1, 2, 3, 4)), model(window(1, 2, 3, 4)))


KNOWN = {"known": [0, 2], "static": [0, 2]}


def with_covariates(seed=0, **options):
    """A model of two known covariates and two static features, with weights of every kind."""
    model = with_network("mlp", **KNOWN, **options)
    rng = np.random.default_rng(seed)
    for weight in model.non_trainable_variables:
        if any(word in weight.path for word in ("kernel", "intercept", "weight", "offsets")):
            weight.assign(0.3 * rng.normal(size=weight.shape))
    model.known_centre.assign(rng.normal(size=(6, 2)))
    for head in (model.head, model.step_head):
        head.kernel.assign(rng.normal(size=head.kernel.shape))
    return model


def request(series=(1, 5, 0), **inputs):
    count = len(series)
    rng = np.random.default_rng(1)
    return {
        "history": np.float32(rng.uniform(0, 9, (count, 4))),
        "series": np.array(series),
        "phase": np.arange(count) % 3,
        "known": np.float32(np.stack([rng.normal(size=(count, 2)), [[1, 2]] * count], -1)),
        "static": np.float32([[0.5, 1]] * count),
    } | inputs


@pytest.mark.parametrize("nonnegative", [False, True])
def test_what_explains_a_forecast_sums_to_it(nonnegative):
    model = with_covariates(nonnegative=nonnegative)
    model.open.assign([1, 1, 0])
    mean = np.asarray(model(request()))[:, :, 0]
    parts = np.asarray(model.explain(request()))
    assert parts.shape == (3, 2, 3 + 2 + 2)
    np.testing.assert_allclose(parts.sum(axis=-1), mean, atol=1e-4)
    assert np.abs(parts[:, :, 3:6]).min() > 0
    if not nonnegative:
        open_steps = mean != 0
        np.testing.assert_allclose(parts[open_steps][:, -1], 0, atol=1e-6)


def test_a_covariate_adds_its_weight_times_its_deviation():
    model = made(known=[0, 2], num_series=1)
    model.known_centre.assign([[0, 0], [10, 0]])
    model.known_spread.assign([[1, 1], [2, 1]])
    model.known_share.assign([0, 0.25, 0.75])
    model.known_weight.assign([0.5, 1, -1])
    inputs = request([1], known=np.float32([[[14, 1], [NAN, 0]]]))
    scale = np.asarray(model.normalise(inputs)[2])[0, 0]
    parts = np.asarray(model.explain(inputs))[0, :, 3:5]
    np.testing.assert_allclose(parts[0], [scale * 0.5 * 2, scale * (0.75 + 0.75)], rtol=1e-5)
    np.testing.assert_array_equal(parts[1], [0, 0])  # Missing values count as usual ones.


def test_a_series_without_a_history_is_forecast_by_its_features():
    model = made(static=[0, 2], num_series=1)
    model.level.assign([10, 50])
    model.static_centre.assign([3, 0])
    model.static_weight.assign([[20, 0], [2, 0], [5, 0], [0, 0]])
    empty = np.full((1, 4), NAN, np.float32)
    static = np.float32([[4, 1]])
    found = {
        code: float(model(request([code], history=empty, static=static))[0, 0, 0])
        for code in (0, 1)
    }
    assert found == {0: 20 + 2 + 5, 1: 50}
    unknown = np.float32([[NAN, 0]])
    assert float(model(request([0], history=empty, static=unknown))[0, 0, 0]) == 20


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_covariates_are_saved_and_loaded(tmp_path):
    model = with_covariates()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.explain(request()), model.explain(request()), rtol=1e-6)
