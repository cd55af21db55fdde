import json

import numpy as np
import polars as pl
import pytest

import kit
from tests.exporting.parts import c_library_only
from tests.recipes.test_forecasting import run, sales

NAMES = {"dlinear": "DLinear", "patchtst": "PatchTST", "nhits": "NHiTS"}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_published_network_goes_through_the_whole_pipeline(name, tmp_path):
    sales().write_csv(tmp_path / "sales.csv")
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    options = f"--model {name} --horizon 7 --epochs 2 --dim 8 --lookback 28"
    with pytest.MonkeyPatch.context() as patch:
        c_library_only(patch)
        line = ["train", "forecasting", "--data", tmp_path / "sales.csv", *options.split()]
        answer = run([*line, *places])
    assert answer.exit_code == 0, answer.output
    assert "5 signatures answer as the live model does" in answer.output
    facts = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert facts["model"] == name
    assert facts["settings"]["lookback"] == 28
    assert 0.6 < facts["valid"]["metrics"]["coverage of 80 %"]["mean"] < 0.95
    answer = run(["evaluate", tmp_path / "model", "--json"])
    (found,) = json.loads(answer.stdout)["evaluations"]
    own = facts["test"]["metrics"]["RMSSE"]["mean"]
    assert found["metrics"]["RMSSE"]["mean"] == pytest.approx(own, abs=1e-4)
    forecast = kit.load(tmp_path / "model").forecast(why=True)
    parts = forecast.select(pl.col("^why .*$")).sum_horizontal()
    np.testing.assert_allclose(parts, forecast["mean"], rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES.values())
def test_the_same_from_python(name):
    data = kit.open(sales(), kind="series", horizon=7)
    model = getattr(kit.models, name).for_dataset(data, dim=8, lookback=28)
    trained = kit.fit(model, data, epochs=2, quiet=True)
    assert len(trained.history) == 2
    result = kit.evaluate(model, data)
    assert name.lower() in repr(result)
    assert np.isfinite(result.metrics["WQL"])
