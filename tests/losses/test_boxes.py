import numpy as np
import pytest
import tensorflow as tf

from kit.losses import giou, iou

# By hand: the box, another, shared area, joint area, area of the hull.
CASES = [
    ([0, 0, 2, 2], [1, 0, 3, 2], 2, 6, 6),
    ([0, 0, 2, 2], [1, 1, 3, 3], 1, 7, 9),
    ([0, 0, 1, 1], [3, 0, 4, 1], 0, 2, 4),
    ([0, 0, 4, 4], [1, 1, 2, 3], 2, 16, 16),
    ([1, 1, 1, 1], [0, 0, 2, 2], 0, 4, 4),
]


@pytest.mark.parametrize(("box", "other", "shared", "joint", "hull"), CASES)
def test_they_are_their_definition(box, other, shared, joint, hull):
    box, other = tf.constant(box, tf.float32), tf.constant(other, tf.float32)
    assert float(iou(box, other)) == pytest.approx(shared / joint)
    expected = shared / joint - (hull - joint) / hull
    assert float(giou(box, other)) == pytest.approx(expected)
    assert float(giou(other, box)) == pytest.approx(expected)


def test_of_boxes_without_area_they_are_0():
    point = tf.zeros([4])
    assert float(iou(point, point)) == float(giou(point, point)) == 0


def test_boxes_that_are_apart_are_drawn_to_one_another():
    box = tf.Variable([0.0, 0, 1, 1])
    with tf.GradientTape() as tape:
        found = giou(box, tf.constant([3.0, 0, 4, 1]))
    # To the right, by the right side.
    assert tape.gradient(found, box)[2] > 0


def test_they_are_broadcast():
    boxes = tf.constant(np.random.default_rng(0).random((2, 3, 1, 4)), tf.float32)
    assert iou(boxes, tf.transpose(boxes, [0, 2, 1, 3])).shape == (2, 3, 3)
