import functools

import numpy as np
import pytest

from kit.layers import BilinearFusion
from tests.layers.harness import check_layer

RANDOM = np.random.default_rng(0)
FIRST = RANDOM.normal(size=(3, 4)).astype(np.float32)
SECOND = RANDOM.normal(size=(3, 6)).astype(np.float32)


@pytest.mark.parametrize("heads", [1, 2])
def test_layer_contract(heads):
    check_layer(functools.partial(BilinearFusion, heads), (FIRST, SECOND))


def test_products_stay_within_their_head():
    fusion = BilinearFusion(heads=2)
    answer = fusion(FIRST, SECOND).numpy()[:, 0]
    products = np.zeros((4, 6))
    products[:2, :3], products[2:, 3:] = fusion.products.numpy()
    linear = FIRST @ fusion.of_first.kernel.numpy() + SECOND @ fusion.of_second.kernel.numpy()
    expected = linear[:, 0] + np.einsum("bi,ij,bj->b", FIRST, products, SECOND)
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_heads_have_to_divide_both_widths():
    with pytest.raises(ValueError, match=r"4 heads do not divide the widths \(4, 6\)"):
        BilinearFusion(heads=4)(FIRST, SECOND)
