import keras
import numpy as np
import pytest

from kit.evaluation.pairs import token_accuracy


class Says(keras.Model):
    """Says of each token of the target that it follows itself."""

    def call(self, inputs, training=False):
        return keras.ops.one_hot(inputs["target"], 10)


def test_it_counts_the_tokens_that_are_there():
    read = {"source": np.ones((2, 3), np.int32), "target": np.array([[5, 6, 0], [7, 8, 9]])}
    following = np.array([[5, 7, 0], [7, 8, 1]], np.int32)
    batch = ({name: x.astype(np.int32) for name, x in read.items()}, following)
    assert token_accuracy(Says(), [batch, batch])() == pytest.approx(3 / 5)
    assert token_accuracy(Says(), [])() == 0
