"""The query of a history: its pooled item vectors, whitened."""

from typing import Any

import keras
import tensorflow as tf

RIDGE = 0.03
RIDGE_OF_ONE = 0.3


@keras.saving.register_keras_serializable(package="kit")
class HistoryQuery(keras.layers.Layer):
    """Query of a history: the mean of its item vectors, centered and whitened.

    With items drawn by a softmax over `query . vector + bias`, the query under which a history of n
    items is most likely is, after one Newton step from zero,

        (C + ridge + ridge_of_one / n)^-1 (mean of the history - m)

    with m and C the mean and covariance of item vectors under the softmax of the biases. Directions
    in which all items differ are damped, so that frequent patterns do not hide what is special
    about a history, and short histories are damped more. Both ridges are trained.

    The query is a sum over the items of the history, each with its vector's share.

    Args:
        dim: width of item vectors.
        ridge: initial ridge of long histories.
        ridge_of_one: initial ridge that a history of one item has in addition.

    Call arguments:
        total: float [batch, dim], sum of the item vectors of each history.
        count: float [batch, 1], number of items of each history.

    Returns:
        float [batch, dim]; zeros for an empty history.

    Source: maximum a posteriori estimation of a softmax regression with a Gaussian prior; the
    Newton step is that of iteratively reweighted least squares.

    Example:

    >>> import numpy as np
    >>> layer = HistoryQuery(dim=2, ridge=1.0, ridge_of_one=1.0)
    >>> layer.build()
    >>> print(layer(np.array([[2.0, 4.0]]), np.array([[1.0]])).numpy())
    [[1. 2.]]
    """

    def __init__(
        self, dim: int, ridge: float = RIDGE, ridge_of_one: float = RIDGE_OF_ONE, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Counts and covariances need float32, whatever the precision.
        if ridge <= 0 or ridge_of_one <= 0:
            raise ValueError(
                f"ridge and ridge_of_one must be above 0; got {ridge} and {ridge_of_one}."
            )
        self.dim, self.ridge, self.ridge_of_one = dim, ridge, ridge_of_one

    def build(self, *shapes: Any) -> None:
        # Logarithms relative to the initial values, to which weight decay thus pulls them.
        self.log_ridge = self._weight((), "log_ridge")
        self.log_ridge_of_one = self._weight((), "log_ridge_of_one")
        self.mean = self._weight((self.dim,), "mean", trainable=False)
        self.covariance = self._weight((self.dim, self.dim), "covariance", trainable=False)
        self.built = True

    def _weight(self, shape: tuple[int, ...], name: str, trainable: bool = True) -> Any:
        return self.add_weight(
            shape=shape,
            initializer="zeros",
            trainable=trainable,
            autocast=False,
            # Of moments, over replicas.
            aggregation="none" if trainable else "mean",
            name=name,
        )

    def update(self, vectors: Any, bias: Any, momentum: float = 0.0) -> Any:
        """Set or move the moments of item vectors.

        Args:
            vectors: float [items, dim].
            bias: float [items], logarithm of each item's weight, up to a constant.
            momentum: share of the moments so far that stays.

        Returns:
            The mean of these vectors, float32 [dim], through which gradients pass.
        """
        vectors = tf.cast(vectors, tf.float32)
        weighted = vectors * tf.nn.softmax(tf.cast(bias, tf.float32))[:, None]
        mean = tf.reduce_sum(weighted, axis=0)
        covariance = tf.matmul(weighted, vectors, transpose_a=True) - mean[:, None] * mean[None]
        for moment, value in ((self.mean, mean), (self.covariance, covariance)):
            moment.assign(momentum * moment.value + (1 - momentum) * tf.stop_gradient(value))
        return mean

    def call(self, total: Any, count: Any, mean: Any = None) -> Any:
        total, count = tf.cast(total, tf.float32), tf.cast(count, tf.float32)
        mean = self.mean.value if mean is None else mean
        return tf.cast(self._whitened(total - count * mean, count), self.compute_dtype)

    def shares(self, vectors: Any, count: Any) -> Any:
        """What each item of a history adds to its query.

        Args:
            vectors: float [n, dim], of the items.
            count: float [n, 1], number of items of the history.

        Returns:
            float32 [n, dim].
        """
        centered = tf.cast(vectors, tf.float32) - self.mean.value
        return self._whitened(centered, tf.cast(count, tf.float32))

    def _whitened(self, centered: Any, count: Any) -> Any:
        """Sums of centered vectors -> their mean, whitened."""
        spread, basis, ridge, ridge_of_one = self.parts()
        damped = tf.matmul(centered, basis) / (count * (spread + ridge) + ridge_of_one)
        return tf.matmul(damped, basis, transpose_b=True)

    def parts(self) -> tuple[Any, Any, Any, Any]:
        """Eigenvalues [dim] and eigenvectors [dim, dim] of the covariance, and the two ridges."""
        # Of what is not finite there are no eigenvectors; the loss tells of it.
        covariance = self.covariance.value
        is_finite = tf.reduce_all(tf.math.is_finite(covariance))
        spread, basis = tf.linalg.eigh(tf.where(is_finite, covariance, tf.eye(self.dim)))
        return (
            tf.maximum(spread, 0),
            basis,
            self.ridge * tf.exp(self.log_ridge.value),
            self.ridge_of_one * tf.exp(self.log_ridge_of_one.value),
        )

    def compute_output_shape(
        self, total_shape: Any, count_shape: Any = None, mean_shape: Any = None
    ) -> tuple[Any, ...]:
        return (total_shape[0], self.dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dim": self.dim,
            "ridge": self.ridge,
            "ridge_of_one": self.ridge_of_one,
        }
