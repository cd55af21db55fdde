import json
import math

import numpy as np
import pytest

from kit.data import CleaningStep
from kit.evaluation import evaluate, item_knn, popular, ranking_task
from kit.metrics import Estimate, bootstrap_interval
from kit.report import as_json, examples, numbers_of
from kit.report._ranking_numbers import data_facts
from tests.evaluation.small import random_dataset, shop, small_report


def test_the_headline_is_ndcg_at_10_or_else_the_first_metric():
    report = small_report()
    assert report.headline_metric == "NDCG@10"
    other = evaluate(report.test_task, popular(report.dataset), ks=[5])
    assert small_report(test=other).headline_metric == "NDCG@5"


def test_the_metric_on_valid_is_found_in_the_history():
    assert small_report().valid_metric == "valid NDCG@10"
    assert small_report(history=[{"epoch": 1, "loss": 2.0}]).valid_metric is None
    assert small_report(history=[]).valid_metric is None


def test_estimates_are_means_with_the_bootstrap_intervals_of_the_metrics():
    report = small_report()
    numbers = numbers_of(report)
    for estimates, evaluation in (
        (numbers.test, report.test),
        (numbers.valid, report.valid),
        (numbers.baselines["popular"], report.baselines["popular"]),
    ):
        for metric, values in evaluation.per_user.items():
            found = estimates[metric]
            assert found.mean == pytest.approx(values.mean())
            assert (found.low, found.high) == pytest.approx(bootstrap_interval(values))
        assert estimates["Coverage@10"].mean == evaluation.coverage["Coverage@10"]


def test_differences_are_paired_and_model_minus_baseline():
    report = small_report()
    paired = report.test.per_user["NDCG@10"] - report.baselines["popular"].per_user["NDCG@10"]
    found = numbers_of(report).differences["popular"]["NDCG@10"]
    assert found.mean == pytest.approx(paired.mean())
    assert (found.low, found.high) == pytest.approx(bootstrap_interval(paired))
    assert "Coverage@10" not in numbers_of(report).differences["popular"]


@pytest.mark.parametrize(
    ("low", "high", "outside"),
    [(0.01, 0.02, True), (-0.02, -0.01, True), (-0.01, 0.01, False), (math.nan, math.nan, False)],
)
def test_outside_chance(low, high, outside):
    assert Estimate(0.0, low, high).outside_chance is outside


def test_the_best_baseline():
    report = small_report()
    both = {"popular": report.baselines["popular"], "ItemKNN": report.test}
    assert numbers_of(small_report(baselines=both)).best_baseline("NDCG@10") == "ItemKNN"
    assert numbers_of(small_report(baselines={})).best_baseline("NDCG@10") is None


def test_a_baseline_on_another_task_is_an_error():
    report = small_report()
    other = evaluate(report.test_task, popular(report.dataset), ks=[5])
    with pytest.raises(ValueError, match="Evaluate popular on the test task"):
        numbers_of(small_report(baselines={"popular": other}))


def test_the_json_holds_everything_and_no_nan():
    report = small_report()
    facts = as_json(report, numbers_of(report))
    json.dumps(facts, allow_nan=False)
    assert facts["test"]["metrics"]["NDCG@10"].keys() == {"mean", "low", "high"}
    assert facts["test"]["metrics"]["Coverage@10"].keys() == {"mean"}
    assert facts["test"]["protocol"] == report.test_task.protocol
    assert facts["test"]["counts"] == report.test_task.counts
    popular_ones = facts["baselines"]["popular"]
    assert popular_ones["model_minus_baseline"]["NDCG@10"]["mean"] == pytest.approx(
        facts["test"]["metrics"]["NDCG@10"]["mean"] - popular_ones["metrics"]["NDCG@10"]["mean"]
    )
    assert facts["baselines_left_out"] == {"EASE": "too many items"}
    # Nobody is cold in these data.
    assert facts["cold_users"]["metrics"]["NDCG@10"]["mean"] is None
    assert facts["settings"]["loss"]["kind"] == "auto"
    assert facts["settings"]["split"] is None
    assert facts["versions"].keys() == {
        "python",
        "kit",
        "tensorflow",
        "keras",
        "numpy",
        "polars",
    }


def test_facts_of_the_data():
    cleaning = (
        CleaningStep("rows without time", 5),
        CleaningStep("rows of no quantity", 2),
        CleaningStep("rows of items.csv without item", 100, of_log=False),
    )
    facts = data_facts(shop(cleaning=cleaning))
    assert facts["rows"] == 7 + 5 + 7
    # Rows of a table of features are no interactions.
    assert facts["rows_read"] == facts["rows"] + 7
    assert facts["rows_of_part"] == {"train": 7, "valid": 5, "test": 7}
    assert (facts["users"], facts["users_in_train"]) == (4, 3)
    assert (facts["items"], facts["items_in_train"]) == (6, 5)
    assert facts["cold"]["test_rows_of_cold_users"] == 2
    # Of the 19 rows three repeat a pair of user and item.
    assert facts["density"] == pytest.approx(16 / (4 * 6))


def test_numpy_values_become_plain_ones():
    report = small_report(settings={"rate": np.float32(0.5), "sizes": np.arange(2), "bad": np.nan})
    facts = as_json(report, numbers_of(report))
    assert facts["settings"] == {"rate": 0.5, "sizes": [0, 1], "bad": None}


def made(**options):
    data = random_dataset()
    task = ranking_task(data, "test")
    result = evaluate(task, item_knn(data))
    first_two = lambda history, items: [range(2)] * len(items)  # noqa: E731
    return examples(data, task, result, first_two, **options), task, result


def test_examples_are_titles_of_lists_and_histories():
    found, task, result = made()
    assert len(found) == 3
    for example in found:
        titles = [title for title, _, _ in example.recommended]
        rows = [
            row
            for row in range(len(task.users))
            if [f"<b>Title & {item}</b>" for item in result.top[row, :5]] == titles
        ]
        assert rows
        owned = task.known.take(np.array(rows[:1])).items
        assert example.because_of == [f"<b>Title & {item}</b>" for item in owned[::-1][:5]]
        for title, _, reasons in example.recommended:
            assert len(reasons) == 2
            assert set(reasons) <= {f"<b>Title & {item}</b>" for item in owned}
            assert title not in reasons
        scores = [score for _, score, _ in example.recommended]
        assert scores == sorted(scores, reverse=True)


def test_the_seed_decides_who_is_shown():
    assert made(seed=1)[0] == made(seed=1)[0] != made(seed=2)[0]
