"""The second stage: the order of a person's candidates."""

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
    """Adds to the retrieval score of each candidate what a ranking model makes of its features.

    As training starts from the order of the retrieval stage, it learns what that stage lacks.

    Args:
        names: of the features, "retrieval" among them.
        dim: width of the vector of each feature.
        hidden: widths of the multilayer perceptron.
        dropout: after each of its layers.
        bins: of each feature.

    Call arguments:
        inputs: float32 [batch, n] by name; of what is no candidate the retrieval score is the
            lowest float.

    Returns:
        Scores, float32 [batch, n]: `retrieval + weight * ranking`; the lowest float where there is
        no candidate.

    Train it with `kit.losses.ListwiseSoftmax` on what was taken, [batch, n]; before that,
    `set_numbers`.

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
        self.autocast = False  # Scores and features arrive as they are given.
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
        """Learn the ranges of the features from lists, float [lists, n] by name."""
        is_candidate = features[RETRIEVAL] > np.finfo(np.float32).min
        self.ranking_model.set_numbers(
            np.stack([features[name][is_candidate] for name in self.names], axis=1)
        )

    def set_weight(self, weight: float) -> None:
        """Store how much the ranking model counts beside the retrieval score."""
        if not self.built:
            self.build()
        self.weight.assign([weight])

    def ranking(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """What the ranking model says alone, float32 [batch, n]; 0 where there is no candidate."""
        shape = tf.shape(inputs[RETRIEVAL])
        flat = {name: tf.reshape(inputs[name], [-1]) for name in self.names}
        logits = tf.cast(self.ranking_model(flat, training=training), tf.float32)
        is_candidate = inputs[RETRIEVAL] > tf.float32.min
        return tf.where(is_candidate, tf.reshape(logits, shape), 0.0)

    def combined(self, retrieval: Any, ranking: Any) -> Any:
        """Both scores in one."""
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
