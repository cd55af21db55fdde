import numpy as np
import pytest
import tensorflow as tf

from kit.evaluation import fgsm
from kit.exporting import ImageLabels, export_images
from kit.exports import pixel_logits
from tests.cli.answering import labelled, save
from tests.exporting.images import untrained
from tests.exporting.parts import passing


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    data, model = untrained(classes=7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        version, _ = export_images(model, data, tmp_path_factory.mktemp("model"), card={})
    return data, model, tf.saved_model.load(str(version))


def test_logits_and_gradients_are_those_of_the_model(exported):
    data, model, loaded = exported
    logits = pixel_logits(loaded, data.shape)
    pixels, labels = data.test.pixels, data.test.labels
    found = logits(tf.constant(pixels, tf.float32)).numpy()
    np.testing.assert_allclose(found, model(pixels), atol=1e-5)
    attacked = fgsm(logits, pixels, labels)
    assert np.mean(attacked == fgsm(model, pixels, labels)) > 0.999
    assert (attacked != pixels).any()


def test_two_exports_do_not_clash(exported, tmp_path):
    _, model, loaded = exported
    data, other = untrained(classes=3)
    module = ImageLabels(other, data.classes, data.shape)
    tf.saved_model.save(module, str(tmp_path), signatures=module.signatures())
    for one, of in ((loaded, model), (tf.saved_model.load(str(tmp_path)), other)):
        found = pixel_logits(one, data.shape)(tf.constant(data.test.pixels, tf.float32))
        np.testing.assert_allclose(found, of(data.test.pixels), atol=1e-5)


def test_a_graph_that_decodes_no_images_has_none(tmp_path):
    save(tmp_path / "1", {}, "image", labelled(["a", "b"], [0.8, 0.2]))
    assert pixel_logits(tf.saved_model.load(str(tmp_path / "1")), [8, 8, 1]) is None
