import pytest

from kit.evaluation.detection._matches import above, best_score, matched
from tests.evaluation.detection.cells import found, images


def test_a_better_box_takes_the_object_and_the_class_counts():
    [image] = images(1)
    bright, dark = image.boxes
    said = found([bright, bright + 1, bright, dark], [0, 0, 1, 1], [0.5, 0.9, 0.8, 0.3])
    matches = matched(image, said)
    assert matches.right.tolist() == [False, True, False, True]
    assert not matches.missed.any()


def test_less_than_half_overlap_is_a_miss():
    [image] = images(1)
    half = image.boxes[0] + [0, 0, image.boxes[0][2] - image.boxes[0][0] + 3, 0]
    matches = matched(image, found([half], [0], [0.9]))
    assert matches.right.tolist() == [False]
    assert matches.missed.all()


def test_nothing_found_misses_all():
    [image] = images(1)
    assert matched(image, found([], [], [])).missed.tolist() == [True, True]


def test_the_score_to_believe_has_the_largest_f1():
    there = images(2)
    said = [found([*one.boxes, [0, 0, 5, 5]], [0, 1, 0], [0.9, 0.6, 0.4]) for one in there]
    assert best_score(there, said) == pytest.approx(0.6)
    assert above(said[0], 0.6).scores.tolist() == pytest.approx([0.9, 0.6])
    assert best_score(there, [found([], [], [])] * 2) == 0.5
