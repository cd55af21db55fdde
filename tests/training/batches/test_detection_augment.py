import numpy as np
import pytest
import tensorflow as tf

from kit.training.batches import NO_BOX_AUGMENTATION, BoxAugmentation, augmented

SHAPE = (64, 96)
COLOURS = np.float32([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]])


def scenes():
    """Four black images, each with a rectangle of a colour of its own."""
    pixels = np.zeros((4, 50, 80, 3), np.uint8)
    boxes = np.float32([[10, 8, 40, 30], [30, 20, 70, 45], [5, 5, 30, 40], [40, 10, 75, 35]])
    for number, (left, top, right, bottom) in enumerate(boxes.astype(int)):
        pixels[number, top:bottom, left:right] = COLOURS[number]
    return tf.constant(pixels), tf.constant(boxes[:, None]), tf.constant([[0], [1], [2], [3]])


def change(seed, **settings):
    pixels, boxes, labels = scenes()
    image, boxes, labels = augmented(
        lambda number: (pixels[number], 1.0),
        boxes,
        labels,
        tf.range(4),
        shape=SHAPE,
        room=8,
        seed=tf.constant([0, seed]),
        augmentation=BoxAugmentation(colour=0.0, **settings),
    )
    return image.numpy(), boxes.numpy(), labels.numpy()


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(12))
def test_boxes_move_with_what_they_frame(seed, mosaic):
    image, boxes, labels = change(seed, mosaic=mosaic, upside_down=True)
    for label in range(4):
        near = np.abs(image - COLOURS[label]).sum(axis=-1) < 60
        # Where the frame cuts two thirds of an object off it is left out.
        if label not in labels:
            continue
        y, x = np.nonzero(near)
        [box] = boxes[labels == label]
        extent = [x.min(), y.min(), x.max() + 1, y.max() + 1]
        np.testing.assert_allclose(box, extent, atol=2.5)


def test_a_mosaic_joins_four_and_one_image_is_one():
    seen = [set(change(seed, mosaic=1.0)[2].tolist()) - {-1} for seed in range(8)]
    assert max(map(len, seen)) == 4
    assert all(set(change(s, mosaic=0.0)[2].tolist()) <= {0, -1} for s in range(8))


def test_what_is_drawn_depends_on_the_seed_alone():
    for one, other in zip(change(3), change(3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (change(3)[0] != change(4)[0]).any()


def test_an_object_of_which_little_is_seen_is_left_out():
    kept = [change(s, mosaic=0.0, zoom=(6.0, 6.0))[2].max() for s in range(16)]
    assert -1 in kept


def test_without_augmentation_the_image_fits_at_the_top_left():
    pixels, boxes, labels = scenes()
    image, moved, _ = augmented(
        lambda number: (pixels[number], 1.0),
        boxes,
        labels,
        tf.range(4),
        shape=SHAPE,
        room=2,
        seed=tf.constant([0, 0]),
        augmentation=NO_BOX_AUGMENTATION,
    )
    scale = 96 / 80
    np.testing.assert_allclose(moved[0], boxes[0, 0] * scale, rtol=1e-5)
    assert (image[60:] == 114).numpy().all()
    assert image[20, 30].numpy().tolist() == [255, 0, 0]


def test_colour_changes_pixels_and_no_box():
    pixels, boxes, labels = scenes()

    def made(colour):
        return augmented(
            lambda number: (pixels[number], 1.0),
            boxes,
            labels,
            tf.range(4),
            shape=SHAPE,
            room=2,
            seed=tf.constant([0, 5]),
            augmentation=BoxAugmentation(mosaic=0.0, colour=colour),
        )

    plain, changed = made(0.0), made(0.5)
    np.testing.assert_array_equal(plain[1], changed[1])
    assert (plain[0] != changed[0]).numpy().any()
