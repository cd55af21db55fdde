import numpy as np
import tensorflow as tf

from kit.layers._heads import attention_mask, joined_heads, of_heads


def test_heads_join_to_what_they_were():
    vectors = tf.reshape(tf.range(2 * 3 * 4), [2, 3, 4])
    heads = of_heads(vectors, 2)
    assert heads.shape == (2, 2, 3, 2)
    np.testing.assert_array_equal(heads[0, 1, 0], [2, 3])
    np.testing.assert_array_equal(joined_heads(heads, like=vectors), vectors)


def test_a_query_sees_what_is_earlier_and_no_padding():
    allowed = attention_mask(3, tf.constant([[True, False, True]]), causal=True)
    np.testing.assert_array_equal(allowed[0, 0], [[1, 0, 0], [1, 0, 0], [1, 0, 1]])
    np.testing.assert_array_equal(attention_mask(2, None, causal=False)[0, 0], [[1, 1], [1, 1]])
