"""A vector of an image, learned along with what it is for."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kit.models._image_encoder import ImageEncoder

WIDTHS = (16, 32, 64)
# So small at first that what the ids learn is not disturbed by what means nothing yet.
FIRST_SCALE = 0.02


# The registered name is older than the class's.
@keras.saving.register_keras_serializable(package="kit", name="PictureReader")
class ImageColumnEncoder(keras.layers.Layer):
    """A vector of an image, by a small ConvNeXt that is trained along with what it is for.

    Normalisations by the batch's statistics compute as in use at all times, so that a vector does
    not depend on what else is in a batch.

    Args:
        dim: width of the vector.
        widths: channels of the encoder's stages.

    Call arguments:
        images: uint8 [images, height, width, 3]; one that is black all over is none.

    Returns:
        float [images, dim]; zeros for no image.

    Source: Woo et al. (2023), ConvNeXt V2; He and McAuley (2016), VBPR, for images of items in a
    recommender, there with vectors that do not learn.

    Example:

    >>> ImageColumnEncoder(8)(tf.ones([2, 32, 32, 3], tf.uint8)).shape
    TensorShape([2, 8])
    """

    def __init__(self, dim: int, widths: Sequence[int] = WIDTHS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Pixels arrive as they are given.
        self.dim, self.widths = dim, list(widths)
        self.encoder = ImageEncoder("convnext", self.widths, dtype=self.dtype_policy, name="maps")
        self.projection = keras.layers.Dense(
            dim,
            kernel_initializer=keras.initializers.RandomNormal(stddev=FIRST_SCALE),
            dtype=self.dtype_policy,
            name="projection",
        )

    def build(self, images_shape: tuple[int | None, ...]) -> None:
        self.encoder.build(images_shape)
        self.projection.build((None, self.widths[-1]))
        self.built = True

    def call(self, images: Any) -> Any:
        is_there = tf.reduce_any(images > 0, axis=[1, 2, 3])
        scaled = tf.cast(images, tf.float32) / 127.5 - 1.0
        maps = list(self.encoder(scaled).values())[-1]
        vectors = self.projection(tf.reduce_mean(maps, axis=[1, 2]))
        return vectors * tf.cast(is_there, vectors.dtype)[:, None]

    def compute_output_shape(self, images_shape: Any) -> Any:
        return (images_shape[0], self.dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dim": self.dim, "widths": self.widths}
