"""From token ids to vectors: of every token, and of the whole text."""

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
    """Embeddings of pieces, blocks in which each piece sees all others, and a weighted mean.

    Args:
        size: how many different numbers there are.
        kind: "lstm", bidirectional; "conv", dilated convolutions; or "transformer", whose blocks
            follow one convolution.
        dim: width of the vectors.
        layers: how many blocks; of convolutions twice as many.
        heads: of a transformer's attention.
        dropout: share dropped in training of the embeddings and of what each block adds.
        word_dropout: share of the pieces that are not seen in training.

    Call arguments:
        numbers: int [batch, length]; 0 is padding, which stands behind.

    Returns:
        "vectors", float [batch, length, dim], and "pooled", float [batch, dim].

    Raises:
        ValueError: an unknown kind; what the blocks raise.

    Source: see the blocks; the convolution before attention is of Mohamed et al. (2019),
    Transformers with convolutional context for ASR; dropping whole words of Gal and Ghahramani
    (2016), A theoretically grounded application of dropout in recurrent neural networks.

    Example:

    >>> found = TextEncoder(size=50, kind="conv", dim=8)(tf.constant([[2, 17, 3], [2, 3, 0]]))
    >>> found["vectors"].shape, found["pooled"].shape
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
        # Attention alone is slow to learn that a "not" counts for what stands behind it.
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
        """The vectors of the pieces alone, float [batch, length, dim]."""
        return tf.cast(self.first_norm(self.embedding(numbers)), self.compute_dtype)

    def encoded(self, vectors: Any, mask: Any, training: bool = False) -> dict[str, Any]:
        """What `call` gives, from vectors of pieces.

        Args:
            vectors: what `embedded` gave.
            mask: bool [batch, length], False where there is padding.
            training: whether something is dropped.
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
