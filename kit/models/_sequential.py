"""Sequential recommender and its loss."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset, default_length, train_histories
from kit.losses import full_softmax, gbce, sampled_softmax
from kit.models._entity_tower import ContentShape, EntityTower, FeatureShape, with_new_names
from kit.models._for_dataset import recorded, set_seed
from kit.models._sequence_encoder import SequenceEncoder
from kit.models._tower_features import content_shape, encoded_features, fill, shape_of

Kind = Literal["auto", "full", "sampled", "gbce"]


@dataclass(frozen=True)
class SequenceLoss:
    """Settings of the loss of a sequential model; every position is a query.

    Args:
        kind: "full" compares with the whole catalogue, "sampled" by softmax with a sample of it,
            "gbce" by calibrated binary cross-entropy with such a sample; "auto" is "sampled" where
            the catalogue is larger than the sample, else "full".
        negatives: items drawn uniformly for each batch.
        calibration: t of gBCE, in [0, 1].

    Raises:
        ValueError: an unknown kind, or a number out of its range.

    Example:

    >>> SequenceLoss().chosen(num_items=500), SequenceLoss().chosen(num_items=50_000)
    ('full', 'sampled')
    """

    kind: Kind = "auto"
    negatives: int = 1024
    calibration: float = 0.75

    def __post_init__(self) -> None:
        if self.kind not in ("auto", "full", "sampled", "gbce"):
            raise ValueError(f"kind must be auto, full, sampled or gbce; got {self.kind!r}.")
        if self.negatives < 1:
            raise ValueError(f"negatives must be at least 1; got {self.negatives}.")
        if not 0 <= self.calibration <= 1:
            raise ValueError(f"calibration must lie in [0, 1]; got {self.calibration}.")

    def chosen(self, num_items: int) -> str:
        """The kind for a catalogue of this size."""
        if self.kind != "auto":
            return self.kind
        return "sampled" if num_items > 2 * self.negatives else "full"


# Share of the sequences that are trained on without times, as not every request has them.
UNTIMED = 0.1
# Dropout rate of encoders that are chosen by name.
DROPOUT = 0.4


@keras.saving.register_keras_serializable(package="kit")
class SequentialRecommender(keras.Model):
    """Sequential recommender: predicts the next items after a user's history.

    The same item vectors, of length 1, are the inputs of the encoder and the candidates that its
    queries are scored against, by cosine divided by a temperature. The last entry of an item vector
    is its bias. In training every position of a sequence is a query for the next item; otherwise
    the query is that of the last position.

    Args:
        num_items: size of the catalogue; items have codes 1 to `num_items`.
        dim: width of vectors, bias not counted.
        length: maximum number of items of a history, the latest ones.
        encoder: turns item vectors into queries: a `SequenceEncoder`, or any causal Keras layer
            from [batch, positions, dim] to the same shape.
        item_features: shape of the items' feature table, or None.
        item_contents: shapes of the items' images and texts, for which the item tower trains
            encoders.
        loss: settings of the loss.
        item_id_dropout: dropout rate of whole item id vectors, so that new items are embedded well
            from their features.
        temperature: divides the cosine of query and item.

    Call arguments:
        inputs: `{"history": int32 [batch, positions]}`, oldest first, 0 is padding, in training
            on the right; "user" is ignored. An encoder with time buckets also takes "time", int64
            [batch, positions], seconds since 1970; zeros or absent if unknown.

    Returns:
        float [batch, dim + 1], a query with the constant 1 at its end; in training
        float [batch, positions, dim + 1].

    Source: Kang and McAuley (2018), Self-attentive sequential recommendation; Hidasi et al. (2016),
    Session-based recommendations with recurrent neural networks.

    Example:

    >>> model = SequentialRecommender(num_items=5, dim=4)
    >>> model({"history": np.array([[2, 5, 0]])}).shape, model.item_vectors().shape
    (TensorShape([1, 5]), TensorShape([6, 5]))
    """

    num_users = 0

    def __init__(
        self,
        num_items: int,
        dim: int = 128,
        *,
        length: int = 64,
        encoder: keras.layers.Layer | dict[str, Any] | None = None,
        item_features: FeatureShape | dict[str, int] | None = None,
        item_contents: Sequence[ContentShape | dict[str, Any]] = (),
        loss: SequenceLoss | dict[str, Any] | None = None,
        item_id_dropout: float = 0.0,
        temperature: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Items and times must not be cast.
        self.num_items, self.dim, self.length = num_items, dim, length
        self.temperature = temperature
        self.encoder: keras.layers.Layer = (
            keras.saving.deserialize_keras_object(encoder)
            if isinstance(encoder, dict)
            else encoder or SequenceEncoder(name="encoder")
        )
        self.item_tower = EntityTower(
            num_items,
            dim + 1,
            item_features,
            unit=True,
            contents=item_contents,
            id_dropout=item_id_dropout,
            name="item",
        )
        self.sequence_loss = (
            SequenceLoss(**loss) if isinstance(loss, dict) else loss or SequenceLoss()
        )
        self.negatives_seed = keras.random.SeedGenerator()
        if self.is_timed:
            self.untimed_seed = keras.random.SeedGenerator()

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: Dataset,
        *,
        dim: int = 128,
        encoder: keras.layers.Layer | str = "attention",
        length: int | None = None,
        loss: SequenceLoss | str = "auto",
        features: bool = True,
        seed: int | None = None,
        **settings: Any,
    ) -> Self:
        """Build the model for the items of train, with their features stored in it.

        Args:
            data: the split data.
            dim: width of the vectors.
            encoder: "attention", "lstm", "gru" or "conv"; a `SequenceEncoder`; or any causal Keras
                layer from [batch, positions, dim] to the same shape.
            length: maximum number of items of a history; None for the length that covers 95 % of
                the histories.
            loss: settings of the loss, or one of "auto", "full", "sampled" and "gbce".
            features: whether to use the feature table of the items.
            seed: random seed of the initial weights; None is that of the data.
            settings: further arguments of `SequentialRecommender`.

        Returns:
            The model, built, untrained.

        Raises:
            ValueError: there is no such encoder or loss.

        Example:

        >>> import kit
        >>> data = kit.open("online-retail", limit=2000)
        >>> layer = keras.layers.GRU(8, return_sequences=True)
        >>> model = SequentialRecommender.for_dataset(data, dim=8, encoder=layer)
        >>> model.item_tower.features.tokens > 0
        True
        """
        if not isinstance(encoder, keras.layers.Layer):
            set_seed(data, seed)
            encoder = SequenceEncoder(encoder, dropout=DROPOUT, name="encoder")  # type: ignore[arg-type]
        if length is None:
            length = default_length(train_histories(data).lengths)
        items = encoded_features(data.items, "item_id", data.num_items) if features else None
        model = cls(
            data.num_items,
            dim,
            length=length,
            encoder=encoder,
            item_features=shape_of(items),
            item_contents=[content_shape(content) for content, _ in data.contents],
            loss=SequenceLoss(loss) if isinstance(loss, str) else loss,  # type: ignore[arg-type]
            **settings,
        )
        model.build()
        fill(model.item_tower, items, data.contents)
        return model

    @property
    def is_timed(self) -> bool:
        """Whether the model uses the time gaps between events."""
        return getattr(self.encoder, "time_buckets", 0) > 0

    def build(self, input_shape: Any = None) -> None:
        self.item_tower.build(None)
        # An encoder that was loaded with the model is built already.
        if not self.encoder.built:
            self.encoder.build((None, None, self.dim))
        self.item_prior = self.add_weight(
            shape=(self.num_items + 1,), initializer="zeros", trainable=False, name="item_prior"
        )
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build()

    def set_item_prior(self, prior: NDArray[np.floating]) -> None:
        """Store what is added to each item's bias outside training, float [items]."""
        self.item_prior.assign(np.pad(prior, (1, 0)))

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        history = inputs["history"]
        vectors = self.item_tower(history, training=training)
        times = inputs.get("time") if self.is_timed else None
        if not training:
            return self.encode(vectors, tf.not_equal(history, 0), times)
        if times is not None:
            noise = keras.random.uniform((tf.shape(history)[0], 1), seed=self.untimed_seed)
            times = tf.where(noise < UNTIMED, tf.zeros_like(times), times)
        return self._queries(vectors, times, training=True)

    def encode(self, vectors: Any, known: Any, times: Any = None) -> Any:
        """The query of a history of item vectors.

        Args:
            vectors: float [batch, positions, dim + 1], oldest first.
            known: bool [batch, positions], False where there is no item; anywhere.
            times: int64 [batch, positions], in seconds, or None where they are not known.

        Returns:
            float [batch, dim + 1].
        """
        count = tf.math.count_nonzero(known, axis=1, dtype=tf.int32)
        width = tf.minimum(tf.shape(known)[1], self.length)
        # The latest items, in order; padding comes after them.
        order = tf.argsort(tf.cast(~known, tf.int32), axis=1, stable=True)
        latest = tf.maximum(count - width, 0)[:, None] + tf.range(width)
        latest = tf.gather(order, latest, batch_dims=1)
        vectors = tf.gather(vectors, latest, batch_dims=1)
        if times is not None:
            times = tf.gather(times, latest, batch_dims=1)
        last = tf.maximum(tf.minimum(count, width) - 1, 0)
        return tf.gather(self._queries(vectors, times), last, batch_dims=1)

    def _queries(self, vectors: Any, times: Any = None, training: bool = False) -> Any:
        when: dict[str, Any] = {}
        if self.is_timed:
            if times is None:
                times = tf.zeros(tf.shape(vectors)[:2], tf.int64)
            # float32 does not hold the seconds since 1970, but those of a history.
            newest = tf.reduce_max(times, axis=1, keepdims=True)
            when["times"] = tf.cast(times - newest, tf.float32)
        encoded = self.encoder(vectors[..., :-1] * self.dim**0.5, training=training, **when)
        queries = tf.math.l2_normalize(encoded, axis=-1) / self.temperature
        return tf.concat([queries, tf.ones_like(queries[..., :1])], axis=-1)

    def item_vectors(self) -> Any:
        """Vectors of the whole catalogue, float [num_items + 1, dim + 1]; row 0 is no item."""
        if not self.built:
            self.build()
        vectors = self.item_tower(tf.range(self.num_items + 1))
        prior = tf.cast(self.item_prior.value, vectors.dtype)[:, None]
        return tf.concat([vectors[:, :-1], vectors[:, -1:] + prior], axis=1)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        weights = tf.ones(tf.shape(y)) if sample_weight is None else sample_weight
        targets = tf.cast(tf.reshape(y, [-1]), tf.int32)
        queries = tf.reshape(y_pred, [-1, self.dim + 1])
        weights = tf.reshape(weights, [-1])
        if y.shape[0] is None:
            # Shapes are not fixed, so no score has to be computed where there is no target.
            filled = tf.where(targets > 0)[:, 0]
            targets, queries, weights = (tf.gather(t, filled) for t in (targets, queries, weights))
        # Keras adds up the gradients of all replicas, each of which sees its share of the batch.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return self._loss(queries, targets, weights) / replicas

    def _loss(self, queries: Any, targets: Any, weights: Any) -> Any:
        settings = self.sequence_loss
        kind = settings.chosen(self.num_items)
        if kind == "full":
            vectors = self.item_tower(tf.range(self.num_items + 1), training=True)
            return full_softmax(queries, vectors, targets[:, None], weights[:, None])
        negative_ids = keras.random.randint(
            (settings.negatives,), 1, self.num_items + 1, seed=self.negatives_seed
        )
        both = self.item_tower(tf.concat([targets, negative_ids], axis=0), training=True)
        positives, negatives = both[: tf.size(targets)], both[tf.size(targets) :]
        if kind == "gbce":
            return gbce(
                queries,
                positives,
                negatives,
                targets,
                negative_ids,
                weights,
                num_items=self.num_items,
                calibration=settings.calibration,
            )
        return sampled_softmax(
            queries,
            positives[:, None],
            negatives,
            targets[:, None],
            negative_ids,
            weights[:, None],
            negative_probability=tf.fill([settings.negatives], 1 / self.num_items),
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return super().from_config(with_new_names(config))

    def get_config(self) -> dict[str, Any]:
        features = self.item_tower.features
        return {
            **super().get_config(),
            "num_items": self.num_items,
            "dim": self.dim,
            "length": self.length,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "item_features": asdict(features) if features else None,
            "item_contents": [asdict(one) for one in self.item_tower.contents],
            "loss": asdict(self.sequence_loss),
            "item_id_dropout": self.item_tower.id_dropout,
            "temperature": self.temperature,
        }
