"""Recurrent encoders, unidirectional and bidirectional."""

from typing import Any, Literal

import keras
import tensorflow as tf

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


@keras.saving.register_keras_serializable(package="kit")
class RecurrentEncoder(keras.layers.Layer):
    """Stacked LSTM or GRU layers, each with a residual connection; padding is skipped.

    Args:
        cell: "lstm" or "gru".
        layers: number of layers.
        units: width of the states; None for the width of the inputs.
        dropout: dropout rate of each layer's output before the residual addition.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding, or None.

    Returns:
        float [batch, length, dim].

    Raises:
        ValueError: an unknown cell.

    Source: Hochreiter and Schmidhuber (1997), Long short-term memory; Cho et al. (2014), Learning
    phrase representations using RNN encoder-decoder; as a recommender Hidasi et al. (2016),
    Session-based recommendations with recurrent neural networks (GRU4Rec).

    Example:

    >>> RecurrentEncoder("gru", layers=2)(tf.ones([3, 5, 8])).shape
    TensorShape([3, 5, 8])
    """

    def __init__(
        self,
        cell: Literal["lstm", "gru"] = "lstm",
        layers: int = 1,
        units: int | None = None,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if cell not in CELLS:
            raise ValueError(f"cell must be lstm or gru; got {cell!r}.")
        self.cell, self.layers, self.units = cell, layers, units
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.supports_masking = True

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        dim = vectors_shape[-1]
        policy = self.dtype_policy
        units = self.units or dim
        self.recurrent = [
            CELLS[self.cell](units, return_sequences=True, dtype=policy, name=f"{self.cell}_{i}")
            for i in range(self.layers)
        ]
        self.outputs_ = [
            keras.layers.Dense(dim, dtype=policy, name=f"output_{i}") for i in range(self.layers)
        ]
        for recurrent, output in zip(self.recurrent, self.outputs_, strict=True):
            recurrent.build(vectors_shape)
            output.build((*vectors_shape[:-1], units))
        self.built = True

    def call(self, vectors: Any, mask: Any = None, training: bool = False) -> Any:
        for recurrent, output in zip(self.recurrent, self.outputs_, strict=True):
            states = recurrent(vectors, mask=mask, training=training)
            vectors = vectors + self.dropout(output(states), training=training)
        return tf.ensure_shape(vectors, vectors.shape)

    def compute_output_shape(self, vectors_shape: Any, **_: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cell": self.cell,
            "layers": self.layers,
            "units": self.units,
            "dropout": self.dropout.rate,
        }


@keras.saving.register_keras_serializable(package="kit")
class BidirectionalEncoder(RecurrentEncoder):
    """Stacked bidirectional LSTM or GRU layers, each with a residual connection.

    Padding must be on the right. For the backward direction each sequence is reversed within its
    own length, so no state sees padding before the sequence itself. The recurrent layers therefore
    need no mask, which would slow down each of their steps.

    Args:
        cell: "lstm" or "gru".
        layers: number of layers.
        units: width of the states of one direction; None for half the width of the inputs.
        dropout: dropout rate of each layer's output before the residual addition.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding, which must be on the right; or None.

    Returns:
        float [batch, length, dim].

    Raises:
        ValueError: an unknown cell.

    Source: Schuster and Paliwal (1997), Bidirectional recurrent neural networks; Graves and
    Schmidhuber (2005), Framewise phoneme classification with bidirectional LSTM.

    Example:

    >>> BidirectionalEncoder("lstm", layers=2)(tf.ones([3, 5, 8])).shape
    TensorShape([3, 5, 8])
    """

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        dim, policy = int(vectors_shape[-1] or 0), self.dtype_policy
        units = self.units or max(1, dim // 2)
        self.directions = [
            [
                CELLS[self.cell](units, return_sequences=True, dtype=policy, name=f"{way}_{i}")
                for way in ("forward", "backward")
            ]
            for i in range(self.layers)
        ]
        self.outputs_ = [
            keras.layers.Dense(dim, dtype=policy, name=f"output_{i}") for i in range(self.layers)
        ]
        for directions, output in zip(self.directions, self.outputs_, strict=True):
            for recurrent in directions:
                recurrent.build(vectors_shape)
            output.build((*vectors_shape[:-1], 2 * units))
        self.built = True

    def call(self, vectors: Any, mask: Any = None, training: bool = False) -> Any:
        shape = tf.shape(vectors)
        lengths = tf.fill([shape[0]], shape[1])
        if mask is not None:
            lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        for (forward, backward), output in zip(self.directions, self.outputs_, strict=True):
            reversed_ = tf.reverse_sequence(vectors, lengths, seq_axis=1)
            behind = forward(vectors, training=training)
            ahead = tf.reverse_sequence(backward(reversed_, training=training), lengths, seq_axis=1)
            added = output(tf.concat([behind, ahead], axis=-1))
            vectors = vectors + self.dropout(added, training=training)
        return tf.ensure_shape(vectors, vectors.shape)
