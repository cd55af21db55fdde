import keras
import numpy as np
import pytest

from kit.models import TextEncoder

KINDS = ("lstm", "conv", "transformer")
NUMBERS = np.array([[2, 7, 9, 4, 3], [2, 5, 3, 0, 0], [2, 3, 0, 0, 0]], np.int32)


def made(kind, **how):
    keras.utils.set_random_seed(0)
    return TextEncoder(12, kind, dim=8, layers=2, heads=2, **how)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind):
    encoder = made(kind)
    whole = encoder(NUMBERS)
    wider = encoder(np.pad(NUMBERS, [(0, 0), (0, 6)]))
    np.testing.assert_allclose(wider["pooled"], whole["pooled"], atol=1e-5)
    for row, length in enumerate((5, 3, 2)):
        alone = encoder(NUMBERS[row : row + 1, :length])
        np.testing.assert_allclose(alone["pooled"][0], whole["pooled"][row], atol=1e-5)
        np.testing.assert_allclose(alone["vectors"][0], whole["vectors"][row, :length], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_sees_the_others_on_both_sides(kind):
    encoder = made(kind)
    before = np.asarray(encoder(NUMBERS[:1])["vectors"])
    for changed in (1, 3):
        other = NUMBERS[:1].copy()
        other[0, changed] = 11
        moved = np.abs(np.asarray(encoder(other)["vectors"]) - before).max(axis=-1)[0]
        assert (moved > 1e-6).all()


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_types_and_config(kind):
    encoder = made(kind, dropout=0.3, word_dropout=0.2, dtype="mixed_bfloat16")
    found = encoder(NUMBERS)
    assert encoder.compute_output_shape(NUMBERS.shape) == {
        name: tuple(values.shape) for name, values in found.items()
    }
    assert {values.dtype.name for values in found.values()} == {"bfloat16"}
    assert TextEncoder.from_config(encoder.get_config()).get_config() == encoder.get_config()


def test_whole_words_are_dropped_in_training_only():
    encoder = made("conv", dropout=0.0, word_dropout=0.5)
    still = np.asarray(encoder(NUMBERS)["pooled"])
    np.testing.assert_array_equal(encoder(NUMBERS)["pooled"], still)
    assert np.abs(np.asarray(encoder(NUMBERS, training=True)["pooled"]) - still).max() > 1e-4


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="lstm, conv or transformer; got 'rnn'"):
        TextEncoder(12, "rnn")
