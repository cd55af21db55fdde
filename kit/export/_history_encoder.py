"""From a history to a query, in the exported graph."""

from typing import Any

import tensorflow as tf

from kit.models import SequentialRecommender


class HistoryEncoder(tf.Module):
    """The encoder of a sequential model, without Keras in the export.

    It takes vectors, not codes, so that items added to the catalogue later may stand in a history.
    `query` takes no times; where the model looks at them, `timed_query` does.

    Args:
        model: a built model.
    """

    def __init__(self, model: SequentialRecommender) -> None:
        super().__init__()
        # The layer itself stays outside: only its variables and what it computes are saved.
        self._weights = [weight.value for weight in model.encoder.variables]
        encode = model.encode
        specs = [
            tf.TensorSpec([None, None, model.dim + 1], tf.float32, "vectors"),
            tf.TensorSpec([None, None], tf.bool, "known"),
        ]

        @tf.function(input_signature=specs, autograph=False)
        def query(vectors: Any, known: Any) -> Any:
            return tf.cast(encode(vectors, known), tf.float32)

        @tf.function(
            input_signature=[*specs, tf.TensorSpec([None, None], tf.int64, "times")],
            autograph=False,
        )
        def timed_query(vectors: Any, known: Any, times: Any) -> Any:
            return tf.cast(encode(vectors, known, times), tf.float32)

        self.query = query
        if model.is_timed:
            self.timed_query = timed_query
