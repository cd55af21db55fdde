"""Transformer encoder block."""

from typing import Any, Literal

import keras
import tensorflow as tf

from kit.layers._attention import SelfAttention
from kit.layers._feed_forward import Activation, FeedForward


@keras.saving.register_keras_serializable(package="kit")
class TransformerBlock(keras.layers.Layer):
    """Self-attention and feed-forward layer, each with a residual connection and layer norm.

    Args:
        heads: number of attention heads.
        hidden: width of the feed-forward layer.
        norm: "pre" normalizes the inputs of the two sublayers, "post" the outputs of the residual
            additions.
        activation: activation of the feed-forward layer.
        gated: whether a sigmoid of each sublayer's residual input gates its output, as in LiGR.
        causal: whether a position attends only to itself and earlier positions.
        rotary: whether to use rotary position embeddings.
        time_buckets: number of buckets of a `RelativeTimeBias`; 0 for none.
        dropout: dropout rate of each sublayer's output, of the attention weights and of the hidden
            layer.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding, or None.
        times: float [batch, length], in seconds; required with `time_buckets`.

    Returns:
        float [batch, length, dim].

    Raises:
        ValueError: an unknown norm, or an error of `SelfAttention`.

    Source: Vaswani et al. (2017), Attention is all you need; pre-norm as in Kang and McAuley
    (2018), Self-attentive sequential recommendation; gates as in Borisyuk et al. (2024), LiGR.

    Example:

    >>> TransformerBlock(heads=2, hidden=32, gated=True)(tf.ones([3, 5, 8])).shape
    TensorShape([3, 5, 8])
    """

    # Number of sublayers, each with a norm, a residual connection and maybe a gate.
    parts = 2

    def __init__(
        self,
        heads: int,
        hidden: int,
        *,
        norm: Literal["pre", "post"] = "pre",
        activation: Activation = "gelu",
        gated: bool = False,
        causal: bool = True,
        rotary: bool = True,
        time_buckets: int = 0,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Times must not be cast to the compute dtype.
        self.supports_masking = True
        if norm not in ("pre", "post"):
            raise ValueError(f"norm must be pre or post; got {norm!r}.")
        self.norm, self.gated = norm, gated
        self.attention = SelfAttention(
            heads,
            causal=causal,
            rotary=rotary,
            time_buckets=time_buckets,
            dropout=dropout,
            dtype=self.dtype_policy,
            name="attention",
        )
        self.feed_forward = FeedForward(
            hidden, activation, dropout, dtype=self.dtype_policy, name="feed_forward"
        )
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        # In float32 under every precision, as half precision is too coarse for mean and variance.
        self.norms = [
            keras.layers.LayerNormalization(epsilon=1e-6, dtype="float32", name=f"norm_{i}")
            for i in range(self.parts)
        ]

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        for layer in (self.attention, self.feed_forward, *self.norms):
            layer.build(vectors_shape)
        self.gates = []
        if self.gated:
            self.gates = [
                keras.layers.Dense(
                    vectors_shape[-1],
                    activation="sigmoid",
                    dtype=self.dtype_policy,
                    name=f"gate_{i}",
                )
                for i in range(self.parts)
            ]
        for gate in self.gates:
            gate.build(vectors_shape)
        self.built = True

    def call(
        self, vectors: Any, mask: Any = None, times: Any = None, training: bool = False
    ) -> Any:
        vectors = tf.cast(vectors, self.compute_dtype)
        before = self._normed(0, vectors) if self.norm == "pre" else vectors
        attended = self.attention(before, mask=mask, times=times, training=training)
        vectors = self._with(0, vectors, attended, training)
        before = self._normed(1, vectors) if self.norm == "pre" else vectors
        return self._with(1, vectors, self.feed_forward(before, training=training), training)

    def _with(self, place: int, vectors: Any, added: Any, training: bool) -> Any:
        added = self.dropout(added, training=training)
        if self.gates:
            added *= self.gates[place](vectors)
        vectors = vectors + added
        return vectors if self.norm == "pre" else self._normed(place, vectors)

    def _normed(self, place: int, vectors: Any) -> Any:
        return tf.cast(self.norms[place](vectors), self.compute_dtype)

    def compute_output_shape(self, vectors_shape: Any, **_: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        attention = self.attention
        return {
            **super().get_config(),
            "heads": attention.heads,
            "hidden": self.feed_forward.hidden,
            "norm": self.norm,
            "activation": self.feed_forward.activation,
            "gated": self.gated,
            "causal": attention.causal,
            "rotary": attention.rotary,
            "time_buckets": attention.time_buckets,
            "dropout": self.dropout.rate,
        }
