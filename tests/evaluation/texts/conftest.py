"""One report for the tests of what it holds and of how it looks."""

import pytest

from kit.evaluation import ClassPredictions
from kit.evaluation.texts import (
    TextReport,
    probabilities_of_texts,
    text_baselines,
    text_report,
)
from kit.tokenizers import encode_batch
from tests.export.words import untrained


@pytest.fixture(scope="package")
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
