"""Embedding of numerical features."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


@keras.saving.register_keras_serializable(package="kit")
class NumberEmbedding(keras.layers.Layer):
    """Piecewise linear embedding of numerical features, with bins at quantiles.

    A linear map fits heavy tails, steps and humps badly. The range of each number is split into
    bins that hold about equally much of the training data, and the vector is linear within each
    bin; outside of the range it is constant. A very frequent value, such as 0 in an amount, does
    not take up all bins, as values count by the square root of their frequency.

    NaN and infinity are missing values. Their vector is the mean vector of the training data plus a
    trainable offset, which is zero at first: a number that was never missing in training gets an
    average vector where it is missing later.

    Args:
        dim: width of the vectors.
        bins: number of bins of each number.

    Call arguments:
        numbers: float [batch, numbers], not standardized.

    Returns:
        float [batch, numbers, dim].

    Source: Gorishniy, Rubachev and Babenko (2022), On embeddings for numerical features in tabular
    deep learning.

    Example:

    >>> layer = NumberEmbedding(dim=4, bins=2)
    >>> layer.build((None, 1))
    >>> layer.adapt(np.array([[0.0], [10.0], [1000.0], [np.nan]]))
    >>> layer.edges.numpy().tolist()
    [[0.0, 10.0, 1000.0]]
    >>> layer(tf.constant([[3.0], [np.nan]])).shape
    TensorShape([2, 1, 4])
    """

    def __init__(self, dim: int, bins: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Numbers must not be cast to the compute dtype.
        self.dim, self.bins = dim, bins

    def build(self, numbers_shape: tuple[int | None, ...]) -> None:
        numbers = numbers_shape[-1]
        self.edges = self.add_weight(
            shape=(numbers, self.bins + 1),
            initializer=_even_edges,
            trainable=False,
            autocast=False,
            name="edges",
        )
        uniform = keras.initializers.RandomUniform(-0.05, 0.05)
        self.kernel = self.add_weight(
            shape=(numbers, self.bins, self.dim), initializer=uniform, name="kernel"
        )
        self.bias = self.add_weight(shape=(numbers, self.dim), initializer=uniform, name="bias")
        self.missing = self.add_weight(
            shape=(numbers, self.dim), initializer="zeros", name="missing"
        )
        self.average = self.add_weight(
            shape=(numbers, self.bins),
            initializer=_even_average,
            trainable=False,
            autocast=False,
            name="average",
        )
        self.built = True

    def edges_of(self, numbers: NDArray[np.floating]) -> NDArray[np.float32]:
        """Compute the edges of the bins, float32 [numbers, bins + 1], of values [rows, numbers].

        Raises:
            ValueError: a number is infinite.
        """
        if np.isinf(numbers).any():
            raise ValueError("A number is infinite; leave such rows out or give NaN.")
        columns = [_edges(column[~np.isnan(column)], self.bins) for column in numbers.T]
        return np.stack(columns).astype(np.float32)

    def set_edges(self, edges: NDArray[np.floating]) -> None:
        """Store the edges of the bins, [numbers, bins + 1], each row ascending.

        Missing values get the mean vector of equally frequent bins; `adapt` stores the actual mean.
        """
        self.edges.assign(edges)
        self.average.assign(_even_average((len(edges), self.bins)) * (np.diff(edges) > 0))

    def adapt(self, numbers: NDArray[np.floating]) -> None:
        """Compute the bins and the mean vectors for missing values from training data.

        Args:
            numbers: training values [rows, numbers], NaN where missing.

        Raises:
            ValueError: a number is infinite.
        """
        edges = self.edges_of(numbers)
        self.set_edges(edges)
        means = [
            _filled(column[~np.isnan(column), None], own[:-1], own[1:]).mean(axis=0)
            if np.isfinite(column).any()
            else np.zeros(self.bins)
            for column, own in zip(numbers.T, edges, strict=True)
        ]
        self.average.assign(np.stack(means))

    def call(self, numbers: Any) -> Any:
        numbers = tf.cast(numbers, tf.float32)[..., None]
        missing = ~tf.math.is_finite(numbers)
        low, high = self.edges.value[:, :-1], self.edges.value[:, 1:]
        above = tf.where(missing, tf.zeros_like(low), numbers - low)
        filled = tf.clip_by_value(tf.math.divide_no_nan(above, high - low), 0, 1)
        filled = tf.where(missing, self.average.value, filled)
        kernel, bias, offset = (
            tf.cast(weight.value, self.compute_dtype)
            for weight in (self.kernel, self.bias, self.missing)
        )
        vectors = tf.einsum("rnb,nbd->rnd", tf.cast(filled, self.compute_dtype), kernel) + bias
        return tf.where(missing, vectors + offset, vectors)

    def load_own_variables(self, store: Any) -> None:
        """Load the weights; older files store the whole vector of missing values and no average."""
        if "4" in store.keys():  # noqa: SIM118
            super().load_own_variables(store)
            return
        kernel, bias, missing, edges = (np.asarray(store[str(n)]) for n in range(4))
        self.kernel.assign(kernel)
        self.bias.assign(bias)
        self.missing.assign(missing - bias)
        self.edges.assign(edges)
        self.average.assign(np.zeros(self.average.shape))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape, self.dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dim": self.dim, "bins": self.bins}


def _even_edges(shape: tuple[int, int], dtype: Any = None) -> Any:
    return tf.broadcast_to(tf.linspace(-2.0, 2.0, shape[1]), shape)


def _even_average(shape: tuple[int, int], dtype: Any = None) -> Any:
    """Mean fill of each bin, 0 to 1, if values fall into all bins equally often."""
    return np.broadcast_to(1 - (np.arange(shape[1]) + 0.5) / shape[1], shape).astype(np.float32)


def _filled(values: Any, low: Any, high: Any) -> NDArray[np.floating]:
    """Fill of each bin, 0 to 1: how far a value reaches into it; 0 for a bin without width."""
    width = np.where(high > low, high - low, np.inf)
    filled: NDArray[np.floating] = np.clip((values - low) / width, 0, 1)
    return filled


def _edges(values: NDArray[np.floating], bins: int) -> NDArray[np.floating]:
    if not values.size:
        return np.zeros(bins + 1)
    distinct, times = np.unique(values, return_counts=True)
    # Square roots of the counts, so that a frequent value leaves bins to the rare ones around it.
    share = np.cumsum(np.sqrt(times))
    wanted = np.linspace(share[0], share[-1], bins + 1)
    edges = np.unique(distinct[np.searchsorted(share, wanted - 1e-9 * share[-1])])
    return np.pad(edges, (0, bins + 1 - len(edges)), mode="edge")
