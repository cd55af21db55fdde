import csv
import io
import json
import warnings
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import tensorflow as tf
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError
from kit.exports import load_version, verify
from tests.conftest import shared
from tests.exporting.parts import c_library_only

STEPS, SERIES = 180, 9
FIRST = date(2024, 1, 1)
NAMES = [f"shop {number}" for number in range(SERIES)]


def run(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(word) for word in line])


def sales(first=0, last=STEPS):
    """Counts with a weekly shape, a row for each shop and day."""
    rng = np.random.default_rng(0)
    shape = 1 + 0.6 * np.sin(2 * np.pi * np.arange(STEPS) / 7)
    counts = rng.poisson(rng.uniform(5, 50, (SERIES, 1)) * shape)
    rows = [
        {"store_id": name, "date": FIRST + timedelta(days=n), "sales": int(counts[number, n])}
        for number, name in enumerate(NAMES)
        for n in range(first, last)
    ]
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    def train(folder):
        sales().write_csv(folder / "sales.csv")
        places = ["--output", folder / "model", "--report", folder / "report"]
        options = ["--horizon", "7", "--epochs", "2", "--dim", "8", "--lookback", "14"]
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            line = ["train", "forecasting", "--data", folder / "sales.csv", *options, *places]
            answer = run(line)
        assert answer.exit_code == 0, answer.output
        (folder / "output.txt").write_text(answer.output)

    return shared(tmp_path_factory, "forecasting", train)


@pytest.fixture(scope="module")
def loaded(trained):
    return load_version(trained / "model" / "1")


def ask(loaded, signature, **inputs):
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    return {name: x.numpy() for name, x in loaded.signatures[signature](**tensors).items()}


def test_it_reports_the_model_beside_the_baselines(trained):
    output = (trained / "output.txt").read_text()
    assert "9 series of 180 days, 2024-01-01 to 2024-06-28, outcome count; horizon 7" in output
    assert "5 signatures answer as the live model does" in output
    facts = json.loads((trained / "report" / "metrics.json").read_text())
    assert {"seasonal naive 7", "mean of 28"} <= facts["baselines"].keys()
    own = facts["test"]["metrics"]["RMSSE"]
    naive = facts["baselines"]["seasonal naive 7"]
    assert own["low"] < own["mean"] < naive["metrics"]["RMSSE"]["mean"]
    assert naive["model_minus_baseline"]["RMSSE"]["high"] < 0
    assert len(facts["by_horizon"]["linear-residual"]["RMSSE"]) == 7
    page = (trained / "report" / "report.html").read_text()
    for words in ("the typical series by RMSSE", "By horizon", "Calibration"):
        assert words in page


def test_the_network_is_kept_only_as_far_as_valid_gains(trained):
    facts = json.loads((trained / "report" / "metrics.json").read_text())
    assert 0 <= facts["settings"]["correction of means"] <= 1
    assert facts["settings"]["lookback"] == 14


def test_a_history_of_any_length_is_answered_with_dates(loaded):
    for history in ([[]], [[12.0]], [[np.nan, 3.0]], [list(range(100))]):
        answer = ask(
            loaded,
            "serving_default",
            series_id=["shop 1"],
            history=np.array(history, np.float32).reshape(1, -1),
            start=["2024-02-27"],
        )
        times = [time.decode() for time in answer["time"][0]]
        assert times[:4] == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01"]
        assert np.isfinite(answer["mean"]).all()
        assert (np.diff(answer["quantile"], axis=-1) >= 0).all()
        assert (answer["quantile"] >= 0).all()
        np.testing.assert_allclose(answer["level"], [[0.1, 0.3, 0.5, 0.7, 0.9]])


def test_a_history_of_nothing_is_forecast_by_what_is_usual(loaded):
    known, unknown = (
        ask(
            loaded,
            "serving_default",
            series_id=[name],
            history=np.full((1, 5), np.nan, np.float32),
            start=["2024-07-01"],
        )["mean"].mean()
        for name in ("shop 0", "")
    )
    usual = sales().filter(store_id="shop 0")["sales"].mean()
    assert known == pytest.approx(usual, rel=0.5)
    assert np.isfinite(unknown)


def test_a_request_by_id_follows_the_data(loaded):
    history = sales().filter(store_id="shop 3")["sales"].to_numpy()[None].astype(np.float32)
    by_id = ask(loaded, "from_id", series_id=["shop 3"])
    given = ask(
        loaded, "serving_default", series_id=["shop 3"], history=history, start=["2024-06-29"]
    )
    for name in given:
        if name == "time":
            assert by_id[name].tolist() == given[name].tolist()
        else:
            np.testing.assert_allclose(by_id[name], given[name], rtol=1e-5)


def test_kit_evaluate_measures_what_training_measured(trained):
    answer = run(["evaluate", trained / "model", "--json"])
    assert answer.exit_code == 0, answer.output
    (found,) = json.loads(answer.stdout)["evaluations"]
    facts = json.loads((trained / "report" / "metrics.json").read_text())
    assert found["protocol"] == facts["test"]["protocol"]
    for name, value in found["metrics"].items():
        assert value["mean"] == pytest.approx(facts["test"]["metrics"][name]["mean"], abs=1e-4)


