import keras
import numpy as np

from kit.evaluation.images import grad_cam
from kit.models import ImageClassifier


def test_heat_lies_where_the_class_is_seen():
    encoder = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.AveragePooling2D(4)])
    model = ImageClassifier(encoder, 2, [1.0], [0.0])
    images = np.zeros((2, 16, 16, 1), np.uint8)
    images[0, :4, :4] = images[1, 12:, 12:] = 200
    model(images)
    model.head.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    heat = grad_cam(model, images, np.array([0, 0]))
    assert heat.shape == (2, 16, 16)
    assert heat[0, :4, :4].mean() > 0.7 > 0.05 > heat[0, 8:, 8:].max()
    assert heat[1, 12:, 12:].mean() > 0.7
    # Brightness speaks against the other class everywhere.
    assert grad_cam(model, images, np.array([1, 1])).max() == 0


def test_tokens_have_no_places():
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Reshape((16, 1))])
    model = ImageClassifier(encoder, 2, [1.0], [0.0])
    assert grad_cam(model, np.zeros((1, 4, 4, 1), np.uint8), np.array([0])) is None
