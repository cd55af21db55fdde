from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import kit
from kit.evaluation import (
    LEVELS,
    Forecasts,
    Scales,
    calibrate_quantiles,
    choose_correction,
    fit_ridge,
    forecast_baselines,
    forecast_protocol,
    forecasts_of,
    inputs_of,
    windows_of,
)
from kit.models import Forecaster


def opened(values, **options):
    """Series of days from Monday, 2024-01-01."""
    values = np.atleast_2d(np.asarray(values, float))
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(values.shape[1])]
    rows = [
        {"date": day, "sku": f"s{number:02}", "y": value}
        for number, series in enumerate(values)
        for day, value in zip(days, series.tolist(), strict=True)
    ]
    return kit.open(pl.DataFrame(rows), kind="series", **options)


def weekly(series=3, steps=140, seed=0):
    rng = np.random.default_rng(seed)
    level = rng.uniform(20, 200, (series, 1))
    shape = 1 + 0.5 * np.sin(2 * np.pi * np.arange(steps) / 7)
    return level * (shape + 0.05 * rng.normal(size=(series, steps)))


def test_metrics_are_those_of_their_definitions():
    data = opened(weekly(), horizon=4, origins=2)
    actual = data.actual("test")
    rng = np.random.default_rng(1)
    mean = actual + rng.normal(size=actual.shape)
    quantile = np.sort(actual[..., None] + rng.normal(size=(*actual.shape, 5)), axis=-1)
    found = Forecasts(actual, mean, quantile, Scales.of(data, "test")).summary()
    rmsse, mase = [], []
    for series in range(3):
        for number, start in enumerate(data.starts("test")):
            past = data.values[series, :start]
            error = mean[series, number] - actual[series, number]
            scale = np.mean(np.diff(past) ** 2)
            rmsse.append(np.sqrt(np.mean(error**2) / scale))
            mase.append(np.mean(np.abs(error)) / np.mean(np.abs(past[7:] - past[:-7])))
    assert found["RMSSE"] == pytest.approx(np.mean(rmsse))
    assert found["MASE"] == pytest.approx(np.mean(mase))
    loss = 0.0
    for place, level in enumerate(LEVELS):
        below = actual - quantile[..., place]
        loss += 2 * np.where(below > 0, level * below, (level - 1) * below).sum() / 5
    assert found["WQL"] == pytest.approx(loss / np.abs(actual).sum())
    inside = (actual >= quantile[..., 0]) & (actual <= quantile[..., -1])
    assert found["coverage of 80 %"] == pytest.approx(inside.mean())
    assert found["bias"] == pytest.approx(mean.sum() / actual.sum() - 1)
    deviation = data.values[:, : data.train_end].std(axis=1)[:, None, None]
    assert found["MSE"] == pytest.approx(np.mean(((mean - actual) / deviation) ** 2))


def test_constant_and_all_zero_series_are_left_out_and_counted():
    values = np.concatenate([weekly(), np.zeros((1, 140)), np.full((1, 140), 5.0)])
    data = opened(values, horizon=4, origins=2)
    for found in forecast_baselines(data).values():
        assert found.left_out == 4
        assert np.isfinite(found.summary()["RMSSE"])
        protocol = forecast_protocol(data, "test", found)
        assert "4 without a scale left out of scaled errors" in protocol


def test_missing_values_do_not_count():
    values = weekly()
    data = opened(values, horizon=4, origins=2)
    holes = values.copy()
    holes[1, -3:] = np.nan
    mean = data.actual("test") + 1
    quantile = np.repeat(mean[..., None], 5, axis=-1)
    gaps = opened(holes, horizon=4, origins=2)
    found = Forecasts(gaps.actual("test"), mean, quantile, Scales.of(gaps, "test")).summary()
    assert found["bias"] == pytest.approx(21 / np.nansum(gaps.actual("test")))


def test_intervals_are_over_series_else_over_origins_that_do_not_overlap():
    naive = "seasonal naive 7"
    many = forecast_baselines(opened(weekly(9), horizon=4, origins=2))[naive]
    assert many.resampled == "series"
    low, high = many.intervals()["RMSSE"]
    assert low < many.summary()["RMSSE"] < high
    few = forecast_baselines(opened(weekly(1), horizon=4, origins=8))[naive]
    assert few.resampled == "origins"
    overlapping = forecast_baselines(opened(weekly(1), horizon=4, origins=8, stride=1))[naive]
    assert overlapping.resampled == ""
    assert overlapping.intervals() == {}
    difference = many.minus(many)["RMSSE"]
    assert (difference.mean, difference.low, difference.high) == (0, 0, 0)


def test_a_perfect_season_is_forecast_by_the_naive_baseline():
    values = np.tile([3.0, 1, 4, 1, 5, 9, 2], 20)
    found = forecast_baselines(opened(values, horizon=14, origins=2))["seasonal naive 7"]
    np.testing.assert_array_equal(found.mean, found.actual)


