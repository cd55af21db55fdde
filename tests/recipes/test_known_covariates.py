"""Forecasts with prices, promotions and features of series, from a table to the export."""

import csv
import io
import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import tensorflow as tf

import kit
from kit.errors import UserError
from kit.exports import load_version
from tests.conftest import shared
from tests.exporting.parts import c_library_only
from tests.recipes.test_forecasting import run

pytestmark = pytest.mark.slow

STEPS, HORIZON, SERIES = 120, 7, 6
FIRST = date(2024, 1, 1)


def table():
    """Sales that a price and a promotion move, with a week of both ahead; sizes by brand."""
    rng = np.random.default_rng(0)
    shape = (SERIES, STEPS + HORIZON)
    price = np.where(rng.random(shape) < 0.3, 7.0, 10.0)
    promotion = rng.random(shape) < 0.2
    brand = np.arange(SERIES) % 2
    season = 1 + 0.6 * np.sin(2 * np.pi * np.arange(shape[1]) / 7)
    level = np.where(brand, 40, 8)[:, None] * rng.uniform(0.9, 1.1, (SERIES, 1))
    sales = rng.poisson(level * season * np.where(price < 10, 1.5, 1) * (1 + promotion))
    return pl.DataFrame(
        {
            "store_id": np.repeat([f"shop {number}" for number in range(SERIES)], shape[1]),
            "date": [FIRST + timedelta(days=n) for n in range(shape[1])] * SERIES,
            "sales": [
                None if n >= STEPS else int(sales[row, n])
                for row in range(SERIES)
                for n in range(shape[1])
            ],
            "net price": price.ravel(),
            "promotion": np.where(promotion.ravel(), "yes", "no"),
            "brand": np.repeat(np.array(["small", "large"])[brand], shape[1]),
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    def train(folder):
        table().write_csv(folder / "sales.csv")
        places = ["--output", folder / "model", "--report", folder / "report"]
        options = ["--horizon", HORIZON, "--epochs", 1, "--dim", 4, "--lookback", 14]
        options += ["--known", "net price,promotion", "--static", "brand"]
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            answer = run(
                ["train", "forecasting", "--data", folder / "sales.csv", *options, *places]
            )
        assert answer.exit_code == 0, answer.output
        (folder / "output.txt").write_text(answer.output)

    return shared(tmp_path_factory, "known-covariates", train)


@pytest.fixture(scope="module")
def export(trained):
    return kit.load(trained / "model")


@pytest.fixture(scope="module")
def plan(trained):
    file = trained / "plan.csv"
    table().filter(pl.col("sales").is_null()).drop("sales", "brand").write_csv(file)
    return file


def test_training_says_what_is_known(trained):
    output = (trained / "output.txt").read_text()
    assert "known: 'net price', a number from 7 to 10" in output
    assert "static: 'brand', one of 2 texts" in output
    assert "as if foreseen without error" in output
    facts = json.loads((trained / "report" / "metrics.json").read_text())
    assert facts["data"]["known"] == ["net price", "promotion"]
    assert facts["settings"]["known in the ridge"] is True
    assert "net price, promotion" in (trained / "report" / "report.html").read_text()


def test_signatures_have_an_input_for_each_covariate(trained):
    signatures = load_version(trained / "model" / "1").signatures
    inputs = {
        name: {key: (spec.dtype.name, spec.shape.as_list()) for key, spec in x.items()}
        for name, x in ((n, s.structured_input_signature[1]) for n, s in signatures.items())
    }
    known = {"known_net_price": ("float32", [None, 7]), "known_promotion": ("string", [None, 7])}
    assert (
        inputs["from_id"]
        == inputs["explain_from_id"]
        == {
            "series_id": ("string", [None]),
            **known,
        }
    )
    assert (
        inputs["serving_default"]
        == inputs["explain"]
        == {
            **inputs["from_id"],
            "history": ("float32", [None, None]),
            "start": ("string", [None]),
            "static_brand": ("string", [None]),
        }
    )


def test_a_request_for_more_steps_than_the_export_forecasts_fails(trained):
    ask = load_version(trained / "model" / "1").signatures["from_id"]
    with pytest.raises((ValueError, TypeError, tf.errors.InvalidArgumentError)):
        ask(
            series_id=tf.constant(["shop 0"]),
            known_net_price=tf.ones([1, HORIZON + 1]),
            known_promotion=tf.fill([1, HORIZON + 1], "no"),
        )


def test_kit_evaluate_measures_what_training_measured(trained):
    answer = run(["evaluate", trained / "model", "--json"])
    assert answer.exit_code == 0, answer.output
    (found,) = json.loads(answer.stdout)["evaluations"]
    facts = json.loads((trained / "report" / "metrics.json").read_text())
    for name, value in found["metrics"].items():
        assert value["mean"] == pytest.approx(facts["test"]["metrics"][name]["mean"], abs=1e-4)


def forecast(*line):
    answer = run(["forecast", *line])
    assert answer.exit_code == 0, answer.output
    return list(csv.DictReader(io.StringIO(answer.stdout))), answer.stderr


def test_what_explains_a_forecast_sums_to_it(trained, plan):
    rows, _ = forecast(trained / "model", "--known", plan, "--why")
    parts = [name for name in rows[0] if name.startswith("why ")]
    assert parts == [
        *("why level", "why recent values", "why season", "why net price", "why promotion"),
        *("why network", "why bounds"),
    ]
    for row in rows:
        assert sum(float(row[part]) for part in parts) == pytest.approx(
            float(row["mean"]), abs=1e-3
        )
    cheap = [float(row["why promotion"]) for row in rows]
    assert max(cheap) > 0 > min(cheap)


def test_a_history_gives_what_the_end_of_the_data_gives(export, plan):
    history = table().filter(pl.col("sales").is_not_null())
    given = export.forecast(history, known=plan, why=True)
    by_id = export.forecast(known=str(plan), why=True)
    for name in given.columns:
        if given[name].dtype.is_numeric():
            np.testing.assert_allclose(given[name], by_id[name], rtol=1e-4, atol=1e-4)
        else:
            assert given[name].to_list() == by_id[name].to_list()


def test_what_if_is_compared_with_the_plan(trained, plan, export):
    line = ["--known", plan, "--what-if", "net price=10", "--what-if", "promotion=no"]
    rows, told = forecast(trained / "model", *line)
    before, _ = forecast(trained / "model", "--known", plan)
    assert [row["mean_plan"] for row in rows] == [row["mean"] for row in before]
    for row in rows:
        gap = float(row["mean"]) - float(row["mean_plan"])
        assert float(row["difference"]) == pytest.approx(gap, abs=2e-3)
    assert sum(float(row["difference"]) for row in rows) < 0
    assert "what if net price=10, promotion=no: " in told
    cheaper = export.forecast(known=plan, what_if="net price*=0.7")
    assert cheaper["difference"].sum() > 0


def refused(trained, *line):
    answer = run(["forecast", trained / "model", *line])
    assert answer.exit_code == 2, answer.output
    return answer.stderr


def test_a_plan_that_lacks_something_is_refused_by_name(trained, plan, tmp_path):
    told = refused(trained)
    assert "not said what is known of the steps to forecast: net price, promotion" in told
    short = tmp_path / "short.csv"
    pl.read_csv(plan).drop("promotion").write_csv(short)
    assert "The plan has no column 'promotion'." in refused(trained, "--known", short)
    pl.read_csv(plan).filter(pl.col("date") != "2024-05-03").write_csv(short)
    told = refused(trained, "--known", short)
    assert "no 'net price' of series 'shop 0' at 2024-05-03 (6 such days)" in told
    told = refused(trained, "--known", plan, "--what-if", "promotion=maybe")
    assert "'maybe' is none that is known" in told


def test_a_series_without_a_history_is_forecast_by_its_brand(export):
    history = table().filter(pl.col("sales").is_not_null()).tail(14)
    rows = [{"store_id": name, "date": FIRST, "brand": name} for name in ("small", "large")]
    new = pl.DataFrame(rows).select(
        "store_id", date=pl.lit(history["date"].max()), sales=pl.lit(None, pl.Int64), brand="brand"
    )
    history = pl.concat([history.select(new.columns), new])
    ahead = {"date": [FIRST + timedelta(days=STEPS + n) for n in range(HORIZON)]}
    every = pl.DataFrame({**ahead, "net price": [10.0] * HORIZON, "promotion": ["no"] * HORIZON})
    found = export.forecast(history, series=["small", "large"], known=every)
    small, large = found["mean"].to_numpy().reshape(2, HORIZON).mean(axis=1)
    assert large > 2 * small
    with pytest.raises(UserError, match="There is no column 'brand'"):
        export.forecast(history.drop("brand"), known=every)
