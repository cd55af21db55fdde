import pytest
from threadpoolctl import threadpool_limits

from benchmarks.adult_census import COLUMNS, cleaned
from benchmarks.gradient_boosting import boosted
from benchmarks.ranking_results import add, results_table, summary
from kit.metrics import auc
from tests.evaluation.clicks import clicks


def run(seed, auc=0.8):
    metrics = {
        "AUC": {"mean": auc, "low": auc - 0.01, "high": auc + 0.01},
        "log loss": {"mean": 0.5},
        "ECE": {"mean": 0.02},
    }
    return {
        "model": "dcn",
        "test": {"protocol": "test, 10 rows", "metrics": metrics},
        "baselines": {"base rate": {"metrics": metrics}},
        "settings": {"seed": seed},
        "seconds": {"train": 60.0},
    }


def test_the_table_says_what_was_measured():
    boosts = [{"AUC": 0.82, "log loss": 0.4, "ECE": 0.01, "seconds": 3.0}] * 2
    found = summary("somewhere/adult-census", [run(0), run(1, auc=0.81)], boosts)
    assert found["systems"]["dcn"]["auc"]["mean"] == pytest.approx(0.805)
    table = results_table({"adult-census": found})
    assert "| dcn | **0.8050** (0.0071) | 0.5000 | 0.0200 |" in table
    assert "| gradient boosting | 0.8200 (0.0000) |" in table
    assert "base rate" not in table
    assert "- adult-census: test, 10 rows." in table


def test_a_second_model_is_a_line_beside_the_first():
    kept = {}
    add(kept, "adult", summary("adult", [run(0), run(1)], []))
    add(kept, "adult", summary("adult", [run(0, auc=0.7) | {"model": "deepfm"}], []))
    add(kept, "adult", summary("adult", [run(0, auc=0.9)], []))
    systems = kept["adult"]["systems"]
    assert {name: systems[name]["auc"]["mean"] for name in systems} == {
        "dcn": 0.9,
        "base rate": 0.9,
        "deepfm": 0.7,
    }
    assert (kept["adult"]["model"], kept["adult"]["seeds"]) == ("dcn", [0])


def test_boosting_learns_from_train_and_predicts_test(tmp_path):
    data, encoder = clicks(tmp_path / "clicks.csv")
    # For so few rows, threads wait for each other a hundred times as long as they compute.
    with threadpool_limits(1):
        found = boosted(data, encoder, seed=0)
    assert found.probabilities.shape == (len(data.test),)
    assert auc(data.test.labels[:, 0], found.probabilities) > 0.6


def test_adult_is_cleaned(tmp_path):
    row = ", ".join([*map(str, range(14)), ">50K."])
    (tmp_path / "a.csv").write_text(row + "\n\n")
    rows = cleaned(tmp_path / "a.csv")
    assert rows.columns == COLUMNS
    assert rows["income"].to_list() == [">50K"]
    assert rows["workclass"].to_list() == ["1"]
