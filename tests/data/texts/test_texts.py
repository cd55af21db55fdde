import numpy as np

from kit.data.texts import Texts


def test_some_are_taken_in_order():
    texts = Texts(["a", "b", "c"], ["1", "2", "3"], np.array([0, 1, 0], np.int32))
    some = texts.take(np.array([2, 1]))
    assert (some.texts, some.names, some.labels.tolist()) == (["c", "b"], ["3", "2"], [0, 1])
