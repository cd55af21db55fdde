import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from kit.evaluation._classification_page import classification_page
from kit.evaluation._classification_report import classification_facts
from tests.evaluation.clicks import clicks, small_report


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
