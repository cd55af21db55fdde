import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from kit.evaluation import Classification
from kit.evaluation._classification_figures import reliability_figure, scores_figure


def found(base, rows=400):
    rng = np.random.default_rng(0)
    logits = rng.normal(base, 1, rows)
    labels = (rng.random(rows) < 1 / (1 + np.exp(-logits))).astype(float)
    return Classification(labels, 1 / (1 + np.exp(-logits)), None)


def texts(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


@pytest.mark.parametrize(("base", "last"), [(0, "1.00"), (-5, ".0")])
def test_the_scale_reaches_as_far_as_the_probabilities(base, last):
    one = found(base)
    for svg in (reliability_figure(one), scores_figure(one)):
        words = texts(svg)
        assert any(word.startswith(last) for word in words)
        assert ("1.00" in words) == (base == 0)


def test_the_classes_are_named():
    assert {"positives", "negatives"} <= set(texts(scores_figure(found(0))))


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_one_probability_for_all(value):
    one = Classification(np.array([0.0, 1.0]), np.full(2, value), None)
    assert reliability_figure(one)
    assert scores_figure(one)
