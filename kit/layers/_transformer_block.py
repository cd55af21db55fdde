"""One block of a transformer."""

from typing import Any, Literal

import keras
import tensorflow as tf

from kit.layers._attention import SelfAttention
from kit.layers._feed_forward import Activation, FeedForward


@keras.saving.register_keras_serializable(package="kit")
class TransformerBlock(keras.layers.Layer):
    """Self-attention and a feed-forward layer, each with a residual connection and a norm.

    Args:
        heads: heads of the attention.
        hidden: width of the feed-forward layer.
        norm: "pre" normalises what goes into the two layers, "post" what comes out of the sums.
        activation: of the feed-forward layer.
        gated: whether a sigmoid of the block's input gates what each layer adds, as in LiGR.
        causal: whether a position sees itself and earlier ones only.
        rotary: whether the attention knows positions, by rotation.
        time_buckets: buckets of a relative time bias; 0 for none.
        dropout: share dropped in training of what each layer adds.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False where the position is padding, or None.
        times: float [batch, length], in seconds, where there are `time_buckets`.

    Returns:
        float [batch, length, dim].

    Raises:
        ValueError: an unknown norm; what `SelfAttention` raises.

    Source: Vaswani et al. (2017), Attention is all you need; pre-norm as in Kang and McAuley
    (2018), Self-attentive sequential recommendation; the gates of Borisyuk et al. (2024), LiGR.

    Example:

    >>> TransformerBlock(heads=2, hidden=32, gated=True)(tf.ones([3, 5, 8])).shape
    TensorShape([3, 5, 8])
    """

    # What has a norm, a residual connection and maybe a gate: the attention, the feed-forward.
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
        self.autocast = False  # Times arrive as they are given.
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
        # In float32 under every precision: short floats lose the small differences of a mean.
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
