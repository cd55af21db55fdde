"""Transformer decoder block."""

from typing import Any

import keras
import tensorflow as tf

from kit.layers._attention import CrossAttention
from kit.layers._transformer_block import TransformerBlock

ATTENTION, FEED_FORWARD, CROSS = range(3)


@keras.saving.register_keras_serializable(package="kit")
class DecoderBlock(TransformerBlock):
    """Transformer decoder block: self-attention, cross-attention to a memory, feed-forward.

    Args:
        heads: number of attention heads, of both attentions.
        hidden: width of the feed-forward layer.
        settings: further arguments of `TransformerBlock`.

    Call arguments:
        vectors: float [batch, length, dim].
        memory: float [batch, memory length, dim], the encoder's output.
        mask: bool [batch, length], False at padding, or None.
        memory_mask: bool [batch, memory length], False at padding, or None.

    Returns:
        float [batch, length, dim].

    Source: Vaswani et al. (2017), Attention is all you need.

    Example:

    >>> DecoderBlock(heads=2, hidden=32)(tf.ones([3, 5, 8]), tf.ones([3, 7, 8])).shape
    TensorShape([3, 5, 8])
    """

    parts = 3

    def __init__(self, heads: int, hidden: int, **settings: Any) -> None:
        super().__init__(heads, hidden, **settings)
        self.cross_attention = CrossAttention(
            heads, dropout=self.dropout.rate, dtype=self.dtype_policy, name="cross_attention"
        )

    def build(
        self,
        vectors_shape: tuple[int | None, ...],
        memory_shape: tuple[int | None, ...] | None = None,
    ) -> None:
        super().build(vectors_shape)
        self.cross_attention.build(vectors_shape, memory_shape or vectors_shape)

    def call(  # type: ignore[override]
        self,
        vectors: Any,
        memory: Any,
        mask: Any = None,
        memory_mask: Any = None,
        training: bool = False,
    ) -> Any:
        vectors = tf.cast(vectors, self.compute_dtype)
        before = self._before(ATTENTION, vectors)
        attended = self.attention(before, mask=mask, training=training)
        vectors = self._with(ATTENTION, vectors, attended, training)
        before = self._before(CROSS, vectors)
        seen = self.cross_attention(before, memory, memory_mask=memory_mask, training=training)
        vectors = self._with(CROSS, vectors, seen, training)
        before = self._before(FEED_FORWARD, vectors)
        added = self.feed_forward(before, training=training)
        return self._with(FEED_FORWARD, vectors, added, training)

    def step(self, vectors: Any, cache: dict[str, Any], memory: dict[str, Any]) -> Any:
        """The output of `call` at the next position, for several beams per memory.

        Args:
            vectors: float [batch, beams, dim], the next position of each beam.
            cache: "keys" and "values" of the earlier positions, each float [batch, beams, heads,
                earlier positions, dim / heads].
            memory: "keys" and "values" as `CrossAttention.keys_and_values` returns them, and
                "mask".

        Returns:
            float [batch, beams, dim], and the cache including this position.
        """
        batch, beams, dim = tf.shape(vectors)[0], tf.shape(vectors)[1], vectors.shape[-1]

        def flat(x: Any) -> Any:
            return tf.reshape(x, tf.concat([[batch * beams], tf.shape(x)[2:]], axis=0))

        def beamed(x: Any) -> Any:
            return tf.reshape(x, tf.concat([[batch, beams], tf.shape(x)[1:]], axis=0))

        before = tf.reshape(self._before(ATTENTION, vectors), [-1, 1, dim])
        attended, keys, values = self.attention.step(
            before, flat(cache["keys"]), flat(cache["values"])
        )
        cache = {"keys": beamed(keys), "values": beamed(values)}
        attended = tf.reshape(attended, tf.shape(vectors))
        vectors = self._with(ATTENTION, vectors, attended, False)
        # The beams of one memory attend to it as the positions of one sequence do.
        seen = self.cross_attention.attend(
            self._before(CROSS, vectors), memory["keys"], memory["values"], memory["mask"]
        )
        vectors = self._with(CROSS, vectors, seen, False)
        added = self.feed_forward(self._before(FEED_FORWARD, vectors))
        return self._with(FEED_FORWARD, vectors, added, False), cache

    def _before(self, place: int, vectors: Any) -> Any:
        return self._normed(place, vectors) if self.norm == "pre" else vectors

    def compute_output_shape(self, vectors_shape: Any, *_: Any, **__: Any) -> Any:
        return vectors_shape
