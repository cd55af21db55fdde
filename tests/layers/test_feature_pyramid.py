import numpy as np

from kit.layers import FeaturePyramid
from tests.layers.harness import check_layer
from tests.layers.maps import maps


def test_layer_contract():
    # Odd sizes: half of 7 by 5, rounded up, is 4 by 3.
    inputs = [maps(height=7, width=5, channels=4), maps(height=4, width=3, channels=6)]
    check_layer(lambda **k: FeaturePyramid(8, **k), inputs, tolerance=1e-5)


def test_a_fine_map_is_told_what_a_coarse_one_saw_and_not_the_reverse():
    fine, coarse = maps(height=8, width=8), maps(height=4, width=4)
    pyramid = FeaturePyramid(4)
    before = pyramid([fine, coarse])
    others = pyramid([fine, maps(height=4, width=4, seed=1)])
    assert np.abs(before[0] - others[0]).max() > 0.01
    others = pyramid([maps(height=8, width=8, seed=1), coarse])
    np.testing.assert_array_equal(before[1], others[1])
