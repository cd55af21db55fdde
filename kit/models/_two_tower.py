"""Two-tower retrieval model and its loss."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset
from kit.layers import HistoryQuery, integer_ids
from kit.losses import full_softmax, multi_hot, sampled_softmax
from kit.models._entity_tower import ContentShape, EntityTower, FeatureShape, with_new_names
from kit.models._for_dataset import recorded, set_seed
from kit.models._tower_features import content_shape, encoded_features, fill, shape_of
from kit.retrieval import ItemWeights, packed, unpacked

FULL_SOFTMAX_MOST_ITEMS = 20_000
# Items that are multiplied in the time in which the vector of one position is gathered.
POSITION_COST = 32
# Of item-to-item weights in files of a model.
STORED = "item_weights_"
# Of the moments of item vectors that a sample of the catalogue estimates.
MOMENTUM = 0.9


@dataclass(frozen=True)
class RetrievalLoss:
    """Settings of the loss of a retrieval model.

    Args:
        kind: "full" compares with the whole catalogue, "sampled" with a sample of it, "auto" takes
            the whole one up to 20,000 items.
        uniform_negatives: items drawn uniformly for each batch, beside the batch's own ("sampled").
        num_hard_negatives: keep only that many highest-scored negatives a row ("sampled").
        temperature: divides the scores.
        shrinkage: L2 penalty: weight of the mean squared norm of the candidates' vectors.

    Raises:
        ValueError: an unknown kind, or a number out of its range.

    Example:

    >>> RetrievalLoss().is_full(num_items=1_000), RetrievalLoss().is_full(num_items=1_000_000)
    (True, False)
    """

    kind: str = "auto"
    uniform_negatives: int = 4096
    num_hard_negatives: int | None = None
    temperature: float = 1.0
    shrinkage: float = 0.3

    def __post_init__(self) -> None:
        if self.kind not in ("auto", "full", "sampled"):
            raise ValueError(f"kind must be auto, full or sampled; got {self.kind!r}.")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be above 0; got {self.temperature}.")
        if self.uniform_negatives < 0 or self.shrinkage < 0:
            raise ValueError("uniform_negatives and shrinkage must not be negative.")

    def is_full(self, num_items: int) -> bool:
        """Whether a catalogue of this size is compared with as a whole."""
        return self.kind == "full" or (self.kind == "auto" and num_items <= FULL_SOFTMAX_MOST_ITEMS)


@keras.saving.register_keras_serializable(package="kit")
class TwoTower(keras.Model):
    """Two-tower model: scores a user and an item by the dot product of their embeddings.

    The item tower embeds an item's id and features. The query is made of the history by
    `kit.layers.HistoryQuery`, from the same item vectors, and of the user's features. There is no
    vector of the user's id: whoever has the same history and features gets the same list, and a
    new interaction counts at once. The last entry of an item vector meets a constant 1 in the
    query: it is the item's bias. Code 0 means "unknown" or padding everywhere.

    After training, item-to-item weights may be stored beside the vectors, see `set_item_weights`:
    what vectors of a few entries cannot hold, such as links between rare items, is added to the
    score then.

    Args:
        num_users: number of known users, codes 1 to `num_users`.
        num_items: number of known items, codes 1 to `num_items`.
        dim: width of the embeddings.
        user_features: shape of the user features, or None.
        item_features: shape of the item features, or None.
        item_contents: shapes of the items' images and texts, for which the item tower trains
            encoders.
        item_id_dropout: dropout rate of whole item id vectors, so that new items are embedded well
            from their features.
        loss: settings of the loss.

    Call arguments:
        inputs: `{"user": int32 [batch], "history": int32 [batch, length]}`; 0 is padding.

    Returns:
        Query vectors, float [batch, dim + 1].

    `fit` takes `(inputs, targets, weights)` with targets int32 and weights float [batch, targets],
    targets padded with 0. Items of the history are not used as negatives of their row.

    Source: Covington, Adams and Sargin (2016), Deep neural networks for YouTube recommendations;
    shared item vectors as in Kabbur, Ning and Karypis (2013), FISM.

    Example:

    >>> model = TwoTower(num_users=3, num_items=5, dim=4)
    >>> model({"user": np.array([1]), "history": np.array([[2, 5]])}).shape
    TensorShape([1, 5])
    >>> model.item_vectors().shape
    TensorShape([6, 5])
    """

    # See `SequentialRecommender.is_timed`: this model does not use times.
    is_timed = False

    def __init__(
        self,
        num_users: int,
        num_items: int,
        dim: int = 128,
        *,
        user_features: FeatureShape | dict[str, int] | None = None,
        item_features: FeatureShape | dict[str, int] | None = None,
        item_contents: Sequence[ContentShape | dict[str, Any]] = (),
        item_id_dropout: float = 0.0,
        loss: RetrievalLoss | dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Ids must not be cast to the compute dtype.
        self.num_users, self.num_items, self.dim = num_users, num_items, dim
        self.user_tower = (
            EntityTower(num_users, dim, user_features, ids=False, name="user")
            if user_features
            else None
        )
        self.item_tower = EntityTower(
            num_items,
            dim + 1,
            item_features,
            contents=item_contents,
            id_dropout=item_id_dropout,
            name="item",
        )
        self.encoder = HistoryQuery(dim, name="history")
        self.retrieval_loss = (
            RetrievalLoss(**loss) if isinstance(loss, dict) else loss or RetrievalLoss()
        )
        self.is_full = self.retrieval_loss.is_full(num_items)
        self.negatives_seed = keras.random.SeedGenerator()
        self._item_weights: ItemWeights | None = None

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: Dataset,
        *,
        dim: int = 128,
        loss: RetrievalLoss | str = "auto",
        features: bool = True,
        seed: int | None = None,
        **settings: Any,
    ) -> Self:
        """Build the model for the users and items of train, with their features stored in it.

        Args:
            data: the split data.
            dim: width of the embeddings.
            loss: settings of the loss, or one of "auto", "full" and "sampled".
            features: whether to use the feature tables of the data set.
            seed: random seed of the initial weights; None is that of the data.
            settings: further arguments of `TwoTower`.

        Returns:
            The model, built, untrained.

        Example:

        >>> import kit
        >>> data = kit.open("online-retail", limit=2000)
        >>> TwoTower.for_dataset(data, dim=4).item_tower.features.tokens > 0
        True
        """
        set_seed(data, seed)
        users = encoded_features(data.users, "user_id", data.num_users) if features else None
        items = encoded_features(data.items, "item_id", data.num_items) if features else None
        model = cls(
            data.num_users,
            data.num_items,
            dim,
            user_features=shape_of(users),
            item_features=shape_of(items),
            item_contents=[content_shape(content) for content, _ in data.contents],
            loss=RetrievalLoss(loss) if isinstance(loss, str) else loss,
            **settings,
        )
        model.build()
        if model.user_tower is not None:
            fill(model.user_tower, users)
        fill(model.item_tower, items, data.contents)
        return model

    def build(self, input_shape: Any = None) -> None:
        if self.user_tower is not None:
            self.user_tower.build(None)
        self.item_tower.build(None)
        self.encoder.build()
        self.target_share = self._per_item("target_share", 1 / self.num_items)
        self.item_prior = self._per_item("item_prior", 0.0)
        self.built = True

    def _per_item(self, name: str, value: float) -> Any:
        return self.add_weight(
            shape=(self.num_items + 1,),
            initializer=keras.initializers.Constant(value),
            trainable=False,
            autocast=False,
            name=name,
        )

    def set_target_share(self, share: NDArray[np.floating]) -> None:
        """Store how often each item is a target, float [items], for the logQ correction."""
        self.target_share.assign(np.pad(share / share.sum(), (1, 0)))

    def set_item_prior(self, prior: NDArray[np.floating]) -> None:
        """Store what is added to each item's bias outside training, float [items]."""
        self.item_prior.assign(np.pad(prior, (1, 0)))

    def set_item_weights(self, weights: ItemWeights | None) -> None:
        """Store item-to-item weights whose sum over the history is added to each item's score.

        They are no part of `call` and of the loss. `kit.evaluation.retrieval_scorer`, exports and
        `contributions` add them; `.keras` files hold them.

        Args:
            weights: float32 [items, items], by item of the history and item to score; None removes
                them.

        Raises:
            ValueError: the weights are of another number of items.
        """
        if weights is not None and weights.shape != (self.num_items, self.num_items):
            raise ValueError(
                f"Weights of {weights.shape} do not fit a model of {self.num_items} items."
            )
        self._item_weights = weights

    def item_weights(self) -> ItemWeights | None:
        """The weights that `set_item_weights` stored, or None."""
        return self._item_weights

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        if self._item_weights is not None:
            for name, values in packed(self._item_weights).items():
                store[STORED + name] = values

    def load_own_variables(self, store: Any) -> None:
        own = {name: store[name] for name in store.keys()}  # noqa: SIM118
        arrays = {
            name.removeprefix(STORED): np.asarray(own.pop(name))
            for name in list(own)
            if name.startswith(STORED)
        }
        super().load_own_variables(own)
        self._item_weights = unpacked(arrays) if arrays else None

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        history = integer_ids(inputs["history"])
        known = tf.not_equal(history, 0)
        mean = None
        if self.is_full:
            catalogue = self._trained_vectors(training)
            if training:
                mean = self.encoder.update(catalogue[1:, :-1], catalogue[1:, -1])
            total = self._total(history, known, catalogue[:, :-1])
        else:
            total = _sum_of_known(self.item_tower(history, training=training)[..., :-1], known)
        count = tf.math.count_nonzero(known, axis=1, keepdims=True, dtype=tf.float32)
        query = self.encoder(total, count, mean)
        if self.user_tower is not None:
            query += self.user_tower(inputs["user"], training=training)
        return tf.concat([query, tf.ones_like(query[:, :1])], axis=1)

    def _total(self, history: Any, known: Any, vectors: Any) -> Any:
        # Of long histories, one product with the catalogue is cheaper than a gather per position.
        if history.shape[1] is None or POSITION_COST * history.shape[1] < self.num_items:
            return _sum_of_known(tf.gather(vectors, history), known)
        selected = tf.cast(multi_hot(history, self.num_items + 1), vectors.dtype)
        return tf.matmul(selected[:, 1:], vectors[1:])

    def contributions(
        self, history: NDArray[np.integer], items: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """What each item of a history adds to the scores of items.

        The score of an item is their sum, its bias and what the user's features add.

        Args:
            history: int [m], codes 1 to `num_items`.
            items: int [n], codes likewise.

        Returns:
            float32 [m, n].
        """
        of_history, of_items = (
            tf.cast(self.item_tower(codes)[:, :-1], tf.float32) for codes in (history, items)
        )
        count = tf.fill([len(history), 1], float(len(history)))
        shares = self.encoder.shares(of_history, count)
        added = np.asarray(tf.matmul(shares, of_items, transpose_b=True))
        if self._item_weights is not None:
            block = self._item_weights[history - 1][:, items - 1]
            added = added + (block if isinstance(block, np.ndarray) else block.toarray())
        return added

    def item_vectors(self) -> Any:
        """Vectors of the whole catalogue, float [num_items + 1, dim + 1]; row 0 is no item."""
        if not self.built:
            self.build()
        vectors = self._trained_vectors(training=False)
        prior = tf.cast(self.item_prior.value, vectors.dtype)[:, None]
        return tf.concat([vectors[:, :-1], vectors[:, -1:] + prior], axis=1)

    def _trained_vectors(self, training: bool) -> Any:
        return self.item_tower(tf.range(self.num_items + 1), training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        weights = tf.ones(tf.shape(y)) if sample_weight is None else sample_weight
        loss = self._full_loss if self.is_full else self._sampled_loss
        # Keras adds up the gradients of all replicas, each of which sees its share of the batch.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        targets, history = (tf.cast(integer_ids(ids), tf.int32) for ids in (y, x["history"]))
        return loss(y_pred, targets, weights, history, training) / replicas

    def _full_loss(
        self, queries: Any, targets: Any, weights: Any, history: Any, training: bool
    ) -> Any:
        settings = self.retrieval_loss
        vectors = self._trained_vectors(training)
        fit = full_softmax(
            queries,
            vectors,
            targets,
            weights,
            excluded=history,
            temperature=settings.temperature,
        )
        return fit + settings.shrinkage * _mean_squared_norm(vectors)

    def _sampled_loss(
        self, queries: Any, targets: Any, weights: Any, history: Any, training: bool
    ) -> Any:
        settings = self.retrieval_loss
        uniform = keras.random.randint(
            (settings.uniform_negatives,), 1, self.num_items + 1, seed=self.negatives_seed
        )
        negative_ids = tf.concat([tf.reshape(targets, [-1]), uniform], axis=0)
        vectors = self.item_tower(negative_ids, training=training)
        probability = self._draw_probability(negative_ids, targets)
        log_weight = tf.cast(vectors[:, -1], tf.float32) - tf.math.log(probability)
        is_item = tf.not_equal(negative_ids, 0)
        self.encoder.update(
            vectors[:, :-1], tf.where(is_item, log_weight, tf.float32.min), momentum=MOMENTUM
        )
        positives = tf.reshape(vectors[: tf.size(targets)], [*tf.unstack(tf.shape(targets)), -1])
        fit = sampled_softmax(
            queries,
            positives,
            vectors,
            targets,
            negative_ids,
            weights,
            negative_probability=probability,
            excluded=history,
            num_hard_negatives=settings.num_hard_negatives,
            temperature=settings.temperature,
        )
        return fit + settings.shrinkage * _mean_squared_norm(vectors)

    def _draw_probability(self, items: Any, targets: Any) -> Any:
        """Probability that one draw of the mixed negatives gives each item."""
        in_batch = tf.cast(tf.math.count_nonzero(targets), tf.float32)
        uniform = float(self.retrieval_loss.uniform_negatives)
        from_batch = in_batch * tf.gather(self.target_share.value, items)
        return (from_batch + uniform / self.num_items) / (in_batch + uniform)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return super().from_config(with_new_names(config))

    def get_config(self) -> dict[str, Any]:
        user = self.user_tower.features if self.user_tower is not None else None
        item = self.item_tower.features
        return {
            **super().get_config(),
            "num_users": self.num_users,
            "num_items": self.num_items,
            "dim": self.dim,
            "user_features": asdict(user) if user else None,
            "item_features": asdict(item) if item else None,
            "item_contents": [asdict(one) for one in self.item_tower.contents],
            "item_id_dropout": self.item_tower.id_dropout,
            "loss": asdict(self.retrieval_loss),
        }


def _sum_of_known(vectors: Any, known: Any) -> Any:
    return tf.einsum("bpd,bp->bd", vectors, tf.cast(known, vectors.dtype))


def _mean_squared_norm(vectors: Any) -> Any:
    return tf.reduce_mean(tf.reduce_sum(tf.square(tf.cast(vectors, tf.float32)), axis=1))
