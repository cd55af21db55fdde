"""The ranking stage, which reorders the candidates of the retrieval stage."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.models._ranking import Ranking
from kit.models._ranking_input import RankingInput

RETRIEVAL = "retrieval"


@keras.saving.register_keras_serializable(package="kit")
class CandidateRanking(keras.Model):
    """Ranking stage: adds the score of a ranking model to the retrieval score of each candidate.

    Training starts from the retrieval scores, so the ranking model learns a correction to them.

    Args:
        names: names of the features, including "retrieval".
        dim: width of the embedding of each feature.
        hidden: widths of the multilayer perceptron.
        dropout: dropout rate after each of its layers.
        bins: number of bins per feature, see `kit.layers.NumberEmbedding`.

    Call arguments:
        inputs: feature name to float32 [batch, n]; a retrieval score of the lowest float marks
            padding.

    Returns:
        Scores, float32 [batch, n]: `retrieval + weight * ranking`; the lowest float for padding.

    Call `set_numbers` first, then train with `kit.losses.ListwiseSoftmax` on relevance labels
    [batch, n].

    Raises:
        ValueError: no feature is called "retrieval".

    Example:

    >>> model = CandidateRanking(["retrieval", "price"], dim=4, hidden=[8])
    >>> price, retrieval = np.array([[1.0, 2.0, 0.0]]), np.array([[0.5, 0.4, 0.3]])
    >>> model({"retrieval": retrieval, "price": price}).shape
    TensorShape([1, 3])
    """

    def __init__(
        self,
        names: Sequence[str],
        dim: int = 8,
        *,
        hidden: Sequence[int] = (64, 32),
        dropout: float = 0.2,
        bins: int = 16,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Scores and features must not be cast.
        if RETRIEVAL not in names:
            raise ValueError(f"One of the features has to be {RETRIEVAL!r}; got {list(names)}.")
        self.names, self.dim, self.bins = tuple(names), dim, bins
        self.hidden, self.dropout = tuple(hidden), dropout
        self.ranking_model = Ranking(
            [RankingInput(name, "number") for name in self.names],
            dim=dim,
            hidden=self.hidden,
            dropout=dropout,
            bins=bins,
        )

    def build(self, input_shape: Any = None) -> None:
        if not self.ranking_model.built:
            self.ranking_model.build()
        self.weight = self.add_weight(
            shape=(1,), initializer="ones", trainable=False, autocast=False, name="weight"
        )
        self.built = True

    def set_numbers(self, features: dict[str, NDArray[np.floating]]) -> None:
        """Fit the bins of the features to lists of candidates: name to float [lists, n]."""
        is_candidate = features[RETRIEVAL] > np.finfo(np.float32).min
        self.ranking_model.set_numbers(
            np.stack([features[name][is_candidate] for name in self.names], axis=1)
        )

    def set_weight(self, weight: float) -> None:
        """Set the weight of the ranking score relative to the retrieval score."""
        if not self.built:
            self.build()
        self.weight.assign([weight])

    def ranking(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """The score of the ranking model alone, float32 [batch, n]; 0 for padding."""
        shape = tf.shape(inputs[RETRIEVAL])
        flat = {name: tf.reshape(inputs[name], [-1]) for name in self.names}
        logits = tf.cast(self.ranking_model(flat, training=training), tf.float32)
        is_candidate = inputs[RETRIEVAL] > tf.float32.min
        return tf.where(is_candidate, tf.reshape(logits, shape), 0.0)

    def combined(self, retrieval: Any, ranking: Any) -> Any:
        """Combine the retrieval and the ranking score."""
        return tf.where(
            retrieval > tf.float32.min,
            retrieval + self.weight.value * ranking,
            tf.float32.min,
        )

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        retrieval = tf.cast(inputs[RETRIEVAL], tf.float32)
        return self.combined(
            retrieval, self.ranking({**inputs, RETRIEVAL: retrieval}, training=training)
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "names": list(self.names),
            "dim": self.dim,
            "hidden": list(self.hidden),
            "dropout": self.dropout,
            "bins": self.bins,
        }
