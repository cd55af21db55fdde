"""Drivers of customer values and forecasts, of exports that follow a planted rule."""

import json
import warnings

import numpy as np
import polars as pl
import pytest
import tensorflow as tf

from kit.data.purchases import Histories
from kit.errors import UserError
from kit.evaluation import drivers_of, history_parts
from kit.exports import load_export
from tests.cli.answering import kit as command
from tests.cli.answering import refused
from tests.data.purchases.logs import purchases
from tests.recipes.test_known_covariates import HORIZON, table

DAY = 86_400


def save(version, signatures, card):
    """An export of some concrete functions."""
    module = tf.Module()
    module.functions = [*signatures.values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf.saved_model.save(module, str(version), signatures=signatures)
    (version / "assets.extra").mkdir()
    (version / "assets.extra" / "card.json").write_text(json.dumps({"version": 2, **card}))
    return version.parent


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """An export that expects 100 of who bought within 30 days, and 10 of others."""
    folder = tmp_path_factory.mktemp("values")
    purchases().write_csv(folder / "log.csv")

    def from_history(amount, time, asked_at):
        last = tf.reduce_max(time, axis=1)
        is_recent = asked_at - last < 30 * DAY
        mean = tf.where(is_recent, 100.0, 10.0) + 0 * tf.reduce_sum(amount, axis=1)
        return {"value_mean": mean, "value_low": mean, "value_high": mean, "buys_probability": mean}

    specs = [
        tf.TensorSpec([None, None], tf.float32, "amount"),
        tf.TensorSpec([None, None], tf.int64, "time"),
        tf.TensorSpec([None], tf.int64, "asked_at"),
    ]
    function = tf.function(from_history, input_signature=specs, autograph=False)
    card = {
        "task": "customer-value",
        "recipe": "customer-value",
        "horizon": 40,
        "length": 16,
        "data": {"data": str(folder / "log.csv"), "horizon": 40, "amount_column": "amount"},
    }
    return save(folder / "model" / "1", {"from_history": function}, card)


@pytest.fixture(scope="module")
def forecasts(tmp_path_factory):
    """An export that forecasts the mean of the history, more at a low price."""
    folder = tmp_path_factory.mktemp("forecasts")
    sales = table().filter(pl.col("sales").is_not_null())
    sales.with_columns(fee=pl.lit(3.0)).write_csv(folder / "sales.csv")
    names = ["series_id", "history", "start", "known_net_price", "known_promotion"]
    shapes = [[None], [None, None], [None], [None, None], [None, None]]
    kinds = [tf.string, tf.float32, tf.string, tf.float32, tf.string]
    names += ["known_fee", "static_brand"]
    shapes += [[None, None], [None]]
    kinds += [tf.float32, tf.string]

    def answer(
        series_id, history, start, known_net_price, known_promotion, known_fee, static_brand
    ):
        level = tf.reduce_mean(history, axis=1, keepdims=True)
        mean = level * tf.where(known_net_price < 10, 1.5, 1.0)
        return {"mean": mean, "quantile": tf.stack([0.8 * mean, mean, 1.2 * mean], axis=2)}

    specs = [tf.TensorSpec(*one) for one in zip(shapes, kinds, names, strict=True)]
    function = tf.function(answer, input_signature=specs, autograph=False)
    card = {
        "task": "forecasting",
        "recipe": "forecasting",
        "every": "day",
        "horizon": HORIZON,
        "lookback": 14,
        "levels": [0.1, 0.5, 0.9],
        "known": [
            {"name": "net price", "kind": "number", "values": []},
            {"name": "promotion", "kind": "text", "values": ["no", "yes"]},
            {"name": "fee", "kind": "number", "values": []},
        ],
        "static": [{"name": "brand", "kind": "text", "values": ["large", "small"]}],
        "data": {
            "data": str(folder / "sales.csv"),
            "horizon": HORIZON,
            "origins": 9,
            "stride": 4,
            "known": ["net price", "promotion", "fee"],
            "static": ["brand"],
        },
    }
    return save(folder / "model" / "1", {"serving_default": function}, card)


def predicts(answer):
    """Of each group whether it predicts, of the JSON that the command printed."""
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    return found, {", ".join(one["columns"]): one["predicts"] for one in found["drivers"]}


def test_of_values_recency_is_found_and_what_is_not_read_is_not(values):
    found, said = predicts(command(f"drivers {values} --trust --json"))
    # How many days with a purchase and how recent the last one is go together: shuffled together.
    assert said == {"recency, rhythm": True, "amounts": False}
    assert found["drivers"][0]["increase"] > found["drivers"][0]["zero"]
    assert found["drivers"][1]["increase"] == 0


def test_of_forecasts_history_and_price_are_found(forecasts):
    found, said = predicts(command(f"drivers {forecasts} --trust --json"))
    assert said == {
        "history": True,
        "net price": True,
        "promotion": False,
        "calendar": False,
        "series, brand": False,
    }
    assert found["constant"] == ["fee"]
    assert found["rows"] == 54
    answer = command(f"drivers {forecasts} --trust --group calendar,promotion")
    assert "calendar, promotion" in answer.stdout
    assert "the same in all of these, so not shuffled: fee" in answer.stdout
    assert "54 windows of test" in answer.stdout
    assert "need not cause" in answer.stdout


def test_parts_of_histories_are_those_of_the_donor():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 6, 50)
    shown = np.arange(6) < counts[:, None]
    ages = -np.sort(-rng.integers(1, 300, (50, 6)), axis=1).astype(np.float32)
    # The latest day comes last; padding is on the right.
    ages = np.where(shown, ages, 0).astype(np.float32)
    amounts = np.where(shown, rng.normal(size=(50, 6)), 0).astype(np.float32)
    histories = Histories(np.arange(50), amounts, ages, np.ones(50, np.float32), np.zeros(50))
    order = rng.permutation(50)
    same = history_parts(histories, [], order)
    np.testing.assert_array_equal(same, (amounts, ages))
    whole = history_parts(histories, ["recency", "rhythm", "amounts"], order)
    np.testing.assert_array_equal(whole, (amounts[order], ages[order]))
    last = np.where(ages > 0, ages, np.inf).min(1)
    found, moved = history_parts(histories, ["recency"], order)
    np.testing.assert_array_equal(found, amounts)
    np.testing.assert_array_equal(np.where(moved > 0, moved, np.inf).min(1), last[order])
    np.testing.assert_array_equal(np.diff(moved)[shown[:, 1:]], np.diff(ages)[shown[:, 1:]])
    paid, days = history_parts(histories, ["amounts"], order)
    np.testing.assert_array_equal(days, ages)
    of_last = amounts[np.arange(50), counts - 1]
    np.testing.assert_array_equal(paid[np.arange(50), counts - 1], of_last[order])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--group recency,colour", "does not read a column 'colour'"),
        ("--rows 40", "Only 40 rows are left"),
        ("--repeats 2", "2 is not in the range"),
        ("--data none.csv", "none.csv"),
    ],
)
def test_what_cannot_be_measured_is_refused(values, line, said):
    assert said in refused(command(f"drivers {values} --trust {line}"))


def test_few_windows_are_refused(forecasts):
    assert "Only 30 rows" in refused(command(f"drivers {forecasts} --trust --rows 30"))


def test_data_of_another_kind_are_refused(values):
    with pytest.raises(UserError, match="cannot be measured of this export"):
        drivers_of(load_export(values, trust=True), pl.DataFrame())
