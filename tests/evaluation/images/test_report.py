import json

import numpy as np
import pytest

from kit.evaluation.images import image_protocol


def test_the_facts_are_those_of_the_predictions(written):
    folder, report, facts = written
    assert json.loads((folder / "metrics.json").read_text()) == facts
    accuracy = facts["test"]["metrics"]["accuracy"]
    assert accuracy["mean"] == report.test.summary()["accuracy"]
    assert accuracy["low"] <= accuracy["mean"] <= accuracy["high"]
    assert facts["of_classes"]["a"]["images"] == np.sum(report.test.labels == 0)
    assert facts["data"]["rows_of_part"] == {"train": 48, "valid": 6, "test": 6}
    assert facts["test"]["protocol"] == image_protocol(report.data, "test")
    assert facts["cost"]["operations_of_training"] == pytest.approx(
        3 * facts["cost"]["operations_of_a_picture"] * 2 * 48
    )
    called = sum(mistake["times"] for mistake in facts["confusions"])
    assert called == len(report.test.labels) - report.test.is_correct.sum()
