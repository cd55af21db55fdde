"""The Python of docs/python.md, docs/operations.md, docs/planning.md and others runs."""

import re
import shutil
import sys
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tests.evaluation.clicks import write_clicks
from tests.exporting.parts import passing

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def run(page, namespace=None, replaced=None):
    """Execute the blocks of a page one after the other, with fewer epochs."""
    namespace = {"__name__": page} | (namespace or {})
    for number, code in enumerate(BLOCK.findall((DOCS / page).read_text())):
        quick = re.sub(r"epochs=\d+", "epochs=1", code).replace("limit=2000", "limit=200")
        for old, new in (replaced or {}).items():
            quick = quick.replace(old, new)
        exec(compile(quick, f"{page}, block {number + 1}", "exec"), namespace)
    return namespace


@pytest.fixture
def here(tmp_path, shop, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pl.read_csv(shop[0])
    frame.with_columns(pl.col("user_id").replace({"shopper-000": "42"})).write_csv(
        "interactions.csv"
    )
    Path("products.csv").write_text(shop[1].read_text())
    write_clicks(tmp_path / "clicks.csv")
    return tmp_path


@pytest.mark.slow
def test_the_page_on_python_runs(here):
    names = run("python.md")
    assert names["kit"].load("saved_models/two-tower").recommend(user="42", k=10).height == 10
    assert (here / "reports" / "two-tower" / "report.html").is_file()


@pytest.mark.slow
def test_the_page_on_retraining_runs(here):
    names = run("retraining.md")
    assert names["found"].problems[0].startswith("rows: no row is later than ")
    assert names["model"].started.known[0].new == 0
    assert (here / "saved_models" / "two-tower" / "2").is_dir()


@pytest.mark.slow
def test_the_example_of_customer_value_runs(here):
    values = run("customer-value.md")["values"]
    assert values["user_id"].to_list() == ["42", "43"]
    assert (values["value_mean"] > 0).all()


@pytest.mark.slow
def test_the_page_on_forecasting_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 6, 1), eager=True)
    shops = [
        pl.DataFrame({"date": days, "sales": rng.poisson(9 + n, len(days))}).with_columns(
            shop=pl.lit(f"shop {n}"), region=pl.lit("ns"[n % 2])
        )
        for n in range(6)
    ]
    pl.concat(shops).write_csv("shops.csv")
    forecast = run("forecasting.md")["forecast"]
    assert forecast["level"].unique(maintain_order=True).to_list() == ["total", "region", "series"]


@pytest.mark.slow
def test_the_example_of_uplift_runs(here):
    names = run("uplift.md")
    assert 0.25 < names["value"].summary()["SNIPS"] < 0.33
    assert names["found"].columns[:2] == ["uplift coupon", "uplift mail"]
    assert names["result"].metrics["value, doubly robust"] > 0.15


@pytest.mark.slow
def test_the_page_on_analysis_runs(here):
    names = run("analysis.md")
    assert len(names["found"].table) == 6
    found = {name for columns in names["of_value"].table["columns"] for name in columns}
    assert found == {"recency", "rhythm", "amounts"}
    assert len(names["segments"].table) == len(names["by_rfm"].table) == 2
    assert names["by_user"]["segment"] == names["segments"].users["segment"][0]
    assert names["by_history"]["segment"] in (1, 2)
    assert names["retention"].sizes.sum() == 150
    assert names["html"].startswith("<!DOCTYPE html>")
    assert len(pl.read_csv(here / "segments.csv")) == 150


def test_the_page_on_forgetting_runs(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kit.exports.verify", passing)
    shutil.copytree(trained.model, "saved_models/two-tower")
    names = run("privacy.md", replaced={'"42"': '"shopper-000"'})
    assert names["of_them"] in names["proof"]["keyed_hashes"]


def test_the_page_on_signing_runs(trained, tmp_path, monkeypatch):
    pytest.importorskip("model_signing", reason="the extra signing")
    from tests.exports.test_signing import write_keys

    monkeypatch.chdir(tmp_path)
    for file, name in zip(write_keys(tmp_path, "own"), ("key.pem", "pub.pem"), strict=True):
        file.rename(name)
    shutil.copytree(trained.model, "saved_models/two-tower")
    assert run("signing.md")["problem"] == ""


@pytest.mark.slow
def test_the_page_on_robustness_runs(here):
    names = run("robustness.md")
    accuracies = {name: one.mean for name, one in names["found"].accuracies.items()}
    assert accuracies["PGD-20 8/255"] <= accuracies["FGSM 2/255"] <= accuracies["unchanged"]
    assert 0 < np.abs(names["attacked"].astype(int) - names["pixels"]).max() <= 2


@pytest.mark.slow
def test_the_page_on_operations_runs(here, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    names = run("operations.md")
    assert names["found"].verdict in ("better", "worse", "no clear difference")
    assert names["kit"].exports.live_version(names["shop"]).name == "1"
    assert names["frame"].columns == ["user_id", "rank", "item_id", "name", "score"]


@pytest.mark.slow
def test_the_page_on_planning_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kit.exports.verify", passing)
    results = {result.policy: result for result in run("planning.md")["plan"].results}
    assert results["refreshed prices"].gain > 0


@pytest.mark.slow
def test_the_page_on_extending_runs(here):
    names = run("extending.md")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        line = "--data fashion-mnist-part --limit 200 --epochs 1 --width 4"
        answer = CliRunner().invoke(names["main"], line.split())
    assert answer.exit_code == 0, answer.output
    assert (here / "saved_models" / "small-images" / "1" / "saved_model.pb").is_file()


@pytest.mark.slow
def test_the_example_of_a_task_runs(here, monkeypatch):
    from kit.cli import main
    from kit.tasks import TASKS

    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    frame = pl.DataFrame(x, schema=["a", "b", "c"])
    frame.with_columns(price=x[:, 0] * 2 - x[:, 1]).write_csv("houses.csv")
    spec = spec_from_file_location("regression", DOCS / "examples" / "regression.py")
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "regression", module)
    spec.loader.exec_module(module)
    runner = CliRunner()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for command, line in (
            (module.main, "--data houses.csv --target price --epochs 20"),
            (main, "evaluate saved_models/regression"),
            (main, "verify saved_models/regression"),
        ):
            answer = runner.invoke(command, line.split())
            assert answer.exit_code == 0, answer.output
    del TASKS["regression"]


def test_the_example_of_differential_privacy_runs():
    names = run("differential-privacy.md")
    assert names["weights"][names["same"]].sum() > names["weights"][~names["same"]].sum()
    assert names["audit"].passed
