"""A vector of a text, learned along with what it is for."""

from typing import Any

import keras
import tensorflow as tf

from kit.layers import ConvolutionEncoder, Embedding, MaskedPooling
from kit.models._picture_reader import FIRST_SCALE


@keras.saving.register_keras_serializable(package="kit")
class TextReader(keras.layers.Layer):
    """A vector of a text's pieces, by convolutions and a mean over the places.

    Args:
        vocabulary: how many pieces there are; piece 0 is padding.
        dim: width of the vector.
        width: of the pieces' vectors.
        blocks: convolutions, each of twice the reach of the one before.

    Call arguments:
        pieces: int [texts, length], 0 is padding; one that is all padding is none.

    Returns:
        float [texts, dim]; zeros for no text.

    Source: Kim (2014), Convolutional neural networks for sentence classification; Bai, Kolter and
    Koltun (2018) for the blocks.

    Example:

    >>> TextReader(vocabulary=9, dim=4)(tf.constant([[3, 5, 0]])).shape
    TensorShape([1, 4])
    """

    def __init__(
        self, vocabulary: int, dim: int, width: int = 64, blocks: int = 2, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary, self.dim, self.width, self.blocks = vocabulary, dim, width, blocks
        self.pieces = Embedding(vocabulary, width, dtype=self.dtype_policy, name="pieces")
        self.encoder = ConvolutionEncoder(blocks=blocks, dtype=self.dtype_policy, name="encoder")
        self.pooling = MaskedPooling(dtype=self.dtype_policy)
        self.projection = keras.layers.Dense(
            dim,
            kernel_initializer=keras.initializers.RandomNormal(stddev=FIRST_SCALE),
            dtype=self.dtype_policy,
            name="projection",
        )

    def build(self, pieces_shape: tuple[int | None, ...]) -> None:
        self.pieces.build((None,))
        self.encoder.build((None, None, self.width))
        self.projection.build((None, self.width))
        self.built = True

    def call(self, pieces: Any) -> Any:
        is_piece = tf.not_equal(pieces, 0)
        vectors = self.encoder(self.pieces(pieces), mask=is_piece)
        found = self.projection(self.pooling(vectors, mask=is_piece))
        is_there = tf.reduce_any(is_piece, axis=1)
        return found * tf.cast(is_there, found.dtype)[:, None]

    def compute_output_shape(self, pieces_shape: Any) -> Any:
        return (pieces_shape[0], self.dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "dim": self.dim,
            "width": self.width,
            "blocks": self.blocks,
        }
