"""The tower of a two-tower model: embeds users or items."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.layers import Embedding, FeatureBag, integer_ids
from kit.models._content_encoders import ImageColumnEncoder, TextColumnEncoder


@dataclass(frozen=True)
class FeatureShape:
    """Shape of a feature table.

    Args:
        vocabulary: rows of the token table, row 0 for padding.
        tokens: token columns.
        numbers: number columns.
        entries: how many of them, the last, are entries of vectors.
    """

    vocabulary: int
    tokens: int
    numbers: int
    entries: int = 0


@dataclass(frozen=True)
class ContentShape:
    """Shape of a table of images or texts, for which the tower trains an encoder.

    Args:
        shape: height, width and 3 of an image; the number of tokens of a text.
        vocabulary: size of the vocabulary of texts; 0 for images.
    """

    shape: Sequence[int]
    vocabulary: int = 0

    @property
    def dtype(self) -> str:
        """Dtype of the table."""
        return "int32" if self.vocabulary else "uint8"


# Of arguments, in files that earlier versions saved.
OLD_NAMES = {"id_hiding": "id_dropout", "item_id_hiding": "item_id_dropout"}


def with_new_names(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a tower, or of a model with one, with arguments of today's names."""
    return {OLD_NAMES.get(name, name): value for name, value in config.items()}


@keras.saving.register_keras_serializable(package="kit")
class EntityTower(keras.layers.Layer):
    """Embeds codes as the sum of an id vector, a `FeatureBag` and encoded images and texts.

    The layer stores the features of all known codes (`set_features`) and their images and texts
    (`set_contents`), so a batch contains only codes. `embed_features` embeds new users or items
    from their features alone.

    Args:
        size: number of known codes, 1 to `size`; code 0 is unknown or padding and
            has a zero id vector.
        dim: width of the output.
        features: shape of the feature table, or None.
        id_dropout: dropout rate of whole id vectors, so that the model learns to embed by features,
            images and texts alone, as it must for new users or items.
        unit: whether to normalize vectors to length 1, except for their last entry, a bias.
        contents: shapes of the tables of images and texts.
        ids: whether codes have id vectors; without them they are embedded by the rest alone.

    Call arguments:
        codes: int [...].

    Returns:
        float [..., dim].

    Source: dropout of whole ids as in Volkovs, Yu and Poutanen (2017), DropoutNet.

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
        unit: bool = False,
        contents: Sequence[ContentShape | dict[str, Any]] = (),
        id_dropout: float = 0.0,
        ids: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Codes and features must not be cast.
        self.size, self.dim, self.unit = size, dim, unit
        self.id_dropout = id_dropout
        if id_dropout:
            self.hiding_seed = keras.random.SeedGenerator()
        self.features = FeatureShape(**features) if isinstance(features, dict) else features
        self.ids = Embedding(size + 1, dim, name="ids") if ids else None
        self.bag = None
        if self.features is not None:
            self.bag = FeatureBag(self.features.vocabulary, dim, self.features.entries)
        self.contents = [ContentShape(**x) if isinstance(x, dict) else x for x in contents]
        self.readers = [
            TextColumnEncoder(one.vocabulary, dim, name=f"reader_{number}")
            if one.vocabulary
            else ImageColumnEncoder(dim, name=f"reader_{number}")
            for number, one in enumerate(self.contents)
        ]

    @property
    def reads_features(self) -> bool:
        """Whether users or items without a code can be embedded."""
        return self.bag is not None or bool(self.readers)

    def build(self, codes_shape: tuple[int | None, ...] | None) -> None:
        if self.ids is not None:
            self.ids.build((None,))
        if self.bag is not None and self.features is not None:
            self.bag.build((None, self.features.tokens), (None, self.features.numbers))
            self.tokens = self._table((self.features.tokens,), "int32", "feature_tokens")
            self.numbers = self._table((self.features.numbers,), "float32", "feature_numbers")
        self.content_tables = []
        for number, (one, reader) in enumerate(zip(self.contents, self.readers, strict=True)):
            reader.build((None, *one.shape))
            self.content_tables.append(self._table(one.shape, one.dtype, f"content_{number}"))
        self.built = True

    def _table(self, shape: Sequence[int], dtype: str, name: str) -> Any:
        return self.add_weight(
            shape=(self.size + 1, *shape),
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

    def set_contents(self, contents: Sequence[NDArray[Any]]) -> None:
        """Store the images and texts of codes 1 to `size`, a table [size, ...] for each shape."""
        for table, values in zip(self.content_tables, contents, strict=True):
            # Row 0 stays empty. Padding would hold the whole table twice.
            table.assign(np.concatenate([np.zeros_like(values[:1]), values]))

    def call(self, codes: Any, training: bool = False) -> Any:
        codes = integer_ids(codes)
        if self.ids is None:
            vectors = tf.zeros([*tf.unstack(tf.shape(codes)), self.dim], self.compute_dtype)
        else:
            known = tf.cast(tf.not_equal(codes, 0), self.compute_dtype)[..., None]
            vectors = self.ids(codes) * known
        if self.id_dropout and training:
            noise = keras.random.uniform(tf.shape(codes), seed=self.hiding_seed)
            vectors *= tf.cast(noise >= self.id_dropout, vectors.dtype)[..., None]
        if self.bag is not None:
            tokens = tf.gather(self.tokens.value, codes)
            numbers = tf.gather(self.numbers.value, codes)
            vectors += self.bag(tokens, numbers, training=training)
        if self.readers:
            # Repeated codes are encoded once.
            distinct, index = tf.unique(tf.reshape(codes, [-1]))
            for reader, table in zip(self.readers, self.content_tables, strict=True):
                read = tf.gather(reader(tf.gather(table.value, distinct)), index)
                vectors += tf.reshape(read, tf.shape(vectors))
        return self._finished(vectors)

    def embed_features(self, tokens: Any, numbers: Any, *contents: Any) -> Any:
        """Embed users or items without a code.

        Args:
            tokens: int [batch, tokens]; ignored if the tower has no features.
            numbers: float [batch, numbers]; ignored likewise.
            contents: images and texts, one [batch, ...] for each shape.

        Returns:
            float [batch, dim].

        Raises:
            ValueError: the tower was built without features and contents.
        """
        parts = [] if self.bag is None else [self.bag(tokens, numbers)]
        parts += [reader(one) for reader, one in zip(self.readers, contents, strict=True)]
        if not parts:
            raise ValueError("This tower knows ids only; build it with `features`.")
        return self._finished(tf.add_n(parts))

    def _finished(self, vectors: Any) -> Any:
        if not self.unit:
            return vectors
        direction = tf.math.l2_normalize(vectors[..., :-1], axis=-1)
        return tf.concat([direction, vectors[..., -1:]], axis=-1)

    def compute_output_shape(
        self, codes_shape: tuple[int | None, ...] | None
    ) -> tuple[int | None, ...]:
        return (*(codes_shape or (None,)), self.dim)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return super().from_config(with_new_names(config))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": self.size,
            "dim": self.dim,
            "features": asdict(self.features) if self.features else None,
            "unit": self.unit,
            "contents": [asdict(one) for one in self.contents],
            "id_dropout": self.id_dropout,
            "ids": self.ids is not None,
        }
