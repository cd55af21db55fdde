import numpy as np
import polars as pl
import pytest

from kit.data.table import Feature
from kit.errors import UserError
from kit.exports import correlated_groups, measure_drivers
from kit.metrics import log_losses


def losses_of(columns, labels, weights):
    """The losses of a logistic model that also reads what says nothing."""

    def losses(shuffled, order):
        logits = sum(
            weights[name] * (values[order] if name in shuffled else values)
            for name, values in columns.items()
        )
        return log_losses(labels, 1 / (1 + np.exp(-logits)))

    return losses


def test_what_predicts_is_found_and_noise_is_not():
    noise = [f"noise {n}" for n in range(20)]
    flagged, found = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        columns = {name: rng.normal(size=400) for name in ["strong", "weak", "unread", *noise]}
        chance = 1 / (1 + np.exp(-2 * columns["strong"] - 0.8 * columns["weak"]))
        labels = (rng.random(400) < chance).astype(float)
        weights = {"strong": 2, "weak": 0.8, "unread": 0} | dict.fromkeys(noise, 0.3)
        losses = losses_of(columns, labels, weights)
        table = measure_drivers(losses, 400, [[name] for name in columns], seed=seed).table
        assert table["columns"][0].to_list() == ["strong"]
        said = {row["columns"][0]: row["predicts"] for row in table.to_dicts()}
        flagged += [said[name] for name in noise]
        found += [said["strong"], said["weak"]]
        assert not said["unread"]
    assert np.mean(flagged) <= 0.05
    assert np.mean(found) > 0.9


def test_the_interval_covers_what_a_shuffle_costs_in_many_rows():
    """x predicts itself: a shuffle costs twice the variance."""
    inside = 0
    for seed in range(30):
        x = np.random.default_rng(seed).normal(size=200)
        table = measure_drivers(
            lambda _, order, x=x: (x - x[order]) ** 2, 200, [["x"]], seed=seed
        ).table
        inside += table["low"][0] < 2 < table["high"][0]
    assert inside >= 26


def test_few_rows_are_refused():
    with pytest.raises(UserError, match="Only 49 rows"):
        measure_drivers(lambda columns, order: np.zeros(49), 49, [["x"]])


def test_columns_that_say_the_same_are_together():
    rng = np.random.default_rng(0)
    price, colour = rng.exponential(size=500), rng.integers(0, 4, 500)
    table = pl.DataFrame(
        {
            "price": price,
            "cost": np.exp(price),
            "colour": [f"c{n}" for n in colour],
            "shade": [[f"s{n}"] for n in colour],
            "size": ["big" if value > 1 else "small" for value in price],
            "other": rng.normal(size=500),
            "id": [f"{n}" for n in range(500)],
            "same": ["x"] * 500,
            "empty": pl.Series([None] * 500, dtype=pl.Float64),
        }
    )
    kinds = ["number", "number", "category", "list", "category", "number", "id", "category"]
    features = [
        Feature(name, kind) for name, kind in zip(table.columns, [*kinds, "number"], strict=True)
    ]
    alone = [["other"], ["id"], ["same"], ["empty"]]
    assert correlated_groups(table, features) == [
        ["price", "cost", "size"],
        ["colour", "shade"],
        *alone,
    ]
    assert correlated_groups(table, features, [["id", "other"]])[2] == ["other", "id"]
    with pytest.raises(UserError, match="does not read a column 'colr'"):
        correlated_groups(table, features, [["id", "colr"]])
