from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import kit
from kit.evaluation import (
    fit_hierarchy,
    fit_ridge,
    forecast_baselines,
    forecasts_by_level,
    forecasts_of,
    groups_of,
    read_forecasts,
)
from kit.models import BOTTOM_UP, MINT, Forecaster

STEPS = 200


@pytest.fixture(scope="module")
def fitted():
    """Twelve noisy series of three regions, which move together slowly."""
    rng = np.random.default_rng(0)
    shared = 4 * np.cumsum(rng.normal(size=(3, STEPS)), axis=1)
    rows = [
        {
            "date": date(2024, 1, 1) + timedelta(days=day),
            "sku": f"s{number:02}",
            "region": "nsw"[number % 3],
            "y": shared[number % 3, day] + 15 * rng.normal(),
        }
        for number in range(12)
        for day in range(STEPS)
    ]
    data = kit.open(pl.DataFrame(rows), kind="series", horizon=5, origins=4, hierarchy="region")
    model = Forecaster.for_dataset(data, encoder="none", lookback=14)
    fit_ridge(model, data)
    return model, data, fit_hierarchy(model, data)


def test_groups_are_series_of_their_own(fitted):
    _, data, _ = fitted
    groups = groups_of(data)
    assert groups.series == ("total", "n", "s", "w")
    np.testing.assert_allclose(groups.values[0], data.values.sum(axis=0))
    assert groups.train_end == data.train_end


def test_the_method_is_chosen_on_valid(fitted):
    _, _, fit = fitted
    errors = fit.valid
    assert errors.keys() == {BOTTOM_UP, MINT}
    ratio = np.mean([errors[MINT][level] / one for level, one in errors[BOTTOM_UP].items()])
    assert fit.chosen == (MINT if ratio < 1 else BOTTOM_UP)
    assert fit.reconciliation.method == fit.chosen


def test_better_means_do_not_buy_worse_quantiles(fitted, monkeypatch):
    model, data, _ = fitted

    def biased(one, series, part):
        """Of series, the quantiles are right and the expected values far too large."""
        found = forecasts_of(one, series, part)
        return replace(found, mean=found.mean + 40) if series is data else found

    monkeypatch.setattr("kit.evaluation._hierarchy.forecasts_of", biased)
    fit = fit_hierarchy(model, data)
    assert (
        np.mean([fit.valid[MINT][level] < one for level, one in fit.valid[BOTTOM_UP].items()]) == 1
    )
    assert fit.chosen == BOTTOM_UP


def test_every_level_is_measured_beside_the_other_method_and_the_best_baseline(fitted):
    model, data, fit = fitted
    test, baselines = forecasts_of(model, data, "test"), forecast_baselines(data)
    found = forecasts_by_level(fit, data, test, baselines)
    assert list(found) == ["total", "region", "series"]
    for level, size in (("total", 1), ("region", 3), ("series", 12)):
        systems = found[level]
        assert list(systems)[:2] == [fit.chosen, BOTTOM_UP if fit.chosen == MINT else MINT]
        assert len(systems) == 3
        assert all(one.actual.shape == (size, 4, 5) for one in systems.values())
        best = systems[list(systems)[2]].summary()["MSE"]
        groups = {"total": slice(0, 1), "region": slice(1, 4)}.get(level)
        for other in baselines.values():
            mean = other.mean if groups is None else data.hierarchy.sums(other.mean)[groups]
            one = systems[BOTTOM_UP]
            again = type(one)(one.actual, mean, one.quantile, one.scales, one.overlap)
            assert best <= again.summary()["MSE"] + 1e-6
    for name in fit.methods:
        total, regions, series = (one[name].mean for one in found.values())
        np.testing.assert_allclose(total[0], series.sum(axis=0), rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(regions[1], series[1::3].sum(axis=0), rtol=1e-4, atol=1e-3)


def test_rows_of_groups_are_no_forecasts_of_series(fitted, tmp_path):
    _, data, _ = fitted
    times = data.frequency.texts(data.first + data.starts("test")[0] + np.arange(4 * 5))
    names = [*data.series, "s03"]  # A group may have the name of a series.
    frame = pl.DataFrame(
        {
            "series_id": [name for name in names for _ in times],
            "level": ["series"] * 12 * len(times) + ["region"] * len(times),
            "time": times * 13,
            "mean": np.repeat(np.arange(13.0), len(times)),
        }
    )
    frame.write_csv(tmp_path / "theirs.csv")
    found = read_forecasts(data, str(tmp_path / "theirs.csv"))
    np.testing.assert_array_equal(found.mean[:, 0, 0], np.arange(12))


def test_with_one_origin_forecasts_are_added_up(fitted):
    model, data, _ = fitted
    one = kit.data.series.split_series(data, horizon=5, origins=1)
    fit = fit_hierarchy(model, one)
    assert fit.chosen == BOTTOM_UP
    assert fit.methods.keys() == {BOTTOM_UP}
