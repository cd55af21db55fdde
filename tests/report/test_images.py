import json
import re

import numpy as np
import pytest

from kit.evaluation import (
    ClassPredictions,
    image_baselines,
    image_robustness,
    probabilities_of_images,
)
from kit.report import ImageReport, image_protocol, image_report
from tests.exporting.images import untrained


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
    assert facts["robustness"]["metrics"]["unchanged"] == accuracy
    called = sum(mistake["times"] for mistake in facts["confusions"])
    assert called == len(report.test.labels) - report.test.is_correct.sum()


def test_the_page_shows_what_it_says(written):
    page = (written[0] / "report.html").read_text()
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert headings == [
        "Confusion matrix",
        "Most confident errors",
        "Recall and precision by class",
        "Comparison with baselines",
        "Robustness",
        "Training",
        "Computation",
        "Data",
        "How the numbers were measured",
        "How to reproduce",
    ]
    assert "&lt;noise&gt;" in page
    assert "<image" in page
    assert "Grad-CAM" in page
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    data, model = untrained(classes=3)
    found = {
        part: ClassPredictions(
            getattr(data, part).labels, probabilities_of_images(model, getattr(data, part))
        )
        for part in ("valid", "test")
    }
    report = ImageReport(
        recipe="image-classification",
        model="resnet",
        command="kit train image-classification --data <noise>",
        data=data,
        settings={"seed": 0},
        classifier=model,
        robustness=image_robustness(data.test, model),
        baselines=image_baselines(data),
        history=[{"epoch": 2.0, "loss": 1.0, "valid accuracy": 0.4}],
        metric="valid accuracy",
        seconds={"train": 1.0},
        **found,
    )
    made = image_report(report)
    made.save(folder)
    facts = made.facts
    return folder, report, facts
