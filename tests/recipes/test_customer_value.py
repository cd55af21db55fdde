import json
import shutil
import warnings

import numpy as np
import polars as pl
import pytest
import tensorflow as tf
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError
from kit.exporting import files_with, forget
from kit.exports import load_version, verify
from tests.conftest import shared
from tests.data.purchases.logs import purchases
from tests.exporting.parts import c_library_only

DAY = 86_400
SMALL = ["--horizon", "40", "--epochs", "2", "--dim", "8", "--length", "16", "--encoder", "none"]


def run(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(word) for word in line])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    def train(folder):
        log = purchases()
        back = log.head(9).with_columns(amount=-pl.col("amount") / 2)
        pl.concat([log, back]).write_csv(folder / "log.csv")
        places = ["--output", folder / "model", "--report", folder / "report"]
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            line = ["train", "customer-value", "--data", folder / "log.csv", *SMALL, *places]
            answer = run([*line, "--amount-column", "amount"])
        assert answer.exit_code == 0, answer.output
        (folder / "output.txt").write_text(answer.output)

    return shared(tmp_path_factory, "customer-value", train)


@pytest.fixture(scope="module")
def facts(trained):
    return json.loads((trained / "report" / "metrics.json").read_text())


@pytest.fixture(scope="module")
def loaded(trained):
    return load_version(trained / "model" / "1")


def ask(loaded, amount, time, asked):
    answer = loaded.signatures["from_history"](
        amount=tf.constant(amount, tf.float32),
        time=tf.constant(time, tf.int64),
        asked_at=tf.constant(asked, tf.int64),
    )
    return {name: x.numpy() for name, x in answer.items()}


def test_it_reports_the_model_beside_the_baselines(trained, facts):
    output = (trained / "output.txt").read_text()
    assert "300 customers, " in output
    assert "9 refunds (negative amounts), " in output
    assert "season:    unknown: a year before, the log holds 0 of the 40 days of test" in output
    assert "2 signatures answer as the live model does" in output
    assert list(facts["baselines"]) == [
        "spend rate x 40 days",
        "last 40 days",
        "BG/NBD + Gamma-Gamma",
    ]
    own = facts["test"]["metrics"]["normalised Gini"]
    assert 0.4 < own["low"] < own["mean"] < own["high"] < 1
    assert (
        "low"
        in facts["baselines"]["BG/NBD + Gamma-Gamma"]["model_minus_baseline"]["normalised Gini"]
    )
    assert facts["valid"]["metrics"]["total"]["mean"] == pytest.approx(1, abs=1e-3)
    page = (trained / "report" / "report.html").read_text()
    for words in ("Season", "Calibration", "cannot be known", "probability to be alive"):
        assert words in page


def test_kit_evaluate_measures_what_training_measured(trained, facts):
    answer = run(["evaluate", trained / "model", "--json"])
    assert answer.exit_code == 0, answer.output
    (found,) = json.loads(answer.stdout)["evaluations"]
    assert found["protocol"] == facts["test"]["protocol"]
    for name, value in found["metrics"].items():
        assert value["mean"] == pytest.approx(facts["test"]["metrics"][name]["mean"], rel=1e-4)


def test_kit_verify_and_kit_predict(trained):
    with pytest.MonkeyPatch.context() as patch:
        c_library_only(patch)
        assert all(check.passed for check in verify(trained / "model"))
    answer = run(["predict", trained / "model", "--input", "user_id=c007"])
    found = json.loads(answer.stdout)["outputs"]
    assert found.keys() == {"value_mean", "value_low", "value_high", "buys_probability"}
    assert found["value_low"][0] <= found["value_high"][0]


def test_an_unknown_customer_or_no_history_gets_what_is_usual(trained, loaded):
    by_id = kit.load(trained / "model").value(["c003", "nobody"])
    nothing = ask(loaded, [[]], np.zeros((1, 0)), [0])
    for name, values in nothing.items():
        assert by_id[name][1] == pytest.approx(values[0], rel=1e-6)
        assert np.isfinite(values).all()
    assert by_id["value_mean"][1] > 0


def test_a_history_in_any_order_answers_as_by_id(trained, loaded):
    log = pl.read_csv(trained / "log.csv", try_parse_dates=True)
    own = log.filter(customer_id="c003").sample(fraction=1, shuffle=True, seed=0)
    end = log["date"].max().toordinal() - 719_163 + 1
    time = own["date"].dt.epoch("s").to_numpy()[None] + 3600
    found = ask(loaded, own["amount"].to_numpy()[None], time, [end * DAY])
    by_id = kit.load(trained / "model").value("c003")
    for name, values in found.items():
        assert values[0] == pytest.approx(by_id[name][0], rel=1e-4), name


def test_a_log_is_valued_from_python(trained):
    model = kit.load(trained / "model")
    recent = purchases().filter(pl.col("customer_id") < "c020")
    found = model.value(history=recent)
    assert found.height == 20
    assert found["value_mean"].is_sorted(descending=True)
    with pytest.raises(UserError, match="Give one of user and history"):
        model.value()
    with pytest.raises(UserError, match="There is no column 'amount'"):
        model.value(history=recent.drop("amount"))


@pytest.mark.slow
def test_the_same_from_python():
    data = kit.open(purchases(), kind="purchases", horizon=40)
    model = kit.models.CustomerValue.for_dataset(data, encoder="none", dim=8, length=16)
    assert len(kit.fit(model, data, epochs=1, quiet=True).history) == 2
    result = kit.evaluate(model, data)
    assert result.metrics["normalised Gini"] > 0.4
    assert "BG/NBD + Gamma-Gamma" in result.baselines


def test_requests_by_id_are_recorded_of_customers_that_do_not_exist(trained):
    file = trained / "model" / "1" / "assets.extra" / "recorded.json"
    asked = json.loads(file.read_text())["serving_default"]["inputs"]["user_id"]
    assert len(asked) == 4
    assert not {*asked} & {*pl.read_csv(trained / "log.csv")["customer_id"]}


def test_forgotten_customers_are_unknown_and_others_are_not(trained, loaded, tmp_path, monkeypatch):
    c_library_only(monkeypatch)
    shutil.copytree(trained / "model", tmp_path / "model")
    done = forget(tmp_path / "model", ["c003", "c007"])
    assert (done.people, done.unknown) == (2, 0)
    assert files_with(done.version, ["c003", "c007"]) == {}
    customers = pl.read_csv(trained / "log.csv")["customer_id"].unique().sort().to_list()
    before, after = (
        kit.load(folder / "model").value(["nobody", *customers]) for folder in (trained, tmp_path)
    )
    is_gone = pl.col("user_id").is_in(["c003", "c007"])
    assert after.filter(~is_gone).equals(before.filter(~is_gone))
    gone = after.filter(is_gone).drop("user_id")
    assert gone.unique().equals(after.drop("user_id").head(1))


def test_customers_are_left_out_of_training(trained, tmp_path):
    (tmp_path / "gone.txt").write_text("c003\nnobody\n")
    data = kit.open(
        str(trained / "log.csv"), kind="purchases", horizon=40, without_users=tmp_path / "gone.txt"
    )
    assert "c003" not in data.users
    assert "c004" in data.users
    assert "without_users" not in data.options.card()
