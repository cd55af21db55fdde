import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import Detector, ImageEncoder, non_max_suppression

SHAPE = (64, 96)


def tiny(**settings):
    encoder = ImageEncoder(widths=[4, 8, 8, 8], stem_strides=2)
    return Detector(["a", "b"], SHAPE, encoder, filters=8, **settings)


def square(at, side, bright):
    """A grey image with one square in it, and its box."""
    image = np.full((*SHAPE, 3), 114, np.uint8)
    image[at : at + side, at : at + side] = bright
    return image, [at, at, at + side, at + side]


def test_boxes_are_distances_from_the_middles_in_strides():
    keras.utils.set_random_seed(0)
    model = tiny()
    logits, boxes = model(tf.zeros([2, *SHAPE, 3], tf.uint8))
    assert logits.shape == (2, 8 * 12 + 4 * 6 + 2 * 3, 2)
    # A new model says boxes of about four cells around every middle.
    np.testing.assert_allclose(boxes[0, 0], [4 - 16, 4 - 16, 4 + 16, 4 + 16], rtol=0.15)
    np.testing.assert_allclose(boxes[0, -1], [80 - 64, 48 - 64, 80 + 64, 48 + 64], rtol=0.15)


@pytest.mark.slow
def test_it_learns_where_what_is():
    keras.utils.set_random_seed(0)
    model = tiny()
    model.compile(keras.optimizers.Adam(1e-2))
    examples = [square(*one) for one in ((8, 24, 255), (32, 24, 0))]
    images = tf.constant(np.stack([image for image, _ in examples]))
    targets = {
        "boxes": tf.constant([[box, [0] * 4] for _, box in examples], tf.float32),
        "labels": tf.constant([[0, -1], [1, -1]]),
    }
    stream = tf.data.Dataset.from_tensors((images, targets, tf.ones(2))).repeat()
    model.fit(stream, steps_per_epoch=40, verbose=0, shuffle=False)
    boxes, classes, _ = non_max_suppression(*model(images, training=True), most=1)
    assert classes[:, 0].numpy().tolist() == [0, 1]
    np.testing.assert_allclose(boxes[:, 0], targets["boxes"][:, 0], atol=6)


def test_it_is_saved_and_loaded(tmp_path):
    model, images = tiny(depth=2), tf.ones([1, *SHAPE, 3])
    expected = model(images)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(again(images), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert again.count_params() == model.count_params()
    assert (again.classes, again.picture_shape) == (model.classes, model.picture_shape)


@pytest.mark.parametrize(("classes", "shape"), [([], (64, 64)), (["a"], (64, 65))])
def test_a_model_that_cannot_be_is_refused(classes, shape):
    with pytest.raises(ValueError, match="It needs a class, and sides that 32 divides"):
        Detector(classes, shape)


def test_it_is_its_definition():
    """Greedy suppression, class by class, written out."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 60, (40, 2))
    boxes = np.float32(np.concatenate([corner, corner + rng.uniform(10, 40, (40, 2))], axis=1))
    logits = np.float32(rng.normal(size=(40, 2)))
    found, classes, scores = non_max_suppression(
        logits[None], boxes[None], lowest=0.3, overlap=0.4, most=99
    )
    expected = []
    for label in (0, 1):
        kept = []
        for number in np.argsort(-logits[:, label]):
            score = 1 / (1 + np.exp(-logits[number, label]))
            if score > 0.3 and all(iou(boxes[number], boxes[k]) <= 0.4 for k in kept):
                kept.append(number)
                expected.append((score, label, *boxes[number]))
    expected.sort(reverse=True)
    count = int(tf.math.count_nonzero(classes >= 0))
    assert count == len(expected) > 10
    answer = np.column_stack([scores[0], classes[0], found[0]])[:count]
    np.testing.assert_allclose(answer, expected, rtol=1e-5)
    assert not scores[0, count:].numpy().any()
    assert (classes[0, count:].numpy() == -1).all()


def iou(a, b):
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)
