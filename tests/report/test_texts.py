import json
import re

import numpy as np
import pytest

from kit.evaluation import ClassPredictions, probabilities_of_texts, text_baselines, text_robustness
from kit.report import TextReport, text_protocol, text_report
from kit.tokenizers import encode_batch
from tests.exporting.words import untrained


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
    assert facts["robustness"]["metrics"]["unchanged"] == accuracy
    called = sum(mistake["times"] for mistake in facts["confusions"])
    assert called == len(report.test.labels) - report.test.is_correct.sum()


def test_the_page_shows_what_it_says(written):
    page = (written[0] / "report.html").read_text()
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert headings == [
        "Confusion matrix",
        "Calibration",
        "Most confident errors",
        "Recall and precision by class",
        "Comparison with baselines",
        "Robustness",
        "Training",
        "Data",
        "How the numbers were measured",
        "How to reproduce",
    ]
    assert "&lt;noise&gt;" in page
    assert "<mark style" in page
    assert "\N{HORIZONTAL ELLIPSIS} " in page
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    data, tokens, model = untrained(kind="conv")
    numbers = {
        part: encode_batch(tokens, getattr(data, part).texts, 8)
        for part in ("train", "valid", "test")
    }
    found = {
        part: ClassPredictions(
            getattr(data, part).labels, probabilities_of_texts(model, numbers[part])
        )
        for part in ("valid", "test")
    }
    report = TextReport(
        recipe="text-classification",
        model="conv",
        command="kit train text-classification --data <noise>",
        data=data,
        settings={"seed": 0},
        classifier=model,
        tokenizer=tokens,
        numbers=numbers,
        length=8,
        robustness=text_robustness(
            data.test,
            lambda texts: probabilities_of_texts(model, encode_batch(tokens, texts, 8)),
        ),
        baselines=text_baselines(data),
        history=[{"epoch": 2.0, "loss": 1.0, "valid accuracy": 0.4}],
        metric="valid accuracy",
        seconds={"train": 1.0},
        **found,
    )
    made = text_report(report)
    made.save(folder)
    facts = made.facts
    return folder, report, facts
