import json
from base64 import b64decode

import numpy as np
import pytest

from kit.export import _saved_model, export_detection
from kit.export._detection import hold
from kit.models import Detector, ImageEncoder
from tests.evaluation.detection.cells import CLASSES, report
from tests.export.parts import passing


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    encoder = ImageEncoder(widths=[4, 4, 4, 4], stem_strides=2)
    model = Detector(CLASSES, (32, 64), encoder, filters=4)
    model.build()
    for head in model.heads:
        # A new model believes in nothing.
        head.score.bias.assign([-2.0, -2.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_saved_model, "verify", passing)
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
        with pytest.raises(RuntimeError, match="does not answer as the model does"):
            hold(other, answer())
