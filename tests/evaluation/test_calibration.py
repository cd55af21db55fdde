import numpy as np
import pytest

from kit.evaluation import calibration
from kit.metrics import calibration_error


def sample(rows, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, 2))
    labels = (rng.random((rows, 2)) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    return labels, logits


def test_a_model_that_is_too_sure_is_mended_label_by_label():
    labels, logits = sample(20_000)
    scale, shift = calibration(labels, np.stack([3 * logits[:, 0] - 2, logits[:, 1]], axis=1))
    np.testing.assert_allclose(scale, [1 / 3, 1], atol=0.05)
    np.testing.assert_allclose(shift, [2 / 3, 0], atol=0.05)
    fresh, fresh_logits = sample(20_000, seed=1)
    sure = 3 * fresh_logits[:, 0] - 2
    before, after = (1 / (1 + np.exp(-x)) for x in (sure, scale[0] * sure + shift[0]))
    assert calibration_error(fresh[:, 0], before) > 0.1
    assert calibration_error(fresh[:, 0], after) < 0.02


def test_unknown_labels_do_not_count_and_few_change_nothing():
    labels, logits = sample(1000)
    half = np.where(np.arange(1000)[:, None] % 2, labels, np.nan)
    expected = calibration(labels[1::2], logits[1::2])
    np.testing.assert_allclose(calibration(half, logits), expected, rtol=1e-5)
    few = calibration(labels[:10], logits[:10])
    assert [x.tolist() for x in few] == [[1, 1], [0, 0]]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_order_stays_even_where_the_model_is_worse_than_chance(sign):
    labels, logits = sample(500)
    assert (calibration(labels, sign * logits)[0] > 0).all()
