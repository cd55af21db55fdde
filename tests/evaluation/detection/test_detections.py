import numpy as np
import pytest

from kit.evaluation.detection import DetectionPredictor
from kit.models import Detector, ImageEncoder, non_max_suppression
from tests.evaluation.detection.cells import CLASSES, images


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
