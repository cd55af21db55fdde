"""One report for the tests of what it holds and of how it looks."""

import pytest

from kit.evaluation import ClassPredictions
from kit.evaluation.images import (
    ImageReport,
    image_baselines,
    image_report,
    probabilities_of_images,
)
from tests.export.images import untrained


@pytest.fixture(scope="package")
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
