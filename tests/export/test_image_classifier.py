import numpy as np
import pytest
import tensorflow as tf

from kit.export import ImageLabels
from tests.data.images.files import image
from tests.export.images import untrained


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
