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

STEPS, AHEAD, SHOPS = 150, 5, 6
NAMES = [f"shop {number}" for number in range(SHOPS)]


def sales(steps=range(STEPS)):
    """Counts of shops in two regions, which sell more where prices are low."""
    rng = np.random.default_rng(0)
    price = rng.choice([8.0, 10.0], (SHOPS, STEPS + AHEAD))
    shape = 1 + 0.5 * np.sin(2 * np.pi * np.arange(STEPS + AHEAD) / 7)
    counts = rng.poisson(rng.uniform(10, 40, (SHOPS, 1)) * shape * 9 / price)
    rows = [
        {
            "shop": name,
            "date": date(2024, 1, 1) + timedelta(days=day),
            "sales": int(counts[number, day]),
            "price": price[number, day],
            "region": "ns"[number % 2],
        }
        for number, name in enumerate(NAMES)
        for day in steps
    ]
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    def train(folder):
        sales().write_csv(folder / "sales.csv")
        places = ["--output", folder / "model", "--report", folder / "report"]
        columns = "--series-column shop --hierarchy region --known price --static region"
        options = f"{columns} --horizon {AHEAD} --lookback 14 --encoder none"
        line = ["train", "forecasting", "--data", folder / "sales.csv", *options.split(), *places]
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            answer = run(line)
        assert answer.exit_code == 0, answer.output
        (folder / "output.txt").write_text(answer.output)
        sales(range(STEPS, STEPS + AHEAD)).drop("sales", "region").write_csv(folder / "plan.csv")

    return shared(tmp_path_factory, "hierarchy", train)


def table(*line):
    answer = run(["forecast", *line])
    assert answer.exit_code == 0, answer.output
    return pl.DataFrame(list(csv.DictReader(io.StringIO(answer.stdout)))), answer.stderr


def test_report_and_card_show_the_errors_of_each_level(trained):
    output = (trained / "output.txt").read_text()
    assert "hierarchy: total (1), region (2)" in output
    assert "7 signatures answer as the live model does" in output
    assert "test, by level: total (1), region (2), series (6)" in output
    facts = json.loads((trained / "report" / "metrics.json").read_text())["hierarchy"]
    assert facts["method"] in ("bottom-up", "MinT-shrink")
    assert list(facts["test"]) == ["total", "region", "series"]
    for systems in facts["test"].values():
        assert len(systems) == 3
        for name, system in systems.items():
            assert ("minus" in system) == (name != facts["method"])
    assert "<h2>Levels</h2>" in (trained / "report" / "report.html").read_text()
    folder = trained / "model" / "1" / "assets.extra"
    card = json.loads((folder / "card.json").read_text())
    assert card["hierarchy"]["test"] == facts["test"]
    error = facts["test"]["region"]["bottom-up"]["metrics"]["RMSSE"]["mean"]
    assert f"| region, bottom-up | {error:.4f} |" in (folder / "model_card.md").read_text()


def test_kit_forecast_writes_totals_that_are_sums(trained):
    model, plan = trained / "model", trained / "plan.csv"
    found, _ = table(model, "--known", plan, "--why", "--what-if", "price*=0.8")
    found = found.with_columns(pl.col("mean", "mean_plan").cast(pl.Float64))
    assert found["level"].unique(maintain_order=True).to_list() == ["total", "region", "series"]
    assert found.height == (1 + 2 + SHOPS) * AHEAD
    for column in ("mean", "mean_plan"):
        values = found[column].to_numpy().reshape(-1, AHEAD)
        np.testing.assert_allclose(values[0], values[3:].sum(axis=0), rtol=1e-4)
        np.testing.assert_allclose(values[1], values[3::2].sum(axis=0), rtol=1e-4)
    parts = found.filter(level="series").select(pl.col("^why .*$").cast(pl.Float64))
    assert "why reconciliation" in parts.columns
    own = found.filter(level="series")["mean"].to_numpy()
    np.testing.assert_allclose(parts.sum_horizontal().to_numpy(), own, rtol=1e-3, atol=1e-3)
    history, _ = table(model, "--known", plan, "--history", trained / "sales.csv")
    again, _ = table(model, "--known", plan)
    for column in ("mean", "q0.1", "q0.9"):
        ours, theirs = (one[column].cast(pl.Float64).to_numpy() for one in (history, again))
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_totals_need_all_series(trained):
    plan = trained / "plan.csv"
    one, told = table(trained / "model", "--known", plan, "--series", "shop 2")
    assert "level" not in one.columns
    assert "totals:    none" in told
    model = kit.load(trained / "model")
    for missing, word in ((sales().filter(pl.col("shop") != "shop 4"), "missing"), (None, "new")):
        history = missing
        if missing is None:
            new = sales().filter(shop="shop 1").with_columns(shop=pl.lit("shop 9"))
            history = pl.concat([sales(), new])
        known = history.filter(pl.col("date") > date(2024, 5, 20)).with_columns(
            date=pl.col("date").dt.offset_by("9d")
        )
        with pytest.raises(UserError, match=word):
            model.forecast(history, known=known, totals=True)


def test_the_signature_takes_the_series_in_any_order(trained):
    signature = load_version(trained / "model" / "1").signatures["totals"]
    rng = np.random.default_rng(1)
    order = rng.permutation(SHOPS)
    history = rng.integers(0, 50, (1, SHOPS, 20)).astype(np.float32)
    price = rng.uniform(8, 10, (1, SHOPS, AHEAD)).astype(np.float32)
    names, regions = np.array(NAMES, object)[None], np.array([[*"nsnsns"]], object)

    def ask(names, *inputs):
        history, price, regions = inputs
        answer = signature(
            series_id=tf.constant(names),
            history=tf.constant(history),
            start=tf.constant(["2024-06-01"]),
            known_price=tf.constant(price),
            static_region=tf.constant(regions),
        )
        return {name: tensor.numpy() for name, tensor in answer.items()}

    straight = ask(names, history, price, regions)
    assert straight["group"].tolist() == [[b"total", b"n", b"s"]]
    assert straight["time"][0, 0] == b"2024-06-01"
    mixed = ask(*(one[:, order] for one in (names, history, price, regions)))
    np.testing.assert_allclose(mixed["mean"], straight["mean"], rtol=1e-5)
    np.testing.assert_allclose(mixed["series_mean"], straight["series_mean"][:, order], rtol=1e-5)
    sums = straight["series_mean"].sum(axis=1)
    np.testing.assert_allclose(straight["mean"][:, 0], sums, rtol=1e-5)
    assert (np.diff(straight["quantile"], axis=-1) >= 0).all()
    with pytest.raises(tf.errors.InvalidArgumentError, match="each series of the training data"):
        ask(names[:, [0, 0, 2, 3, 4, 5]], history, price, regions)
