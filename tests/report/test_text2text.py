import json

import pytest

from kit.data.text2text import Text2TextSource, split_text2text
from kit.evaluation import Translations, translation_baselines
from kit.report import Text2TextReport, text2text_report


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    texts = [f"the <b>cat</b> number {n} sat here" for n in range(60)]
    parts = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10
    targets = [text.upper() for text in texts]
    data = split_text2text(Text2TextSource("some", texts, targets, parts, ("low", "high"), "Mine."))
    test = Translations([t.upper() for t in data.test.sources], data.test.references)
    report = Text2TextReport(
        recipe="translation",
        model="transformer",
        command="kit train translation --data <some>",
        data=data,
        settings={"seed": 0},
        weights=7,
        valid=Translations(data.valid.sources, data.valid.references),
        test=test,
        baselines=translation_baselines(data),
        bounds=("nearest source",),
        how="4 beams",
        history=[{"epoch": 1.0, "loss": 2.0, "valid token accuracy": 0.5}],
        metric="valid token accuracy",
        seconds={"train": 1.0},
    )
    folder = tmp_path_factory.mktemp("report")
    made = text2text_report(report)
    made.save(folder)
    return folder, report, made.facts


def test_the_numbers_say_how_they_were_measured(written):
    folder, report, facts = written
    assert facts == json.loads((folder / "metrics.json").read_text())
    assert facts["test"]["metrics"]["BLEU"]["mean"] == pytest.approx(100)
    protocol = facts["test"]["protocol"]
    assert "test, 10 texts with 10 references, low to high; split given" in protocol
    assert "4 beams" in protocol
    assert "tok:13a" in protocol
    assert report.best_baseline == "copy"
    assert facts["baselines"]["copy"]["model_minus_baseline"]["BLEU"]["low"] > 0
    assert facts["data"]["pairs_of_part"] == {"train": 40, "valid": 10, "test": 10}


def test_examples_are_shown_and_escaped(written):
    folder, _, facts = written
    assert {kind: len(rows) for kind, rows in facts["examples"].items()} == {
        "drawn at random": 8,
        "the worst": 8,
        "the best": 8,
    }
    page = (folder / "report.html").read_text()
    assert "<b>cat</b>" not in page
    assert "&lt;b&gt;cat&lt;/b&gt;" in page
    assert "reference</td>" in page
    assert "a bound, not a system" in page


def test_the_page_has_its_sections_in_order(written):
    page = (written[0] / "report.html").read_text()
    headings = [
        "Generated texts",
        "Comparison with baselines",
        "Training",
        "Data",
        "How the numbers were measured",
        "How to reproduce",
    ]
    places = [page.index(f"<h2>{heading}</h2>") for heading in headings]
    assert places == sorted(places)
    assert "significant" in page
    assert "Licence and attribution" in page
