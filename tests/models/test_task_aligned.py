import numpy as np
import tensorflow as tf

from kit.models import anchor_points, task_aligned_assignment

PLACES = anchor_points((64, 64), (32,))  # middles at 16 and 48


def boxes(*sides):
    return tf.constant([sides], tf.float32)


def test_places_go_row_by_row_and_from_fine_to_coarse():
    places = anchor_points((32, 64), (16, 32))
    assert places.centres[:3].tolist() == [[8, 8], [24, 8], [40, 8]]
    assert places.strides.tolist() == [16] * 8 + [32] * 2


def test_targets_are_those_of_the_paper():
    """Two places in one object: the better one gets its overlap, the other its share of that."""
    truth, labels = boxes([0, 0, 64, 32]), tf.constant([[1]])
    said = boxes([0, 0, 64, 32], [0, 0, 32, 32], [0, 32, 64, 64], [0, 32, 64, 64])
    scores = tf.constant([[[0.1, 0.5], [0.1, 0.8], [0.9, 0.9], [0.9, 0.9]]])
    found = task_aligned_assignment(PLACES, scores, said, truth, labels, alpha=1.0, beta=2.0)
    # Goodness 0.5 * 1^2 and 0.8 * (1/2)^2; the places of the lower row lie outside.
    np.testing.assert_allclose(found.weights, [[1.0, 0.2 / 0.5, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(found.quality[0, :, 1], found.weights[0], atol=1e-6)
    assert not found.quality[0, :, 0].numpy().any()
    np.testing.assert_array_equal(found.boxes[0, 0], truth[0, 0])


def test_a_place_of_two_objects_goes_to_the_one_it_overlaps_most():
    truth, labels = boxes([0, 0, 40, 40], [0, 0, 32, 32]), tf.constant([[0, 0]])
    said = tf.tile(boxes([0, 0, 33, 33]), [1, 4, 1])
    scores = tf.fill([1, 4, 1], 0.5)
    found = task_aligned_assignment(PLACES, scores, said, truth, labels)
    np.testing.assert_array_equal(found.boxes[0, 0], truth[0, 1])
    np.testing.assert_allclose(found.weights[0], [32**2 / 33**2, 0, 0, 0], atol=1e-6)


def test_each_object_has_at_most_so_many_places():
    places = anchor_points((64, 64), (8,))
    said = tf.tile(boxes([0, 0, 60, 60]), [1, 64, 1])
    said += tf.random.stateless_uniform(said.shape, [0, 1], 0, 4.0)
    scores = tf.fill([1, 64, 1], 0.5)
    found = task_aligned_assignment(
        places, scores, said, boxes([0, 0, 64, 64]), tf.constant([[0]]), most=5
    )
    assert int(tf.math.count_nonzero(found.weights)) == 5


def test_an_object_that_holds_no_middle_is_found_by_the_place_beside_it():
    truth = boxes([2, 2, 8, 8])
    said = tf.tile(boxes([0, 0, 10, 10]), [1, 4, 1])
    found = task_aligned_assignment(
        PLACES, tf.fill([1, 4, 1], 0.5), said, truth, tf.constant([[0]])
    )
    assert found.weights[0, 0] > 0


def test_without_objects_there_is_nothing_to_find():
    said = tf.tile(boxes([0, 0, 10, 10]), [1, 4, 1])
    nothing = task_aligned_assignment(
        PLACES, tf.fill([1, 4, 1], 0.5), said, boxes([0, 0, 0, 0]), tf.constant([[-1]])
    )
    for values in (nothing.quality, nothing.weights):
        assert not values.numpy().any()