def test_forecasts_of_another_system_are_measured_beside(trained, tmp_path):
    data = kit.open(sales(), kind="series", horizon=7)
    naive = kit.evaluation.seasonal_naive(data, "test")
    rows = [
        {
            "series_id": name,
            "time": data.frequency.texts([data.first + start + ahead])[0],
            "mean": float(naive.mean[series, origin, ahead]),
        }
        for series, name in enumerate(data.series)
        for origin, start in enumerate(data.starts("test"))
        for ahead in range(7)
    ]
    theirs = tmp_path / "theirs.csv"
    pl.DataFrame(rows).write_csv(theirs)
    answer = run(["evaluate", trained / "model", "--against", theirs, "--json"])
    assert answer.exit_code == 0, answer.output
    ours, other = json.loads(answer.stdout)["evaluations"]
    assert other["metrics"]["RMSSE"]["mean"] == pytest.approx(naive.summary()["RMSSE"], abs=1e-5)
    assert other["metrics"]["WQL"]["mean"] is None
    assert ours["metrics"]["RMSSE"]["mean"] < other["metrics"]["RMSSE"]["mean"]
    assert "linear-residual minus" in answer.stderr
    pl.DataFrame(rows[:-1]).write_csv(theirs)
    answer = run(["evaluate", trained / "model", "--against", theirs])
    assert answer.exit_code == 2
    assert "1 of 189 forecasts are missing, the first of series 'shop 8'" in answer.stderr
    pl.DataFrame([*rows, rows[3]]).write_csv(theirs)
    assert "two forecasts" in run(["evaluate", trained / "model", "--against", theirs]).stderr


def test_kit_verify_and_the_card(trained):
    with pytest.MonkeyPatch.context() as patch:
        c_library_only(patch)
        assert all(check.passed for check in verify(trained / "model"))
    card = (trained / "model" / "1" / "assets.extra" / "model_card.md").read_text()
    assert "`from_id`" in card
    assert "seasonal naive 7" in card


def forecast(*line):
    answer = run(["forecast", *line])
    assert answer.exit_code == 0, answer.output
    return list(csv.DictReader(io.StringIO(answer.stdout)))


def test_kit_forecast_writes_a_row_for_each_series_and_step(trained, tmp_path):
    rows = forecast(trained / "model")
    assert len(rows) == SERIES * 7
    assert rows[0].keys() == {"series_id", "time", "mean", "q0.1", "q0.3", "q0.5", "q0.7", "q0.9"}
    assert (rows[0]["series_id"], rows[0]["time"]) == ("shop 0", "2024-06-29")
    recent = tmp_path / "recent.csv"
    sales(STEPS - 20).filter(pl.col("store_id") != "shop 4").write_csv(recent)
    again = forecast(trained / "model", "--history", recent, "--series", "shop 8")
    assert [row["time"] for row in again] == [row["time"] for row in rows[:7]]
    assert again == rows[-7:]
    out = tmp_path / "out.parquet"
    assert run(["forecast", trained / "model", "--output", out]).exit_code == 0
    assert len(pl.read_parquet(out)) == SERIES * 7


def test_an_unknown_series_needs_a_history(trained):
    answer = run(["forecast", trained / "model", "--series", "shop 99"])
    assert answer.exit_code == 2
    assert "There is no series 'shop 99'." in answer.stderr
    history = pl.DataFrame(
        {
            "store_id": ["new"] * 3,
            "date": ["2024-07-01", "2024-07-02", "2024-07-03"],
            "sales": [4, 5, 6],
        }
    )
    found = kit.load(trained / "model").forecast(history)
    assert found["series_id"].unique().to_list() == ["new"]
    assert found["time"][0] == "2024-07-04"
    with pytest.raises(UserError, match="No value is left"):
        kit.load(trained / "model").forecast(history.with_columns(sales=pl.lit(None)))


@pytest.mark.slow
def test_the_same_from_python(tmp_path):
    data = kit.open(sales(), kind="series", horizon=7)
    model = kit.models.Forecaster.for_dataset(data, encoder="none", lookback=14)
    trained = kit.fit(model, data, quiet=True)
    assert len(trained.history) == 1
    result = kit.evaluate(model, data)
    assert result.metrics["RMSSE"] < result.baselines["seasonal naive 7"]["RMSSE"]
    with pytest.MonkeyPatch.context() as patch:
        c_library_only(patch)
        folder = kit.export(model, data, tmp_path / "model", result=result)
    assert kit.load(folder).forecast(series="shop 2").height == 7


