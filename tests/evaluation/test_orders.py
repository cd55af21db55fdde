import numpy as np
import pytest

from kit.evaluation import Forecasts, OrderRule, OrderTerms, Scales, backtest_orders, totals_of
from tests.evaluation.test_forecasting import opened

TERMS = OrderTerms(cost=np.array(6.0), price=np.array(10.0), salvage=np.array(1.0))


def test_the_order_of_least_cost_is_the_newsvendors():
    """Of demand that is drawn anew, no other order costs less than the rule's."""
    rng = np.random.default_rng(0)
    demand = rng.gamma(4, 25, (400, 3, 1))
    mean = np.full(demand.shape, 100.0)
    quantile = np.repeat(mean[..., None], 5, axis=-1) * np.array([0.5, 0.8, 1, 1.2, 1.5])
    nothing = Scales(np.ones((400, 3)), np.ones((400, 3)), np.ones(400))
    rule = OrderRule.fitted(Forecasts(demand, mean, quantile, nothing), 1)
    total, spread = totals_of(mean, quantile, 1)
    ordered = rule.orders(total, spread, TERMS.ratio, whole=False)
    cost = TERMS.loss(ordered, demand[..., 0]).sum()
    for change in (0.9, 0.97, 1.03, 1.1):
        assert TERMS.loss(change * ordered, demand[..., 0]).sum() > cost
    assert (demand[..., 0] <= ordered).mean() == pytest.approx(float(TERMS.ratio), abs=0.01)


def test_orders_by_a_forecast_that_knows_the_season_cost_less():
    rng = np.random.default_rng(1)
    rate = np.tile([2.0, 2, 2, 2, 2, 60, 60], 30) * rng.uniform(1, 3, (12, 1))
    data = opened(rng.poisson(rate), horizon=3, origins=5, stride=3)
    parts = []
    for part in ("valid", "test"):
        steps = data.starts(part)[:, None] + np.arange(3)
        mean = rate[:, steps]
        quantile = mean[..., None] + np.sqrt(mean)[..., None] * np.array([-1.3, -0.5, 0, 0.5, 1.3])
        parts.append(Forecasts(data.actual(part), mean, quantile, Scales.of(data, part)))
    found = backtest_orders(data, parts[1], OrderRule.fitted(parts[0], 3), TERMS, 3)
    assert found.resampled == "series"
    assert 0.5 < found.saving.low < found.saving.mean < found.saving.high < 1
    assert found.served[0] > 0.9
    assert found.left[0] < found.left[1]
