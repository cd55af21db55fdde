"""Where in an image a model saw what it says."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.models import ImageClassifier


def grad_cam(
    model: ImageClassifier, images: NDArray[np.uint8], classes: NDArray[np.integer]
) -> NDArray[np.float32] | None:
    """How much each place of the images speaks for a class.

    The gradient of the class's logit, averaged over the places, weighs the channels of the last
    feature map; what is negative is left out.

    Args:
        model: a classifier.
        images: uint8 [images, height, width, channels].
        classes: int [images], for which class of each image it is asked.

    Returns:
        float32 [images, height, width], from 0 to 1, the largest of each image 1 (or all 0);
        None where the encoder gives no feature map.

    Source: Selvaraju et al. (2017), Grad-CAM.

    Example:

    >>> from kit.models import ImageEncoder
    >>> model = ImageClassifier(ImageEncoder(widths=[4]), classes=2)
    >>> grad_cam(model, np.zeros((3, 8, 8, 1), np.uint8), np.array([0, 1, 1])).shape
    (3, 8, 8)
    """
    maps: Any = tf.convert_to_tensor(model.maps(images))
    if len(maps.shape) != 4:
        return None
    with tf.GradientTape() as tape:
        tape.watch(maps)
        logits = model.logits_of_maps(maps)
        chosen = tf.gather(logits, tf.constant(classes, tf.int32), axis=1, batch_dims=1)
    gradients = tf.cast(tape.gradient(chosen, maps), tf.float32)
    weights = tf.reduce_mean(gradients, axis=[1, 2], keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), axis=-1))
    heat = tf.image.resize(heat[..., None], images.shape[1:3], method="bicubic")[..., 0]
    heat = tf.nn.relu(heat)
    heat /= tf.maximum(tf.reduce_max(heat, axis=[1, 2], keepdims=True), 1e-9)
    return np.asarray(heat, np.float32)
