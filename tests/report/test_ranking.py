import re
from html.parser import HTMLParser

import numpy as np
import pytest

from kit.evaluation import Evaluation, evaluate, ranking_task
from kit.report import RankingReport, as_json, numbers_of, ranking_headline, report_page
from tests.evaluation.small import dataset, small_report

VOID = {"meta", "br", "path", "use", "rect"}


class Balanced(HTMLParser):
    """Collects tags and texts; fails on an end that does not belong to the last start."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def page_of(report: RankingReport) -> str:
    numbers = numbers_of(report)
    return report_page(report, numbers, as_json(report, numbers))


def read(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def page():
    return page_of(small_report())


def shifted(evaluation: Evaluation, by: float) -> Evaluation:
    per_user = {metric: values + by for metric, values in evaluation.per_user.items()}
    return Evaluation(
        per_user, evaluation.coverage, evaluation.novelty, evaluation.top, evaluation.scores
    )


def said(by: float | None) -> str:
    """The headline where the baseline is the model, moved for everybody."""
    report = small_report()
    baselines = {} if by is None else {"rival": shifted(report.test, by)}
    report = small_report(baselines=baselines)
    return re.sub("<[^>]*>", "", ranking_headline(report, numbers_of(report)))


def test_the_page_is_whole_and_needs_nothing_else(page):
    parser = read(page)
    assert page.startswith("<!DOCTYPE html>")
    names = [tag for tag, _ in parser.tags]
    assert names.count("svg") == 3
    assert not {"script", "link", "img", "iframe"} & set(names)
    assert not [a for _, attributes in parser.tags for a in attributes if a == "src"]
    assert "@import" not in page
    assert "url(http" not in page
    links = [attributes.get("href", "#") for _, attributes in parser.tags]
    assert all(link.startswith("#") for link in links)


def test_it_has_every_section(page):
    headings = re.findall("<h2>(.*?)</h2>", page)
    assert headings == [
        "Comparison with baselines",
        "Training",
        "The long tail",
        "Examples",
        "New users and new items",
        "Data",
        "How the numbers were measured",
        "How to reproduce",
    ]


def test_nobody_can_be_recognised(page):
    report = small_report()
    assert not any(user in page for user in report.dataset.user_ids)


def test_titles_commands_and_licences_are_escaped(page):
    assert "New &amp; &lt;new&gt;" in page
    assert "&lt;i&gt;Old&lt;/i&gt;" in page
    assert "kit train two-tower --data &#x27;a &amp; b.csv&#x27;" in page
    assert "Made by &lt;hand&gt;." in page
    assert "<i>" not in page


def test_numbers_have_four_places_and_their_intervals(page):
    report = small_report()
    mean = f"{report.test.mean('NDCG@10'):.4f}".lstrip("0")
    low, high = (f"{end:.4f}".lstrip("0") for end in report.test.intervals()["NDCG@10"])
    assert f'<td class="model">{mean}<small>{low} to {high}</small></td>' in page


def test_what_was_left_out_and_what_was_dropped_is_said(page):
    assert "Left out: EASE (too many items)." in page
    text = " ".join(read(page).text)
    assert "exact duplicate rows" in text
    assert small_report().test_task.protocol in text


def test_the_headline_says_that_a_difference_is_significant():
    text = said(-0.05)
    assert "the difference of +.0500 is significant" in text
    assert "The best baseline, rival, reaches" in text


def test_the_headline_says_plainly_that_the_model_is_worse():
    assert "two-tower is worse: the difference of \N{MINUS SIGN}.0500 is significant" in said(0.05)


def test_the_headline_says_when_neither_can_be_called_better():
    assert "is not significant" in said(0.0)


def test_the_headline_without_a_baseline():
    assert "No baseline was run" in said(None)


def test_optional_parts_may_be_missing():
    read(page_of(small_report(history=[], examples=[], baselines={}, left_out={}, cold_users=None)))


def test_a_metric_that_was_never_measured_leaves_the_loss():
    page = page_of(small_report(history=[{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]))
    assert "training loss" in page
    assert "best epoch on valid" not in page


def test_a_test_part_in_which_nobody_can_be_ranked():
    data = dataset([(0, 0), (1, 1)], [], [(2, 0)], num_users=2, num_items=2)
    task, valid_task = ranking_task(data, "test"), ranking_task(data, "valid")

    def nothing(users, known):
        return np.zeros([len(users), 2], np.float32)

    report = small_report(
        dataset=data,
        test_task=task,
        test=evaluate(task, nothing),
        valid_task=valid_task,
        valid=evaluate(valid_task, nothing),
        baselines={"popular": evaluate(task, nothing)},
        cold_users=None,
    )
    page = page_of(report)
    read(page)
    assert "No user of test could be evaluated" in page
    assert "nan" not in page.lower().replace("financ", "")
