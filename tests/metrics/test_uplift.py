"""Qini coefficient and AUUC by their definitions."""

import numpy as np
import pytest

from kit.metrics import InvalidInputError, UpliftCurve, auuc, qini

ROWS = 3000


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    score, treated = rng.random(ROWS), rng.integers(0, 2, ROWS)
    outcome = (rng.random(ROWS) < 0.2 + 0.4 * treated * score).astype(float)
    return treated, outcome, score


def by_hand(treated, outcome, score):
    """Qini and AUUC one row at a time."""
    order = np.argsort(-score)
    gains, lifts = [0.0], [0.0]
    for count in range(1, len(order) + 1):
        first = order[:count]
        t, y = treated[first] == 1, outcome[first]
        n, m = t.sum(), (~t).sum()
        rate = y[~t].mean() if m else 0.0
        gains.append((y[t].sum() - rate * n) / (treated == 1).sum())
        lifts.append((y[t].mean() - rate) * count / len(order) if n and m else 0.0)
    area = [np.trapezoid(x, dx=1 / len(order)) for x in (gains, lifts)]
    return area[0] - gains[-1] / 2, area[1]


def test_metrics_are_those_of_their_definitions(rows):
    expected = by_hand(*rows)
    assert qini(*rows) == pytest.approx(expected[0])
    assert auuc(*rows) == pytest.approx(expected[1])


def test_a_good_order_gains_and_its_reverse_loses(rows):
    treated, outcome, score = rows
    assert qini(treated, outcome, score) > 0.02
    assert qini(treated, outcome, -score) < -0.02
    assert qini(treated, outcome, np.ones(ROWS)) == 0
    effect = outcome[treated == 1].mean() - outcome[treated == 0].mean()
    assert auuc(treated, outcome, np.ones(ROWS)) == pytest.approx(effect / 2)


def test_the_order_of_the_rows_does_not_matter_within_one_score(rows):
    treated, outcome, score = rows
    steps = np.floor(score * 8)
    shuffled = np.random.default_rng(1).permutation(ROWS)
    again = qini(treated[shuffled], outcome[shuffled], steps[shuffled])
    assert qini(treated, outcome, steps) == pytest.approx(again)


def test_weights_stand_for_rows_that_had_a_small_chance(rows):
    treated, outcome, score = rows
    rng = np.random.default_rng(2)
    # Treated rows of a large score were seldom logged; inverse propensities put them back.
    chance = np.where(treated == 1, 1.1 - score, 1.0)
    logged = rng.random(ROWS) < chance
    found = UpliftCurve(treated[logged], outcome[logged], score[logged], 1 / chance[logged])
    assert found.qini() == pytest.approx(qini(treated, outcome, score), abs=0.012)


def test_counts_stand_for_repeated_rows(rows):
    treated, outcome, score = (x[:200] for x in rows)
    times = np.random.default_rng(3).integers(0, 3, 200)
    repeated = [np.repeat(x, times) for x in (treated, outcome, score)]
    counted = UpliftCurve(treated, outcome, score)
    assert counted.qini(times.astype(float)) == pytest.approx(qini(*repeated))
    assert counted.auuc(times.astype(float)) == pytest.approx(auuc(*repeated))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [(0, 2, "neither 0 nor 1"), (1, np.nan, "NaN"), (2, np.inf, "infinite"), (3, -1, "negative")],
)
def test_bad_input_is_refused(place, value, message):
    rows = [np.array(x, float) for x in ([0, 1], [0, 1], [0.1, 0.2], [1, 1])]
    rows[place][1] = value
    with pytest.raises(InvalidInputError, match=message):
        UpliftCurve(*rows)
