import json

import numpy as np

from kit.evaluation.texts import text_protocol


def test_the_facts_are_those_of_the_predictions(written):
    folder, report, facts = written
    assert json.loads((folder / "metrics.json").read_text()) == facts
    accuracy = facts["test"]["metrics"]["accuracy"]
    assert accuracy["mean"] == report.test.summary()["accuracy"]
    assert facts["of_classes"]["a"]["texts"] == np.sum(report.test.labels == 0)
    assert facts["data"]["rows_of_part"] == {"train": 48, "valid": 6, "test": 6}
    assert 0 < facts["data"]["share_cut_off"] < 1
    assert facts["test"]["protocol"] == text_protocol(report.data, "test")
    assert facts["cost"]["pieces_known"] == report.tokenizer.size
    called = sum(mistake["times"] for mistake in facts["confusions"])
    assert called == len(report.test.labels) - report.test.is_correct.sum()
