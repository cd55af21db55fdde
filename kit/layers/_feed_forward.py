"""Position-wise feed-forward layer of a transformer."""

from typing import Any, Literal

import keras

Activation = Literal["relu", "gelu", "swiglu"]


@keras.saving.register_keras_serializable(package="kit")
class FeedForward(keras.layers.Layer):
    """Position-wise feed-forward network: two dense layers, or three with SwiGLU.

    Args:
        hidden: width of the hidden layer.
        activation: "relu", "gelu", or "swiglu", where a third layer with SiLU gates the hidden one.
        dropout: dropout rate of the hidden layer.

    Call arguments:
        vectors: float [..., dim].

    Returns:
        float [..., dim].

    Raises:
        ValueError: an unknown activation.

    Source: Shazeer (2020), GLU variants improve transformer.

    Example:

    >>> import numpy as np
    >>> FeedForward(hidden=16, activation="swiglu")(np.ones((2, 3, 8))).shape
    TensorShape([2, 3, 8])
    """

    def __init__(
        self, hidden: int, activation: Activation = "gelu", dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        if activation not in ("relu", "gelu", "swiglu"):
            raise ValueError(f"activation must be relu, gelu or swiglu; got {activation!r}.")
        self.hidden, self.activation = hidden, activation
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        def dense(units: int | None, name: str, activation: str | None = None) -> Any:
            return keras.layers.Dense(
                units, activation=activation, dtype=self.dtype_policy, name=name
            )

        is_gated = self.activation == "swiglu"
        self.inner = dense(self.hidden, "inner", "silu" if is_gated else self.activation)
        self.inner.build(vectors_shape)
        self.gated = dense(self.hidden, "gated") if is_gated else None
        if self.gated is not None:
            self.gated.build(vectors_shape)
        self.outer = dense(vectors_shape[-1], "outer")
        self.outer.build((*vectors_shape[:-1], self.hidden))
        self.built = True

    def call(self, vectors: Any, training: bool = False) -> Any:
        hidden = self.inner(vectors)
        if self.gated is not None:
            hidden *= self.gated(vectors)
        return self.outer(self.dropout(hidden, training=training))

    def compute_output_shape(self, vectors_shape: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "hidden": self.hidden,
            "activation": self.activation,
            "dropout": self.dropout.rate,
        }
