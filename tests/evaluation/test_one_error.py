import numpy as np

from kit.evaluation._one_error import as_good_as_best


def test_what_loses_more_than_its_error_is_worse():
    random = np.random.default_rng(0)
    best = random.random(400)
    near = best + random.normal(scale=0.1, size=400) - 0.001
    far = best + random.normal(scale=0.1, size=400) - 0.05
    assert as_good_as_best(np.stack([far, best, near])).tolist() == [False, True, True]


def test_a_lone_choice_is_the_best():
    assert as_good_as_best(np.zeros((1, 5))).tolist() == [True]