def test_values_that_the_past_does_not_explain_are_found(trained, loaded, tmp_path):
    table = sales().with_row_index()
    strange = (table["store_id"] == "shop 4") & (table["date"] == FIRST + timedelta(days=150))
    table = table.with_columns(sales=pl.when(strange).then(900).otherwise("sales")).drop("index")
    table.write_csv(tmp_path / "recent.csv")
    answer = run(["anomalies", trained / "model", "--history", tmp_path / "recent.csv"])
    assert answer.exit_code == 0, answer.output
    found = list(csv.DictReader(io.StringIO(answer.stdout)))
    row = next(row for row in found if row["series_id"] == "shop 4")
    assert (row["time"], row["value"]) == ("2024-05-30", "900.0")
    assert float(row["high"]) < 900
    assert float(row["probability"]) < 0.001
    assert float(row["score"]) == pytest.approx(-np.log10(float(row["probability"])), abs=0.01)
    assert len(found) < 30
    assert "anomalies: " in answer.stderr

    whole = kit.load(trained / "model").anomalies(table, last=20, rate=None)
    assert len(whole) == 20 * SERIES
    # Missing values are not unusual.
    request = {
        "series_id": ["shop 1"],
        "history": np.full((1, 3), 20, np.float32),
        "start": ["2024-07-01"],
        "value": np.full((1, 7), np.nan, np.float32),
    }
    assert (ask(loaded, "anomaly", **request)["probability"] == 1).all()


def test_detection_is_measured_on_planted_anomalies_and_on_labels(trained, tmp_path):
    line = ["anomalies", trained / "model", "--last", "60"]
    answer = run([*line, "--planted", "0.02"])
    assert answer.exit_code == 0, answer.output
    rows = {row.rsplit(None, 4)[0].strip(): row.split()[-4:] for row in answer.stdout.splitlines()}
    assert float(rows["linear-residual"][3]) > 5 * float(rows["random"][3])
    (tmp_path / "labels.csv").write_text("series_id,time\nshop 2,2024-06-20\n")
    answer = run([*line, "--labels", tmp_path / "labels.csv"])
    assert answer.exit_code == 0, answer.output
    assert "no point adjustment" in answer.stdout
    (tmp_path / "labels.csv").write_text("series_id,time\nshop 2,2020-06-20\n")
    answer = run([*line, "--labels", tmp_path / "labels.csv"])
    assert answer.exit_code == 2
    assert "None of the labels" in answer.stderr


def test_a_history_that_is_too_short_is_not_judged(trained, tmp_path):
    sales(0, 5).write_csv(tmp_path / "short.csv")
    answer = run(["anomalies", trained / "model", "--history", tmp_path / "short.csv"])
    assert answer.exit_code == 2
    assert "too few to judge" in answer.stderr


def test_orders_cover_demand_as_often_as_costs_and_price_say(trained, tmp_path):
    found = {}
    for cost in ("2", "9"):
        file = tmp_path / f"{cost}.csv"
        words = ["--cost", cost, "--price", "10", "--steps", "5", "--output", file]
        answer = run(["order", trained / "model", *words])
        assert answer.exit_code == 0, answer.output
        assert "orders for 5 days from 3 origins of test cost" in answer.stderr
        found[cost] = pl.read_csv(file)
    assert found["2"]["series_id"].to_list() == NAMES
    assert (found["2"]["up_to"] > found["9"]["up_to"]).all()
    assert (found["2"]["up_to"] % 1 == 0).all(), "of counts, whole units"
    expected = kit.load(trained / "model").forecast()
    first = expected.filter(series_id="shop 0")["mean"][:5].sum()
    assert found["2"]["expected"][0] == pytest.approx(first, rel=1e-3)

    stock = pl.DataFrame({"series_id": NAMES, "stock": [10_000.0, *[0.0] * (SERIES - 1)]})
    stock.write_csv(tmp_path / "stock.csv")
    terms = pl.DataFrame({"series_id": NAMES, "cost": 2.0, "price": 10.0})
    terms.write_csv(tmp_path / "terms.csv")
    words = ["--terms", tmp_path / "terms.csv", "--steps", "5", "--stock", tmp_path / "stock.csv"]
    answer = run(["order", trained / "model", *words])
    assert answer.exit_code == 0, answer.output
    orders = pl.read_csv(io.StringIO(answer.stdout))
    assert orders["order"][0] == 0
    assert orders["up_to"].to_list() == found["2"]["up_to"].to_list()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Give --cost and --price"),
        (["--cost", "10", "--price", "10"], "No order pays"),
        (["--cost", "3", "--price", "10", "--salvage", "4"], "No order pays"),
        (["--cost", "3", "--price", "10", "--steps", "8"], "needs forecasts that far ahead"),
        (["--terms", "terms.csv"], "There is no column 'price'"),
        (["--cost", "3", "--price", "10", "--stock", "stock.csv"], "is below 0"),
        (["--cost", "3", "--price", "10", "--stock", "twice.csv"], "has several rows"),
    ],
)
def test_orders_that_make_no_sense_are_refused(trained, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "terms.csv").write_text("series_id,cost\nshop 0,3\n")
    (tmp_path / "stock.csv").write_text("series_id,stock\nshop 0,-3\n")
    (tmp_path / "twice.csv").write_text("series_id,stock\nshop 0,3\nshop 0,4\n")
    answer = run(["order", trained / "model", *words])
    assert answer.exit_code == 2
    assert said in answer.stderr
