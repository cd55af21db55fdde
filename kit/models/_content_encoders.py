"""Trainable encoders of image and text columns of items."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kit.models._image_encoder import ImageEncoder
from kit.models._text_encoder import TextEncoder

WIDTHS = (16, 32, 64)
# Small initial outputs, so that untrained encoders do not disturb the learning of id embeddings.
FIRST_SCALE = 0.02


# The registered name is older than the class's.
@keras.saving.register_keras_serializable(package="kit", name="PictureReader")
class ImageColumnEncoder(keras.layers.Layer):
    """Image embedding by a small ConvNeXt that is trained jointly with the model that uses it.

    Batch normalization always runs in inference mode, so that a vector does not depend on the rest
    of the batch.

    Args:
        dim: width of the embedding.
        widths: channels of the encoder's stages.

    Call arguments:
        images: uint8 [images, height, width, 3]; an all-black image is missing.

    Returns:
        float [images, dim]; zeros for missing images.

    Source: Woo et al. (2023), ConvNeXt V2; He and McAuley (2016), VBPR, for images of items in a
    recommender, there with frozen image features.

    Example:

    >>> ImageColumnEncoder(8)(tf.ones([2, 32, 32, 3], tf.uint8)).shape
    TensorShape([2, 8])
    """

    def __init__(self, dim: int, widths: Sequence[int] = WIDTHS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Pixels must not be cast to the compute dtype.
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


# The registered name is older than the class's.
@keras.saving.register_keras_serializable(package="kit", name="TextReader")
class TextColumnEncoder(keras.layers.Layer):
    """Text embedding by a small convolutional `TextEncoder` over its token ids.

    Args:
        vocabulary: size of the vocabulary; token id 0 is padding.
        dim: width of the embedding.
        width: width of the encoder.

    Call arguments:
        pieces: token ids, int [texts, length]; 0 is padding. A text of only padding is missing.

    Returns:
        float [texts, dim]; zeros for missing texts.

    Source: Kim (2014), Convolutional neural networks for sentence classification.

    Example:

    >>> TextColumnEncoder(vocabulary=9, dim=4)(tf.constant([[3, 5, 0]])).shape
    TensorShape([1, 4])
    """

    def __init__(self, vocabulary: int, dim: int, width: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Token ids arrive as they are given.
        self.vocabulary, self.dim, self.width = vocabulary, dim, width
        self.encoder = TextEncoder(
            vocabulary, "conv", width, dropout=0.0, dtype=self.dtype_policy, name="encoder"
        )
        self.projection = keras.layers.Dense(
            dim,
            kernel_initializer=keras.initializers.RandomNormal(stddev=FIRST_SCALE),
            dtype=self.dtype_policy,
            name="projection",
        )

    def build(self, pieces_shape: tuple[int | None, ...]) -> None:
        self.encoder.build(pieces_shape)
        self.projection.build((None, self.width))
        self.built = True

    def call(self, pieces: Any) -> Any:
        is_there = tf.reduce_any(tf.not_equal(pieces, 0), axis=1)
        vectors = self.projection(self.encoder(pieces)["pooled"])
        return vectors * tf.cast(is_there, vectors.dtype)[:, None]

    def compute_output_shape(self, pieces_shape: Any) -> Any:
        return (pieces_shape[0], self.dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "dim": self.dim,
            "width": self.width,
        }
