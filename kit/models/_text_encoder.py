"""Text encoder: from token ids to token vectors and a text vector."""

from typing import Any, Literal

import keras
import tensorflow as tf

from kit.layers import (
    AttentionPooling,
    BidirectionalEncoder,
    ConvolutionEncoder,
    Embedding,
    TransformerBlock,
)

TextKind = Literal["lstm", "conv", "transformer"]
PADDING = 0
SPREAD = 0.02


@keras.saving.register_keras_serializable(package="kit")
class TextEncoder(keras.layers.Layer):
    """Text encoder: token embeddings, bidirectional blocks and attention pooling.

    Args:
        size: size of the vocabulary.
        kind: "lstm", bidirectional; "conv", dilated convolutions; or "transformer", whose blocks
            follow one convolution.
        dim: width of the vectors.
        layers: number of blocks; twice as many convolutions.
        heads: number of attention heads of a transformer.
        dropout: dropout rate of the embeddings and in each block.
        word_dropout: dropout rate of whole tokens.

    Call arguments:
        numbers: token ids, int [batch, length], padded on the right with 0.

    Returns:
        "vectors", float [batch, length, dim], and "pooled", float [batch, dim].

    Raises:
        ValueError: an unknown kind, or an error of the blocks.

    Source: see the blocks; the convolution before attention is of Mohamed et al. (2019),
    Transformers with convolutional context for ASR; dropping whole words of Gal and Ghahramani
    (2016), A theoretically grounded application of dropout in recurrent neural networks.

    Example:

    >>> outputs = TextEncoder(size=50, kind="conv", dim=8)(tf.constant([[2, 17, 3], [2, 3, 0]]))
    >>> outputs["vectors"].shape, outputs["pooled"].shape
    (TensorShape([2, 3, 8]), TensorShape([2, 8]))
    """

    def __init__(
        self,
        size: int,
        kind: TextKind = "lstm",
        dim: int = 128,
        layers: int = 1,
        heads: int = 4,
        dropout: float = 0.2,
        word_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Token ids arrive as they are given.
        if kind not in ("lstm", "conv", "transformer"):
            raise ValueError(f"kind must be lstm, conv or transformer; got {kind!r}.")
        self.size, self.kind, self.dim, self.layers, self.heads = size, kind, dim, layers, heads
        policy = self.dtype_policy
        self.embedding = Embedding(
            size,
            dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=SPREAD),
            dtype=policy,
            name="embedding",
        )
        self.first_norm = keras.layers.LayerNormalization(
            epsilon=1e-6, dtype="float32", name="first_norm"
        )
        self.dropout = keras.layers.Dropout(dropout, dtype=policy)
        self.word_dropout = keras.layers.Dropout(
            word_dropout, noise_shape=(None, None, 1), dtype=policy
        )
        self.blocks = self._made()
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6, dtype="float32", name="norm")
        self.pooling = AttentionPooling(dtype=policy, name="pooling")

    def _made(self) -> list[Any]:
        drop, policy = self.dropout.rate, self.dtype_policy
        if self.kind == "lstm":
            return [BidirectionalEncoder("lstm", self.layers, dropout=drop, dtype=policy)]
        if self.kind == "conv":
            blocks = 2 * self.layers
            return [ConvolutionEncoder(5, blocks, dropout=drop, causal=False, dtype=policy)]
        hidden, named = 2 * self.dim, {"dropout": drop, "dtype": policy}
        # Attention alone is slow to learn local patterns, such as the effect of "not".
        near = ConvolutionEncoder(5, 1, causal=False, name="near", **named)
        far = [
            TransformerBlock(self.heads, hidden, causal=False, name=f"block_{i}", **named)
            for i in range(self.layers)
        ]
        return [near, *far]

    def build(self, numbers_shape: tuple[int | None, ...]) -> None:
        self.embedding.build(numbers_shape)
        for layer in (self.first_norm, *self.blocks, self.norm, self.pooling):
            layer.build((*numbers_shape, self.dim))
        self.built = True

    def call(self, numbers: Any, training: bool = False) -> dict[str, Any]:
        return self.encoded(self.embedded(numbers), numbers != PADDING, training=training)

    def embedded(self, numbers: Any) -> Any:
        """Token embeddings without context, float [batch, length, dim]."""
        return tf.cast(self.first_norm(self.embedding(numbers)), self.compute_dtype)

    def encoded(self, vectors: Any, mask: Any, training: bool = False) -> dict[str, Any]:
        """The output of `call` from token embeddings.

        Args:
            vectors: token embeddings that `embedded` returned.
            mask: bool [batch, length], False at padding.
            training: whether to apply dropout.
        """
        vectors = self.word_dropout(self.dropout(vectors, training=training), training=training)
        for block in self.blocks:
            vectors = block(vectors, mask=mask, training=training)
        vectors = tf.cast(self.norm(vectors), self.compute_dtype)
        return {"vectors": vectors, "pooled": self.pooling(vectors, mask=mask)}

    def compute_output_shape(self, numbers_shape: Any) -> dict[str, Any]:
        return {"vectors": (*numbers_shape, self.dim), "pooled": (numbers_shape[0], self.dim)}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": self.size,
            "kind": self.kind,
            "dim": self.dim,
            "layers": self.layers,
            "heads": self.heads,
            "dropout": self.dropout.rate,
            "word_dropout": self.word_dropout.rate,
        }
