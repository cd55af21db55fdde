"""Linear recommender: item-to-item weights in closed form."""

import math
from typing import Any, Self

import keras
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.data import Dataset, histories
from kit.layers import integer_ids
from kit.models._for_dataset import recorded, set_seed
from kit.privacy import PrivateItems, private_items, private_weights
from kit.retrieval import (
    ItemWeights,
    ItemWeightsIndex,
    dense_votes,
    num_near,
    packed,
    sparse_votes,
    unpacked,
)

# Scores are logits: this moves none that differ.
TIE_BREAK = 1e-3
# Prior of items that are not to be recommended.
NEVER = -1e9


@keras.saving.register_keras_serializable(package="kit")
class LinearRecommender(keras.Model):
    """Scores an item by the sum of its weights over the items of a history.

    There is no memory of users: whoever has the same history gets the same list, and a new
    interaction counts at once. The weights come from `kit.retrieval.item_regression`, not from
    gradient steps, and each score is a sum of what the items of the history add to it.

    Args:
        num_users: number of known users, codes 1 to `num_users`.
        num_items: number of known items, codes 1 to `num_items`.
        neighbours: number of items with a weight for each item; None is all others up to 4,096
            items, else 100.

    Call arguments:
        inputs: `{"history": int32 [batch, length]}`; 0 is padding.

    Returns:
        Scores of the items with codes 1 to `num_items`, float32 [batch, num_items].

    Source: Steck (2019), Embarrassingly shallow autoencoders for sparse data.

    Example:

    >>> model = LinearRecommender(num_users=2, num_items=3)
    >>> model.set_item_weights(np.float32([[0, 2, 1], [2, 0, 0], [1, 0, 0]]))
    >>> model({"history": np.array([[1, 0]])}).numpy().tolist()
    [[0.0, 2.0, 1.0]]
    """

    # See `SequentialRecommender.is_timed`: this model does not use times.
    is_timed = False

    def __init__(
        self, num_users: int, num_items: int, neighbours: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Ids must not be cast to the compute dtype.
        self.num_users, self.num_items = num_users, num_items
        self.neighbours = num_near(num_items, neighbours)
        self.private: PrivateItems | None = None

    @classmethod
    @recorded
    def for_dataset(cls, data: Dataset, *, neighbours: int | None = None) -> Self:
        """Build the model for the items of train; its weights are zero until it is fitted.

        Args:
            data: the split data.
            neighbours: number of items with a weight for each item; None is all others up to 4,096
                items, else 100.

        Example:

        >>> import kit
        >>> data = kit.open("online-retail", limit=2000)
        >>> LinearRecommender.for_dataset(data).num_items == data.num_items
        True
        """
        set_seed(data)
        model = cls(data.num_users, data.num_items, neighbours)
        model.build()
        return model

    def build(self, input_shape: Any = None) -> None:
        items = self.num_items
        if self.neighbours is None:
            self.table = self._table("weights", (items, items))
        else:
            entries = items * self.neighbours
            self.offsets = self._table("offsets", (items + 1,), "int64")
            self.targets = self._table("targets", (entries,), "int32")
            self.table = self._table("weights", (entries,))
        self.item_prior = self._table("item_prior", (items,))
        self.tie_breaker = self._table("tie_breaker", (items,))
        self.built = True

    def _table(self, name: str, shape: tuple[int, ...], dtype: str = "float32") -> Any:
        return self.add_weight(
            shape=shape,
            dtype=dtype,
            initializer="zeros",
            trainable=False,
            autocast=False,
            name=name,
        )

    def set_item_weights(self, weights: ItemWeights) -> None:
        """Store the weights, float32 [items, items], by item of the history and item to score.

        Raises:
            ValueError: the weights are of another number of items, dense where the model has
                neighbours, or have more entries than its neighbours allow.
        """
        if not self.built:
            self.build()
        if weights.shape != (self.num_items, self.num_items):
            raise ValueError(
                f"Weights of {weights.shape} do not fit a model of {self.num_items} items."
            )
        if self.neighbours is None:
            dense = weights if isinstance(weights, np.ndarray) else weights.toarray()
            self.table.assign(dense)
            return
        entries = self.num_items * self.neighbours
        rows = packed(sparse.csr_matrix(weights))
        used = len(rows["weights"])
        if used > entries:
            raise ValueError(f"{used:,} weights are more than {entries:,}: raise `neighbours`.")
        self.offsets.assign(rows["offsets"])
        self.targets.assign(np.pad(rows["targets"], (0, entries - used)))
        self.table.assign(np.pad(rows["weights"], (0, entries - used)))

    def item_weights(self) -> ItemWeights:
        """The weights, float32 [items, items], as `set_item_weights` takes them."""
        tables = {"weights": self.table}
        if self.neighbours is not None:
            tables |= {"offsets": self.offsets, "targets": self.targets}
        return unpacked({name: np.asarray(table) for name, table in tables.items()})

    def set_item_prior(self, prior: NDArray[np.floating]) -> None:
        """Store what is added to each item's score, float [items]."""
        self.item_prior.assign(prior)

    def set_popularity(self, popularity: NDArray[np.floating]) -> None:
        """Order items with the same score by popularity, float [items], from 0 to 1."""
        self.tie_breaker.assign(TIE_BREAK * popularity)

    def fit_private(
        self, data: Dataset, epsilon: float, delta: float, scale: float | None = None
    ) -> dict[str, Any]:
        """Fit the weights with differential privacy; items not released are never recommended.

        Args:
            data: the split log, of whose train part histories are read.
            epsilon: of the guarantee to each user.
            delta: of the same.
            scale: factor of the weights; None is 1.

        Returns:
            The guarantee and how much was released, for the card.
        """
        owned = histories([data.train], data.num_users).below(data.num_items)
        found = private_items(
            owned.matrix(data.num_items), epsilon=epsilon, delta=delta, most=self.most_released
        )
        weights = sparse.coo_matrix((scale or 1.0) * private_weights(found))
        places = (found.items[weights.row], found.items[weights.col])
        self.set_item_weights(sparse.csr_matrix((weights.data, places), 2 * [self.num_items]))
        shares = np.full(self.num_items, NEVER, np.float32)
        shares[found.items] = TIE_BREAK * found.shares
        self.tie_breaker.assign(shares)
        self.private = found
        return {**found.card(), "released items": len(found.items)}

    def released(self) -> "LinearRecommender":
        """The model of the released items alone, in their order.

        Raises:
            ValueError: it was not fitted by `fit_private`.
        """
        if self.private is None:
            raise ValueError("The model was not fitted with differential privacy.")
        items = self.private.items
        model = LinearRecommender(0, len(items), neighbours=len(items))
        model.set_item_weights(sparse.csr_matrix(self.item_weights())[items][:, items])
        model.set_popularity(self.private.shares)
        return model

    @property
    def most_released(self) -> int:
        """The most items between which there is room for all weights."""
        return self.num_items if self.neighbours is None else math.isqrt(len(self.table))

    @property
    def prior(self) -> Any:
        """What is added to each item's score, float32 [items]."""
        return self.item_prior.value + self.tie_breaker.value

    def index(self) -> ItemWeightsIndex:
        """The weights and the prior as they are now, to score and to search."""
        return ItemWeightsIndex(self.item_weights(), np.asarray(self.prior))

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        codes = integer_ids(inputs["history"]) - 1
        if self.neighbours is None:
            votes = dense_votes(codes, self.table.value)
        else:
            votes = sparse_votes(codes, self.offsets.value, self.targets.value, self.table.value)
        return votes + self.prior

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_users": self.num_users,
            "num_items": self.num_items,
            "neighbours": self.neighbours,
        }
