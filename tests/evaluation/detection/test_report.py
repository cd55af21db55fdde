import json

import pytest

from kit.evaluation.detection._report import Counts, detection_facts, protocol_of
from tests.evaluation.detection.cells import report


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
    protocol = protocol_of(report().data, "test")
    assert protocol.startswith("test, 6 images with 12 boxes of 2 classes; split random;")
    assert facts["test"]["protocol"] == protocol


def test_examples_are_different_images():
    chosen = report().examples()
    shown = [number for numbers in chosen.values() for number in numbers]
    assert len(set(shown)) == len(shown) == 6
    assert [len(numbers) for numbers in chosen.values()] == [3, 3, 0]
