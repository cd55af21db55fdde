import numpy as np
import pytest
import tensorflow as tf

from kit.training.batches import Augmentation

DRAW = np.random.default_rng(0)
PICTURES = tf.constant(DRAW.integers(1, 256, (64, 16, 8, 3)), tf.uint8)
SEED = [3, 4]


def test_nothing_changes_where_nothing_is_asked_for():
    found = Augmentation([])(PICTURES, SEED)
    np.testing.assert_array_equal(found, tf.cast(PICTURES, tf.float32))


def test_half_of_the_images_are_mirrored():
    found = Augmentation(["flip"])(PICTURES, SEED).numpy()
    same = (found == PICTURES.numpy()).all(axis=(1, 2, 3))
    mirrored = (found == PICTURES.numpy()[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert 20 < same.sum() < 44


def test_a_crop_moves_the_image_over_black():
    found = Augmentation(["crop"])(PICTURES, SEED).numpy()
    moves = set()
    for before, after in zip(PICTURES.numpy(), found, strict=True):
        padded = np.pad(before, ((2, 2), (1, 1), (0, 0)))
        fits = [
            (down, across)
            for down in range(5)
            for across in range(3)
            if (padded[down : down + 16, across : across + 8] == after).all()
        ]
        assert len(fits) == 1
        moves.add(fits[0])
    assert len(moves) > 8


def test_cutout_greys_a_square():
    found = Augmentation(["cutout"])(PICTURES, SEED).numpy()
    changed = (found != PICTURES.numpy()).any(axis=-1)
    assert changed.sum(axis=(1, 2)).max() <= 4 * 2
    assert (found[changed] == 128).all()
    assert changed.any(axis=(1, 2)).mean() > 0.9


def test_mixing_is_drawn_from_a_beta_distribution():
    shares = Augmentation(["mixup"]).mixing(SEED, slice(None), 4000).numpy()
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    # The variance of Beta(a, a) is 1 / (8 a + 4).
    assert shares.var() == pytest.approx(1 / 5.6, abs=0.02)
    assert Augmentation(["flip"]).mixing(SEED, slice(None), 4) is None


def test_rows_of_a_batch_are_changed_as_in_the_whole():
    augment = Augmentation(["flip", "crop", "cutout", "mixup"])
    rows = slice(16, 32)
    whole = augment(PICTURES, SEED)[rows]
    np.testing.assert_array_equal(augment(PICTURES[rows], SEED, rows, of=64), whole)
    shares = augment.mixing(SEED, slice(None), 64)[rows]
    np.testing.assert_array_equal(augment.mixing(SEED, rows, 64), shares)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="'rotate' is none of flip, crop"):
        Augmentation(["rotate"])
