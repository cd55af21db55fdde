import json
from base64 import b64decode

import numpy as np
import pytest
import tensorflow as tf

from kit.exporting import BoxFinder, export_detection
from kit.exporting._detection import hold
from kit.models import Detector, ImageEncoder
from tests.data.detection.boxed import image
from tests.evaluation.cells import CLASSES, report
from tests.exporting.parts import passing


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    encoder = ImageEncoder(widths=[4, 4, 4, 4], stem_strides=2)
    model = Detector(CLASSES, (32, 64), encoder, filters=4)
    model.build()
    for head in model.heads:
        # A new model believes in nothing.
        head.score.bias.assign([-2.0, -2.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        folder = tmp_path_factory.mktemp("model")
        version, _ = export_detection(model, report().data, folder, card={"recipe": "x"})
    return version


def read(version, name):
    return json.loads((version / "assets.extra" / f"{name}.json").read_text())


def test_recorded_are_drawn_images_and_one_of_a_single_colour(version):
    case = read(version, "recorded")["serving_default"]
    contents = [b64decode(one["b64"]) for one in case["inputs"]["image"]]
    assert len(contents) == 5
    assert not {*contents} & {one.encoded() for one in report().data.test}
    assert {len(one) for one in case["outputs"].values()} == {5}
    assert set(case["outputs"]["label"][0]) & set(CLASSES)


def test_the_card_says_what_it_finds_and_no_operation_is_foreign(version):
    card = read(version, "card")
    assert card["classes"] == CLASSES
    assert card["image_shape"] == [32, 64]
    assert {"CombinedNonMaxSuppression", "DecodeImage"} <= set(card["operations"])
    assert "custom_ops" not in card


@pytest.mark.parametrize(
    ("name", "place", "value", "agrees"),
    [
        ("score", (0, 0), 0.9, True),
        ("score", (0, 0), 0.91, False),
        ("box", (0, 0, 2), 5.01, True),
        ("box", (0, 0, 2), 5.1, False),
        ("label", (0, 0), "b", False),
        # Two boxes of one score may stand in either order.
        ("box", (0, 2, 2), 9.0, True),
        ("label", (0, 1), "b", True),
    ],
)
def test_the_graph_is_held_against_the_model(name, place, value, agrees):
    def answer():
        return {
            "score": np.float32([[0.9, 0.5, 0.5, 0.1]]),
            "box": np.full((1, 4, 4), 5, np.float32),
            "label": np.array([["a", "a", "a", "a"]]),
        }

    other = answer()
    other[name][place] = value
    if agrees:
        hold(other, answer())
    else:
        with pytest.raises(RuntimeError, match="outputs of the exported graph differ"):
            hold(other, answer())


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
