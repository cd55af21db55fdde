import numpy as np
import pytest
import tensorflow as tf

from kit.export import BoxFinder
from kit.models import Detector, ImageEncoder
from tests.data.detection.boxed import image


@pytest.fixture(scope="module")
def served():
    encoder = ImageEncoder(widths=[4, 4, 4, 4], stem_strides=2)
    model = Detector(["čaj 茶", "b"], (64, 64), encoder, filters=4)
    model.build()
    for head in model.heads:
        # A new model believes in nothing.
        head.score.bias.assign([-2.0, -2.0])
    return BoxFinder(model).signatures()["serving_default"]


def ask(served, *contents):
    return {name: x.numpy() for name, x in served(image=tf.constant(contents)).items()}


def test_images_of_any_size_and_kind_are_answered_in_their_own_pixels(served):
    sizes = [(200, 90), (31, 77), (640, 480)]
    contents = [
        image(n, size, kind)
        for n, (size, kind) in enumerate(zip(sizes, ("PNG", "JPEG", "BMP"), strict=True))
    ]
    answer = ask(served, *contents)
    assert answer["box"].shape == (3, 100, 4)
    for row, (width, height) in enumerate(sizes):
        there = answer["label"][row] != b""
        boxes, scores = answer["box"][row], answer["score"][row]
        assert there.any()
        assert {label.decode() for label in answer["label"][row][there]} <= {"čaj 茶", "b"}
        assert (boxes[there] >= 0).all()
        assert (boxes[there] <= [width, height, width, height]).all()
        assert (boxes[there][:, 2:].max(axis=0) > [0.6 * width, 0.6 * height]).all()
        assert (np.diff(scores) <= 0).all()
        assert not boxes[~there].any()
        assert not scores[~there].any()


def test_one_alone_gets_what_it_gets_in_a_batch(served):
    contents = [image(n, (50 + n, 40)) for n in range(3)]
    together, alone = ask(served, *contents), ask(served, contents[1])
    for name in ("box", "score"):
        np.testing.assert_allclose(alone[name][0], together[name][1], atol=1e-4)


def test_grey_images_and_those_with_transparency_are_taken(served):
    for mode in ("L", "RGBA"):
        assert (ask(served, image(mode=mode))["label"] != b"").any()


def test_what_is_no_image_is_refused(served):
    with pytest.raises(tf.errors.InvalidArgumentError):
        ask(served, image(), b"not an image")