def test_of_counts_with_zeros_tsb_and_zero_are_baselines():
    rng = np.random.default_rng(0)
    values = rng.poisson(2, (9, 140)) * (rng.random((9, 140)) < 0.4)
    values[:, 5::7] = 0  # closed on Saturdays
    data = opened(values, horizon=7, origins=2)
    found = forecast_baselines(data)
    assert (found["zero"].mean == 0).all()
    tsb = found["TSB"]
    saturday = (data.first + data.starts("test")[0] + np.arange(7)) % 7 == 2
    assert (tsb.mean[:, 0, saturday] == 0).all()
    assert tsb.summary()["RMSSE"] < found["zero"].summary()["RMSSE"]
    assert abs(tsb.summary()["bias"]) < 0.2
    assert np.isnan(tsb.summary()["WQL"])


@pytest.fixture(scope="module")
def fitted():
    data = opened(weekly(9, 200), horizon=7, origins=3)
    model = Forecaster.for_dataset(data, encoder="none")
    settings = fit_ridge(model, data)
    calibrate_quantiles(model, data)
    return model, data, settings


def test_the_ridge_learns_a_weekly_shape_and_beats_the_naive_forecast(fitted):
    model, data, settings = fitted
    assert settings["lookback"] in data.frequency.lookbacks
    found = forecasts_of(model, data, "test").summary()
    naive = forecast_baselines(data)["seasonal naive 7"].summary()
    assert found["RMSSE"] < 0.85 * naive["RMSSE"]
    assert abs(found["bias"]) < 0.02
    assert 0.65 < found["coverage of 80 %"] < 0.95


def test_the_ridge_is_the_solution_of_least_squares(fitted):
    model, data, settings = fitted
    rows, origins = windows_of(data, "train", settings["lookback"], 1 << 30)
    inputs = inputs_of(data, (rows, origins), model.lookback)
    shifted, level, scale = (np.asarray(x) for x in model.normalise(inputs))
    unit = scale  # Of values from 0, else the deviation of the series.
    lookback = settings["lookback"]
    one_hot = np.eye(7)[inputs["phase"]] if settings["phases"] else np.ones((len(rows), 1))
    regressors = np.concatenate([shifted[:, -lookback:] / unit, one_hot * scale / unit], axis=1)
    targets = (data.values[rows[:, None], origins[:, None] + np.arange(7)] - level) / unit
    gram = regressors.T @ regressors
    penalty = settings["penalty"] * np.trace(gram) / len(gram) * np.eye(len(gram))
    expected = np.linalg.solve(gram + penalty, regressors.T @ targets)
    np.testing.assert_allclose(np.asarray(model.kernel)[-lookback:], expected[:lookback], atol=1e-3)


def test_quantiles_cover_valid_as_they_should(fitted):
    model, data, _ = fitted
    found = forecasts_of(model, data, "valid")
    for place, level in enumerate(LEVELS):
        below = (found.actual <= found.quantile[..., place] + 1e-4).mean()
        # Blocks of the horizon with few values are not shifted.
        assert abs(below - level) < 0.1


def test_a_harmful_correction_is_chosen_away():
    data = opened(weekly(4), horizon=4, origins=2)
    model = Forecaster.for_dataset(data, encoder="mlp", dim=8)
    fit_ridge(model, data)
    before = forecasts_of(model, data, "valid").summary()
    model.head.kernel.assign(np.full(model.head.kernel.shape, 3.0))
    assert forecasts_of(model, data, "valid").summary()["MSE"] > 2 * before["MSE"]
    assert choose_correction(model, data) == {
        "correction of means": 0.0,
        "correction of quantiles": 0.0,
    }
    assert forecasts_of(model, data, "valid").summary() == pytest.approx(before)


def promoted(seed=0, effect=0.5, series=6, steps=120):
    """Series that a promotion raises, and a column of noise; sizes by brand."""
    rng = np.random.default_rng(seed)
    promotion = rng.random((series, steps)) < 0.3
    brand = np.arange(series) % 2
    level = np.where(brand, 100, 10)[:, None] * rng.uniform(0.9, 1.1, (series, 1))
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(steps) / 7)
    values = level * (season + effect * promotion + 0.05 * rng.normal(size=(series, steps)))
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(steps)]
    return pl.DataFrame(
        {
            "sku": np.repeat([f"s{number}" for number in range(series)], steps),
            "date": days * series,
            "y": values.ravel(),
            "promotion": np.where(promotion.ravel(), "yes", "no"),
            "noise": rng.normal(size=values.size),
            "brand": np.repeat(np.array(["small", "large"])[brand], steps),
        }
    )


def ridge(frame, known):
    data = kit.open(frame, kind="series", horizon=7, origins=3, known=known, static=("brand",))
    model = Forecaster.for_dataset(data, encoder="none", lookback=14)
    settings = fit_ridge(model, data)
    return model, data, settings, forecasts_of(model, data, "valid").summary()


@pytest.fixture(scope="module")
def known():
    return ridge(promoted(), ("promotion", "noise"))


