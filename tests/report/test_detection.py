import json
import re

import pytest

from kit.report import Counts, detection_facts, detection_protocol, detection_report
from tests.evaluation.cells import report


def test_counts_are_of_what_is_believed():
    told = report()
    assert told.least_score == pytest.approx(0.9)
    assert told.counts == {"bright": Counts(6, 6, 0), "dark": Counts(6, 0, 0)}
    assert told.on_test.of_class["bright"][1] == pytest.approx(1)
    assert told.on_test.at_half == pytest.approx(0.5)


def test_facts_are_json_and_have_their_protocol():
    facts = detection_facts(report())
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["test"]["metrics"]["mAP50"]["mean"] == pytest.approx(0.5)
    assert facts["test"]["metrics"]["mAP large"]["mean"] is None
    assert facts["data"]["boxes_of_part"] == {"train": 12, "valid": 12, "test": 12}
    assert facts["data"]["repairs"] == ["1 boxes dropped: a.xml"]
    protocol = detection_protocol(report().data, "test")
    assert protocol.startswith("test, 6 images with 12 boxes of 2 classes; split random;")
    assert facts["test"]["protocol"] == protocol


def test_examples_are_different_images():
    chosen = report().examples()
    shown = [number for numbers in chosen.values() for number in numbers]
    assert len(set(shown)) == len(shown) == 6
    assert [len(numbers) for numbers in chosen.values()] == [3, 3, 0]


def test_the_page_tells_it_all_and_needs_nothing_else(tmp_path):
    made = detection_report(report())
    made.save(tmp_path)
    facts = made.facts
    assert json.loads((tmp_path / "metrics.json").read_text()) == facts
    page = (tmp_path / "report.html").read_text()
    text = re.sub(r"<[^>]+>", " ", page)
    for words in (
        ".5000 mAP50 on test",
        "it detects 6 of 12 objects; 100% of its boxes are correct",
        "0 are false positives",
        "1 boxes dropped: a.xml",
        "Precision and recall",
        "kit train object-detection --data cells",
    ):
        assert words in re.sub(r"\s+", " ", text), words
    assert page.count("data:image/jpeg;base64,") == 6
    assert not re.search(r'(src|href)="https?:', page)
    assert (tmp_path / "history.csv").read_text().startswith("epoch,loss")
