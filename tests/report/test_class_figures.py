import re
from xml.etree import ElementTree

import numpy as np

from kit.report import classes_drawing, confusion_drawing, most_mistaken, short

CLASSES = ("cat", "dog & wolf", "a very long name of a class")
CONFUSION = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 7]])


def texts(svg):
    ElementTree.fromstring(svg)
    return re.findall(r">([^<>]+)</text>", svg)


def test_confusions_are_shares_of_a_row():
    found = texts(confusion_drawing(CONFUSION, CLASSES))
    assert {"80", "20", "10", "90", "100", "predicted class"} <= set(found)
    assert "dog &amp; wolf" in found
    assert "a very long nam\N{HORIZONTAL ELLIPSIS}" in found


def test_of_many_classes_those_with_most_mistakes_are_shown():
    many = np.diag(np.full(40, 9))
    many[7, 9] = 3
    assert {7, 9} <= set(most_mistaken(many, 24).tolist())
    found = texts(confusion_drawing(many, [f"class {n}" for n in range(40)]))
    assert sum(text.startswith("class") for text in found) == 48


def test_the_weakest_class_comes_first():
    recall, precision = np.array([0.9, np.nan, 0.4]), np.array([0.8, 0.0, 0.7])
    found = texts(classes_drawing(recall, precision, CLASSES))
    assert found.index(short(CLASSES[2])) < found.index("cat")