@pytest.fixture(scope="module")
def unknown():
    return ridge(promoted(), ())


def test_a_known_covariate_is_learned_and_noise_does_not_harm_on_valid(known, unknown):
    model, data, settings, found = known
    without = unknown[3]
    assert settings["known in the ridge"]
    assert found["RMSSE"] < 0.5 * without["RMSSE"]
    inputs = inputs_of(data, windows_of(data, "test", 0, 100), model.lookback)
    parts = np.asarray(model.explain(inputs))
    promotion = inputs["known"][:, :, 0] == 1 + data.known[0].categories.index("yes")
    level = np.where(inputs["series"] % 2, 10, 100)[:, None] * np.ones(7)
    # Against its share of 30 %, the promotion adds 70 % of its effect, in deviations of windows.
    added = (parts[:, :, 3] / level)[promotion].mean()
    assert added == pytest.approx(0.7 * 0.5, abs=0.1)
    assert np.abs(parts[:, :, 4] / level).mean() < 0.02


def test_a_covariate_that_misleads_is_left_out():
    # In train the promotion raises sales, in valid it lowers them.
    frame = promoted(effect=0)
    late = pl.col("date") >= pl.lit(date(2024, 3, 18))
    sign = pl.when(late).then(-0.3).otherwise(0.3)
    sales = pl.col("y") * (1 + sign * (pl.col("promotion") == "yes"))
    frame = frame.with_columns(y=sales)
    _, _, settings, found = ridge(frame, ("promotion",))
    assert not settings["known in the ridge"]
    assert found == pytest.approx(ridge(frame, ())[3])


def test_the_weights_of_covariates_are_those_of_least_squares(known):
    model, data, settings, _ = known
    rows, origins = windows_of(data, "train", settings["lookback"], 1 << 30)
    inputs = inputs_of(data, (rows, origins), model.lookback)
    shifted, level, scale = (np.asarray(x, float) for x in model.normalise(inputs))
    past = shifted[:, -settings["lookback"] :] / scale
    one_hot = np.eye(7)[inputs["phase"]] if settings["phases"] else np.ones((len(rows), 1))
    regressors = np.concatenate([past, one_hot], axis=1)
    features = np.asarray(model.known_features(inputs), float)
    targets = (data.values[rows[:, None], origins[:, None] + np.arange(7)] - level) / scale
    # All steps at once: each has weights of its own for the past, and shares those of covariates.
    width, steps = regressors.shape[1], 7
    whole = np.zeros((len(rows), steps, steps * width + 3))
    for step in range(steps):
        whole[:, step, step * width : (step + 1) * width] = regressors
    whole[:, :, steps * width :] = features
    flat = whole.reshape(-1, whole.shape[-1])
    size = np.trace(regressors.T @ regressors) / width
    of_known = np.trace(flat[:, -3:].T @ flat[:, -3:]) / 3
    penalty = np.r_[np.full(steps * width, settings["penalty"] * size), [1e-3 * of_known] * 3]
    expected = np.linalg.solve(flat.T @ flat + np.diag(penalty), flat.T @ targets.ravel())
    np.testing.assert_allclose(np.asarray(model.known_weight), expected[-3:], atol=1e-4)
    kernel = expected[: steps * width].reshape(steps, width).T[: settings["lookback"]]
    np.testing.assert_allclose(np.asarray(model.kernel)[-settings["lookback"] :], kernel, atol=1e-3)


def test_static_features_say_what_is_usual_where_they_help(unknown):
    model, data, _, _ = unknown
    empty = {
        "history": np.full((2, model.lookback), np.nan, np.float32),
        "series": np.zeros(2, int),
        "phase": np.zeros(2, int),
        "static": np.float32(
            [[1 + data.static[0].categories.index(x)] for x in ("small", "large")]
        ),
    }
    small, large = np.asarray(model.normalise(empty)[1])[:, 0]
    assert small == pytest.approx(11.5, rel=0.15)
    assert large == pytest.approx(115, rel=0.15)
    by_chance = promoted().with_columns(
        brand=pl.when(pl.col("sku").is_in(["s0", "s1", "s2"]))
        .then(pl.lit("x"))
        .otherwise(pl.lit("z"))
    )
    model, data, _, _ = ridge(by_chance, ())
    assert np.asarray(model.static_weight)[1:, 0].tolist() == [0, 0]


def test_the_part_of_the_network_that_reads_covariates_is_chosen_by_itself():
    data = kit.open(promoted(), kind="series", horizon=4, origins=2, known=("promotion",))
    model = Forecaster.for_dataset(data, encoder="mlp", dim=8, lookback=14)
    fit_ridge(model, data)
    before = forecasts_of(model, data, "valid").summary()
    model.step_head.kernel.assign(np.full(model.step_head.kernel.shape, 3.0))
    settings = choose_correction(model, data)
    assert settings["known in means"] is False or settings["correction of means"] == 0
    assert forecasts_of(model, data, "valid").summary()["RMSSE"] == pytest.approx(before["RMSSE"])
