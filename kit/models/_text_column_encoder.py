"""A vector of a text, learned along with what it is for."""

from typing import Any

import keras
import tensorflow as tf

from kit.models._image_column_encoder import FIRST_SCALE
from kit.models._text_encoder import TextEncoder


# The registered name is older than the class's.
@keras.saving.register_keras_serializable(package="kit", name="TextReader")
class TextColumnEncoder(keras.layers.Layer):
    """A vector of a text's pieces, by a small `TextEncoder` of convolutions.

    Args:
        vocabulary: how many pieces there are; piece 0 is padding.
        dim: width of the vector.
        width: of the encoder.

    Call arguments:
        pieces: int [texts, length], 0 is padding; one that is all padding is none.

    Returns:
        float [texts, dim]; zeros for no text.

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
        found = self.projection(self.encoder(pieces)["pooled"])
        return found * tf.cast(is_there, found.dtype)[:, None]

    def compute_output_shape(self, pieces_shape: Any) -> Any:
        return (pieces_shape[0], self.dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "dim": self.dim,
            "width": self.width,
        }
