import numpy as np
import pytest
import tensorflow as tf

from kit.optimizers import clip, sum_repeated


def slices(values, indices):
    return tf.IndexedSlices(tf.constant(values), tf.constant(indices), tf.constant([5, 2]))


REPEATED = slices([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]], [3, 0, 3])


def test_sums_the_values_of_an_id_and_keeps_the_dense_gradient():
    summed = sum_repeated(REPEATED)
    assert summed.indices.numpy().tolist() == [3, 0]
    np.testing.assert_array_equal(tf.convert_to_tensor(summed), tf.convert_to_tensor(REPEATED))


@pytest.mark.parametrize("limit", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_clips_a_sparse_gradient_as_the_dense_one_and_leaves_it_sparse(limit):
    limits = {"clipnorm": None, "clipvalue": None, "global_clipnorm": None, limit: 1.5}
    other = tf.constant([0.5, -2.0])
    sparse, other_sparse, nothing = clip([REPEATED, other, None], **limits)
    dense, other_dense, _ = clip([tf.convert_to_tensor(REPEATED), other, None], **limits)
    assert isinstance(sparse, tf.IndexedSlices)
    assert nothing is None
    np.testing.assert_allclose(tf.convert_to_tensor(sparse), dense, rtol=1e-6)
    np.testing.assert_allclose(other_sparse, other_dense, rtol=1e-6)
