"""Causal sequence encoders."""

from typing import Any, Literal

import keras
import tensorflow as tf

from kit.layers import ConvolutionEncoder, HSTUBlock, RecurrentEncoder, TransformerBlock

Kind = Literal["attention", "lstm", "gru", "conv"]
Block = Literal["sasrec", "ligr", "hstu"]


@keras.saving.register_keras_serializable(package="kit")
class SequenceEncoder(keras.layers.Layer):
    """Stack of causal blocks over a sequence, with a final layer norm.

    Args:
        kind: "attention", "lstm", "gru" or "conv".
        block: kind of attention block: "sasrec" (pre-norm transformer), "ligr" (with gates and
            SwiGLU) or "hstu".
        layers: number of blocks; twice as many convolutions.
        heads: number of attention heads.
        dropout: dropout rate of the inputs and in each block.
        time_buckets: number of buckets of a `RelativeTimeBias`, for attention only; 0 for none.

    Call arguments:
        vectors: float [batch, length, dim].
        times: float [batch, length], in seconds; used with `time_buckets`.

    Returns:
        float [batch, length, dim].

    Raises:
        ValueError: an unknown kind or block, or `time_buckets` without attention.

    Example:

    >>> SequenceEncoder("gru", layers=1)(tf.ones([2, 5, 8])).shape
    TensorShape([2, 5, 8])
    """

    def __init__(
        self,
        kind: Kind = "attention",
        *,
        block: Block = "ligr",
        layers: int = 2,
        heads: int = 2,
        dropout: float = 0.2,
        time_buckets: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Times must not be cast to the compute dtype.
        self.supports_masking = True
        if kind not in ("attention", "lstm", "gru", "conv"):
            raise ValueError(f"kind must be attention, lstm, gru or conv; got {kind!r}.")
        if block not in ("sasrec", "ligr", "hstu"):
            raise ValueError(f"block must be sasrec, ligr or hstu; got {block!r}.")
        if time_buckets and kind != "attention":
            raise ValueError(f"time_buckets are of attention; the encoder is {kind}.")
        self.kind, self.block, self.layers, self.heads = kind, block, layers, heads
        self.time_buckets = time_buckets
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6, dtype="float32", name="norm")

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        self.blocks = self._made(vectors_shape[-1] or 0)
        for block in (*self.blocks, self.norm):
            block.build(vectors_shape)
        self.built = True

    def _made(self, dim: int) -> list[Any]:
        drop, policy = self.dropout.rate, self.dtype_policy
        if self.kind == "conv":
            return [ConvolutionEncoder(blocks=2 * self.layers, dropout=drop, dtype=policy)]
        if self.kind != "attention":
            return [RecurrentEncoder(self.kind, self.layers, dropout=drop, dtype=policy)]
        shared: dict[str, Any] = {
            "time_buckets": self.time_buckets,
            "dropout": drop,
            "dtype": policy,
        }
        if self.block == "hstu":
            return [HSTUBlock(self.heads, **shared) for _ in range(self.layers)]
        ligr: dict[str, Any] = (
            {"gated": True, "activation": "swiglu"} if self.block == "ligr" else {}
        )
        return [TransformerBlock(self.heads, 4 * dim, **ligr, **shared) for _ in range(self.layers)]

    def call(self, vectors: Any, times: Any = None, training: bool = False) -> Any:
        vectors = self.dropout(vectors, training=training)
        when = {"times": times} if self.time_buckets else {}
        for block in self.blocks:
            vectors = block(vectors, training=training, **when)
        return tf.cast(self.norm(vectors), self.compute_dtype)

    def compute_output_shape(self, vectors_shape: Any, **_: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kind": self.kind,
            "block": self.block,
            "layers": self.layers,
            "heads": self.heads,
            "dropout": self.dropout.rate,
            "time_buckets": self.time_buckets,
        }
