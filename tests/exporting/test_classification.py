import json

import numpy as np
import pytest
import tensorflow as tf

from kit.exporting import ImageLabels, export_images
from kit.exports import with_bytes
from tests.data.images.files import image
from tests.exporting.images import untrained
from tests.exporting.parts import c_library_only


@pytest.mark.slow
@pytest.mark.parametrize("loaders", [1, 3])
def test_verified_export_and_its_card(tmp_path, monkeypatch, loaders):
    if loaders == 1:
        c_library_only(monkeypatch)
    data, model = untrained(classes=3)
    version, checks = export_images(model, data, tmp_path / "m", card={"recipe": "images"})
    assert {(check.signature, check.passed) for check in checks} == {
        ("serving_default", True),
        ("embed", True),
    }
    assert len(checks) == 2 * loaders
    extra = version / "assets.extra"
    card = json.loads((extra / "card.json").read_text())
    assert (card["classes"], card["shape"]) == (["a", "b", "c"], [9, 8, 1])
    recorded = json.loads((extra / "recorded.json").read_text())["serving_default"]
    content = with_bytes(recorded["inputs"]["image"])[0]
    assert tf.io.decode_png(content).shape == (9, 8, 1)
    np.testing.assert_allclose(np.sum(recorded["outputs"]["probability"], axis=1), 1, atol=1e-5)


@pytest.fixture(scope="module")
def made():
    data, model = untrained()
    return data, model, ImageLabels(model, data.classes, data.shape).signatures()


def test_files_in_labels_and_probabilities_out(made):
    data, model, signatures = made
    contents = [data.test.encoded(row) for row in range(5)]
    answer = signatures["serving_default"](image=tf.constant(contents))
    expected = tf.nn.softmax(model(data.test.decoded(slice(5)))).numpy()
    order = np.argsort(-expected, axis=1)[:, :5]
    assert answer["label"].numpy().astype(str).tolist() == [
        [data.classes[n] for n in row] for row in order
    ]
    np.testing.assert_allclose(
        answer["probability"], np.take_along_axis(expected, order, axis=1), atol=1e-6
    )


def test_images_of_other_kinds_and_sizes_are_taken(made):
    signatures = made[2]
    contents = [image(80, kind="JPEG"), image(200, size=(30, 20), kind="BMP"), image(1)]
    answer = signatures["embed"](image=tf.constant(contents))
    assert answer["embedding"].shape == (3, 6)
    alone = signatures["embed"](image=tf.constant(contents[1:2]))
    np.testing.assert_allclose(alone["embedding"][0], answer["embedding"][1], atol=1e-6)


def test_what_is_no_image_fails_the_request(made):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        made[2]["serving_default"](image=tf.constant([b"hello"]))
