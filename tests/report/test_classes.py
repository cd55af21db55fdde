import re

import numpy as np
import pytest

from kit.evaluation import ClassPredictions
from kit.metrics import Estimate
from kit.report import (
    baselines_section,
    class_headline,
    classes_section,
    confusion_section,
    counts_of_classes,
    measures_in_words,
)

CLASSES = ("cat", "<dog>", "hen & co")


def estimates(accuracy, error=0.02):
    near = {"accuracy": Estimate(accuracy, accuracy - 0.1, accuracy + 0.1)}
    return {**near, "ECE": Estimate(error, error / 2, 2 * error)}


SYSTEMS = {"net <2>": estimates(0.8, 0.035), "linear & co": estimates(0.6)}
BETTER = {"linear & co": {"accuracy": Estimate(0.2, 0.1, 0.3), "ECE": Estimate(0.015, 0.01, 0.02)}}
CONFUSIONS = [
    {"is": "<dog>", "called": "hen & co", "times": 1},
    {"is": "cat", "called": "<dog>", "times": 1},
]


def found():
    """Of ten of each class the cats are right, a dog and five hens are called cats."""
    said = np.repeat(np.eye(3), 10, axis=0)
    said[10] = said[20:25] = [1, 0, 0]
    return ClassPredictions(np.repeat(np.arange(3), 10), said)


def plain(html):
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_the_result_in_a_few_sentences():
    said = class_headline("net <2>", "linear & co", SYSTEMS, BETTER, CONFUSIONS, "letters")
    assert '<div class="number">.8000 ' in said
    text = plain(said)
    assert "accuracy, 95 % .7000 to .9000" in text
    assert "The best baseline, linear &amp; co, reaches .6000" in text
    assert "significant" in text
    assert "It classifies 80 of 100 letters correctly" in text
    assert "by 3.5 percentage points on average" in text
    assert "&lt;dog&gt; is classified as hen &amp; co, 1 time." in text
    assert "cat is classified" not in text


def test_without_an_error_none_is_named():
    said = class_headline("net <2>", "linear & co", SYSTEMS, BETTER, [], "letters")
    assert "frequent error" not in said


@pytest.mark.parametrize("section", [confusion_section, lambda *x: classes_section(*x, "letters")])
def test_drawings_name_classes_as_they_are_called(section):
    drawn = section(found(), CLASSES)
    assert drawn.startswith("<h2>")
    assert drawn.count("<svg") == 1
    assert "<dog>" not in drawn
    assert "hen & co" not in drawn


def test_the_weakest_class_comes_first():
    drawn = classes_section(found(), CLASSES, "letters")
    places = [drawn.index(name) for name in (">hen &amp; co<", ">cat<", ">&lt;dog&gt;<")]
    assert places == sorted(places)


def test_a_smaller_error_is_better():
    section = baselines_section("net <2>", SYSTEMS, BETTER, "letters")
    assert "resamples of the letters" in section
    assert "<2>" not in section
    assert '<td class="better">+.2000' in section
    assert '<td class="worse">+.0150' in section


def test_counts_of_classes_are_folded():
    html = counts_of_classes({"<dog>": {"train": 1200, "test": 3}})
    assert html.startswith("<details>")
    assert plain(html) == "1 class &lt;dog&gt; 1,200 train, 3 test"
    many = counts_of_classes({name: {"train": 1} for name in CLASSES})
    assert "3 classes" in many


def test_measures_are_explained_for_these_examples():
    assert "many letters" in measures_in_words("letters")
