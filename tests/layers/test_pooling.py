import keras
import numpy as np
import pytest

from kit.layers import LastPooling, MaskedPooling
from tests.layers.sequences import check_pooling

VECTORS = np.array([[[1.0, 2.0], [3.0, 4.0], [50.0, 60.0]]], "float32")
MASK = np.array([[True, True, False]])


@pytest.mark.parametrize(
    ("power", "expected"), [(1.0, [2.0, 3.0]), (0.0, [4.0, 6.0]), (0.5, [2.8284, 4.2426])]
)
def test_the_sum_is_divided_by_a_power_of_the_number(power, expected):
    answer = MaskedPooling(power)(VECTORS, mask=MASK)
    np.testing.assert_allclose(answer[0], expected, rtol=1e-4)


def test_padding_does_not_change_the_result():
    longer = np.concatenate([VECTORS, np.full((1, 4, 2), 7, "float32")], axis=1)
    mask = np.concatenate([MASK, np.zeros((1, 4), bool)], axis=1)
    np.testing.assert_array_equal(
        MaskedPooling()(longer, mask=mask), MaskedPooling()(VECTORS, mask=MASK)
    )


def test_a_list_of_padding_gives_zeros():
    answer = MaskedPooling()(VECTORS, mask=np.zeros((1, 3), bool))
    np.testing.assert_array_equal(answer, np.zeros((1, 2)))


def test_a_functional_model_is_saved_with_its_setting(tmp_path):
    vectors, mask = keras.Input((None, 2)), keras.Input((None,), dtype="bool")
    model = keras.Model([vectors, mask], MaskedPooling(0.5)(vectors, mask=mask))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded([VECTORS, MASK]), model([VECTORS, MASK]))
    assert model.output_shape == (None, 2)


def test_the_result_has_the_compute_dtype():
    layer = MaskedPooling(dtype="mixed_bfloat16")
    assert layer(VECTORS, mask=MASK).dtype == "bfloat16"


def test_it_is_a_good_pooling():
    check_pooling(LastPooling)
