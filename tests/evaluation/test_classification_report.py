import json

from kit.evaluation import classification_report
from tests.evaluation.clicks import clicks, small_report


def test_what_metrics_json_holds(tmp_path):
    data, encoder = clicks(tmp_path / "clicks.csv", "click", "buy")
    report = classification_report(small_report(data, encoder))
    report.save(tmp_path / "report")
    facts = report.facts
    assert json.loads((tmp_path / "report" / "metrics.json").read_text()) == facts
    assert (tmp_path / "report" / "history.csv").read_text().startswith("epoch,seconds,loss,")
    test = facts["test"]
    assert test["protocol"].startswith("test, 60 rows; split random: 80/10/10 % of the rows, seed")
    assert "of click positive" in test["protocol"]
    assert "values of user_id, weighted by rows" in test["protocol"]
    assert test["metrics"]["AUC of click"].keys() == {"mean", "low", "high"}
    assert test["metrics"]["ECE of buy"].keys() == {"mean"}
    baseline = facts["baselines"]["base rate"]
    assert baseline["metrics"]["AUC of buy"]["mean"] == 0.5
    assert baseline["model_minus_baseline"].keys() == test["metrics"].keys()
    told = facts["data"]
    assert told["rows_of_part"] == {"train": 480, "valid": 60, "test": 60}
    assert told["positive_value"] == {"click": "1", "buy": "1"}
    assert [f["kind"] for f in told["features"]] == [
        "id",
        "id",
        "number",
        "category",
        "list",
        "text",
    ]
    assert facts["settings"] == {"dim": 8, "label": ["click"]}
