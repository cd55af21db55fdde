import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from kit.evaluation import Classification
from kit.report import (
    classification_facts,
    classification_page,
    classification_report,
    reliability_figure,
    scores_figure,
)
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


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return small_report(*clicks(tmp_path_factory.mktemp("page") / "clicks.csv"))


@pytest.fixture(scope="module")
def page(report):
    return classification_page(report, classification_facts(report))


def test_the_page_needs_nothing_else(page):
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "@import" not in page
    assert "url(http" not in page


def test_every_element_is_closed(page):
    open_elements = []
    empty = {"meta", "br", "path", "use", "line", "rect", "circle"}

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag not in empty:
                open_elements.append(tag)

        def handle_endtag(self, tag):
            if tag not in empty:
                assert open_elements.pop() == tag

    Reader().feed(page)
    assert open_elements == []


def test_it_says_what_was_found_and_how(report, page):
    value = report.test.summary()["AUC"]
    assert f'<div class="number">{value:.4f}'.replace("0.", ".") in page
    assert "The best baseline, base rate, reaches .5000" in page
    assert "<b>significant</b>" in page
    assert "kit train ranking --data &#x27;a &amp; b.csv&#x27;" in page
    assert page.count("<svg") == 4
    for words in (
        "Calibration",
        "price (EUR)",
        "ECE in 20 bins",
        "Settings",
    ):
        assert words in page


def test_fewer_mistakes_are_better(report, page):
    better = report.test.minus(report.baselines["base rate"])["log loss"]
    assert better.high < 0
    row = re.search(r"minus each baseline.*?log loss</th>(<td.*?>)", page, flags=re.DOTALL)
    assert row is not None
    assert row[1] == '<td class="better">'


def test_a_worse_model_is_called_so(report):
    swapped = replace(report, test=report.baselines["base rate"], baselines={"linear": report.test})
    page = classification_page(swapped, classification_facts(swapped))
    assert "dcn is <b>worse</b>" in page


def test_several_labels_have_a_image_each(tmp_path):
    report = small_report(*clicks(tmp_path / "clicks.csv", "click", "buy"))
    page = classification_page(report, classification_facts(report))
    assert page.count("<svg") == 6
    assert "AUC of buy" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def found(base, rows=400):
    rng = np.random.default_rng(0)
    logits = rng.normal(base, 1, rows)
    labels = (rng.random(rows) < 1 / (1 + np.exp(-logits))).astype(float)
    return Classification(labels, 1 / (1 + np.exp(-logits)), None)


def texts(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


@pytest.mark.parametrize(("base", "last"), [(0, "1.00"), (-5, ".0")])
def test_the_scale_reaches_as_far_as_the_probabilities(base, last):
    one = found(base)
    for svg in (reliability_figure(one), scores_figure(one)):
        words = texts(svg)
        assert any(word.startswith(last) for word in words)
        assert ("1.00" in words) == (base == 0)


def test_the_classes_are_named():
    assert {"positives", "negatives"} <= set(texts(scores_figure(found(0))))


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_one_probability_for_all(value):
    one = Classification(np.array([0.0, 1.0]), np.full(2, value), None)
    assert reliability_figure(one)
    assert scores_figure(one)
