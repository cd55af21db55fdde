"""Recurrent layers over a sequence, read from both ends."""

from typing import Any

import keras
import tensorflow as tf

from kit.layers._recurrent_encoder import CELLS, RecurrentEncoder


@keras.saving.register_keras_serializable(package="kit")
class BidirectionalEncoder(RecurrentEncoder):
    """Stacked layers of two LSTMs or GRUs, one for each direction, with residual connections.

    Padding stands behind. Each sequence is turned round within its own length, so that no state
    ever passes over padding before it passes over what is there: the layers need no mask, which
    would make each of their steps slower.

    Args:
        cell: "lstm" or "gru".
        layers: how many.
        units: width of the states of one direction; None takes half that of the inputs.
        dropout: share of what a layer adds that is dropped in training.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False where the position is padding, which has to stand behind;
            or None.

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
            turned = tf.reverse_sequence(vectors, lengths, seq_axis=1)
            behind = forward(vectors, training=training)
            ahead = tf.reverse_sequence(backward(turned, training=training), lengths, seq_axis=1)
            added = output(tf.concat([behind, ahead], axis=-1))
            vectors = vectors + self.dropout(added, training=training)
        return tf.ensure_shape(vectors, vectors.shape)
