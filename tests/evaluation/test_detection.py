import math

import numpy as np
import pytest

from kit.data.detection import DetectionImage
from kit.evaluation import DetectionPredictor, above, average_precision, best_score, matched
from kit.models import Detector, ImageEncoder, non_max_suppression
from tests.evaluation.cells import CLASSES, found, images

NOTHING = found([], [], [])


def everything(one):
    return found(one.boxes, one.labels, [0.9, 0.8])


def test_all_found_is_1_and_nothing_is_0():
    there = images(2)
    all_of_it = average_precision(there, [everything(one) for one in there], CLASSES)
    assert (all_of_it.mean, all_of_it.at_half) == pytest.approx((1, 1))
    nothing = average_precision(there, [NOTHING] * 2, CLASSES)
    assert (nothing.mean, nothing.at_half) == (0, 0)


def test_it_is_the_definition_on_a_case_by_hand():
    """Of two objects of a class one is found, after a false alarm of a higher score."""
    box = np.float32([[0, 0, 40, 40], [50, 20, 90, 60]])
    image = DetectionImage("a", b"", (96, 64), box, np.int32([0, 0]))
    said = found([[0, 40, 20, 60], box[0]], [0, 0], [0.9, 0.5])
    result = average_precision([image], [said], ["a"])
    # Precision is 1/2 up to a recall of 1/2 and 0 beyond: of the 101 recalls 51 have it.
    assert result.at_half == pytest.approx(51 / 101 / 2, abs=1e-6)
    assert result.curves["a"][[0, 50, 51]].tolist() == [0.5, 0.5, 0]


def test_a_box_that_is_off_counts_at_the_overlaps_it_has():
    box = np.float32([[0, 0, 40, 40]])
    image = DetectionImage("a", b"", (96, 64), box, np.int32([0]))
    # 40 by 32 of 40 by 40: an overlap of .8, enough for seven of the ten.
    result = average_precision([image], [found([[0, 0, 40, 32.01]], [0], [0.9])], ["a"])
    assert result.at_half == pytest.approx(1)
    assert result.mean == pytest.approx(0.7)
    assert result.medium == pytest.approx(0.7)
    assert math.isnan(result.large)


def test_a_class_without_an_object_does_not_count():
    there = images(1)
    result = average_precision(there, [everything(there[0])], [*CLASSES, "none"])
    assert math.isnan(result.of_class["none"][0])
    assert result.mean == pytest.approx(1)


def test_the_wrong_label_is_wrong():
    there = images(1)
    said = found(there[0].boxes, there[0].labels[::-1], [0.9, 0.8])
    assert average_precision(there, [said], CLASSES).at_half == 0


def test_it_prints_nothing(capsys):
    average_precision(images(1), [NOTHING], CLASSES)
    assert capsys.readouterr().out == ""


def test_resamples_are_the_measure_on_images_drawn_anew():
    there = images(6)
    rng = np.random.default_rng(1)
    said = [
        found(one.boxes + rng.normal(0, 3, one.boxes.shape), one.labels, rng.random(2))
        for one in there
    ]
    result = average_precision(there, said, CLASSES, resamples=3, seed=5)
    rng = np.random.default_rng(5)
    for resampled in result.resampled:
        drawn = rng.integers(0, 6, 6)
        again = average_precision([there[n] for n in drawn], [said[n] for n in drawn], CLASSES)
        assert resampled.tolist() == pytest.approx([again.mean, again.at_half])
    assert result.mean == average_precision(there, said, CLASSES).mean


def test_boxes_are_in_pixels_of_the_image_and_within_it():
    encoder = ImageEncoder(widths=[4, 4, 4, 4], stem_strides=2)
    model = Detector(CLASSES, (32, 64), encoder, filters=4)
    there = images(18)  # more than are looked at together
    canvases = DetectionPredictor(there, model)
    found = canvases.found()
    assert len(found) == 18
    boxes, labels, scores = non_max_suppression(*model(canvases.pixels[17:]))
    count = int((labels >= 0).numpy().sum())
    # 96 by 64 pixels on a canvas of 64 by 32: half as large.
    expected = np.clip(boxes[0, :count] * 2, 0, [96, 64, 96, 64])
    np.testing.assert_allclose(found[17].boxes, expected, atol=1e-3)
    np.testing.assert_allclose(found[17].scores, scores[0, :count], rtol=1e-4)
    assert canvases.scales[0] == pytest.approx(0.5)


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
