"""A tower over one kind of thing: users or items."""

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.layers import Embedding, FeatureBag


@dataclass(frozen=True)
class FeatureShape:
    """Shape of a feature table.

    Args:
        vocabulary: rows of the token table, row 0 for padding.
        tokens: token columns.
        numbers: number columns.
    """

    vocabulary: int
    tokens: int
    numbers: int


@keras.saving.register_keras_serializable(package="kit")
class EntityTower(keras.layers.Layer):
    """Embeds codes: a vector of the id plus a `FeatureBag` of the features.

    The features of all known codes lie in the layer, set once with `set_features`, so that a batch
    carries codes only. What is not known yet is embedded from its features alone by
    `embed_features`.

    Args:
        size: known codes, 1 to `size`; code 0 means unknown or padding and has a zero id vector.
        dim: width of the result.
        features: shape of the feature table, or None.
        id_dropout: share of the id vector's entries dropped in training.
        unit: whether vectors have length 1, but for their last entry, a bias, which is as it is.

    Call arguments:
        codes: int [...].

    Returns:
        float [..., dim].

    Example:

    >>> tower = EntityTower(size=3, dim=2, features=FeatureShape(vocabulary=5, tokens=1, numbers=0))
    >>> tower.build(None)
    >>> tower.set_features(np.array([[1], [2], [2]]), np.empty((3, 0)))
    >>> tower(np.array([1, 0])).shape
    TensorShape([2, 2])
    """

    def __init__(
        self,
        size: int,
        dim: int,
        features: FeatureShape | dict[str, int] | None = None,
        id_dropout: float = 0.0,
        unit: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.dim, self.id_dropout, self.unit = size, dim, id_dropout, unit
        self.features = FeatureShape(**features) if isinstance(features, dict) else features
        self.ids = Embedding(size + 1, dim, name="ids")
        # In float32 the same entries are dropped in every precision.
        self.dropout = keras.layers.Dropout(id_dropout, dtype="float32")
        self.bag = FeatureBag(self.features.vocabulary, dim) if self.features else None

    def build(self, codes_shape: tuple[int | None, ...] | None) -> None:
        self.ids.build((None,))
        if self.bag is not None and self.features is not None:
            self.bag.build((None, self.features.tokens), (None, self.features.numbers))
            self.tokens = self._table(self.features.tokens, "int32", "feature_tokens")
            self.numbers = self._table(self.features.numbers, "float32", "feature_numbers")
        self.built = True

    def _table(self, columns: int, dtype: str, name: str) -> Any:
        return self.add_weight(
            shape=(self.size + 1, columns),
            dtype=dtype,
            initializer="zeros",
            trainable=False,
            autocast=False,
            name=name,
        )

    def set_features(self, tokens: NDArray[np.integer], numbers: NDArray[np.floating]) -> None:
        """Store the features of codes 1 to `size`: [size, tokens] and [size, numbers]."""
        self.tokens.assign(np.pad(tokens, ((1, 0), (0, 0))))
        self.numbers.assign(np.pad(numbers, ((1, 0), (0, 0))))

    def call(self, codes: Any, training: bool = False) -> Any:
        known = tf.cast(tf.not_equal(codes, 0), self.compute_dtype)[..., None]
        vectors = self.ids(codes)
        if self.id_dropout:
            vectors = tf.cast(self.dropout(vectors, training=training), self.compute_dtype)
        vectors *= known
        if self.bag is None:
            return self._finished(vectors)
        tokens = tf.gather(self.tokens.value, codes)
        numbers = tf.gather(self.numbers.value, codes)
        return self._finished(vectors + self.bag(tokens, tf.cast(numbers, self.compute_dtype)))

    def embed_features(self, tokens: Any, numbers: Any) -> Any:
        """Vectors of things without a code: [..., tokens] and [..., numbers] -> [..., dim].

        Raises:
            ValueError: the tower was built without features.
        """
        if self.bag is None:
            raise ValueError("This tower knows ids only; build it with `features`.")
        return self._finished(self.bag(tokens, numbers))

    def _finished(self, vectors: Any) -> Any:
        if not self.unit:
            return vectors
        direction = tf.math.l2_normalize(vectors[..., :-1], axis=-1)
        return tf.concat([direction, vectors[..., -1:]], axis=-1)

    def compute_output_shape(self, codes_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*codes_shape, self.dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": self.size,
            "dim": self.dim,
            "features": asdict(self.features) if self.features else None,
            "id_dropout": self.id_dropout,
            "unit": self.unit,
        }
