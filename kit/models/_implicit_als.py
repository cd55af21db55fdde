"""Matrix factorization of implicit feedback whose users are folded in."""

from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset
from kit.layers import integer_ids
from kit.models._for_dataset import recorded, set_seed
from kit.retrieval import FactorizationSettings


@keras.saving.register_keras_serializable(package="kit")
class ImplicitALS(keras.Model):
    """iALS: scores an item by the product of its vector with the one folded in for a history.

    There is no memory of users: whoever has the same history gets the same list, and a new
    interaction counts at once. The vectors of items come from `kit.retrieval.implicit_als`, not
    from gradient steps. The vector of a history solves a system of equations, the same as in
    fitting, and each score is a sum over the history's items. The last entry of an item's vector
    meets a constant 1 in the query, as in `TwoTower`.

    Args:
        num_users: number of known users, codes 1 to `num_users`.
        num_items: number of known items, codes 1 to `num_items`.
        dim: width of the vectors.

    Call arguments:
        inputs: `{"history": int32 [batch, length]}`; 0 is padding.

    Returns:
        Query vectors, float32 [batch, dim + 1].

    Source: Hu, Koren and Volinsky (2008), Collaborative filtering for implicit feedback datasets;
    Rendle et al. (2022), Revisiting the performance of iALS on item recommendation benchmarks.

    Example:

    >>> model = ImplicitALS(num_users=2, num_items=3, dim=1)
    >>> vectors = np.float32([[1], [1], [0]])
    >>> model.set_factors(vectors, FactorizationSettings(l2=1.0, unobserved=0.0))
    >>> query = model({"history": np.array([[1, 0]])})
    >>> (query @ model.item_vectors()[1:].numpy().T).numpy().round(3).tolist()
    [[0.5, 0.5, 0.0]]
    """

    # See `SequentialRecommender.is_timed`: this model does not use times.
    is_timed = False

    def __init__(self, num_users: int, num_items: int, dim: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Ids must not be cast to the compute dtype.
        self.num_users, self.num_items, self.dim = num_users, num_items, dim

    @classmethod
    @recorded
    def for_dataset(cls, data: Dataset, *, dim: int = 64) -> Self:
        """Build the model for the items of train; its vectors are zero until it is fitted.

        Args:
            data: the split data.
            dim: width of the vectors.

        Example:

        >>> import kit
        >>> data = kit.open("online-retail", limit=2000)
        >>> ImplicitALS.for_dataset(data, dim=8).num_items == data.num_items
        True
        """
        set_seed(data)
        model = cls(data.num_users, data.num_items, dim)
        model.build()
        return model

    def build(self, input_shape: Any = None) -> None:
        self.factors = self._table("factors", (self.num_items + 1, self.dim))
        self.item_prior = self._table("item_prior", (self.num_items + 1,))
        # The matrix that all systems of equations have in common, and what each item of a history
        # adds to it: the outer product of its vector, and the penalty.
        self.common = self._table("common", (self.dim, self.dim), "identity")
        self.of_item = self._table("of_item", (2,))
        self.built = True

    def _table(self, name: str, shape: tuple[int, ...], initializer: str = "zeros") -> Any:
        return self.add_weight(
            shape=shape, initializer=initializer, trainable=False, autocast=False, name=name
        )

    def set_factors(
        self, vectors: NDArray[np.float32], settings: FactorizationSettings, scale: float = 1.0
    ) -> None:
        """Store what was fitted.

        Args:
            vectors: float32 [items, dim], of `kit.retrieval.implicit_als`.
            settings: with which they were fitted.
            scale: multiplies all scores.
        """
        if not self.built:
            self.build()
        wide = vectors.astype(np.float64)
        common = settings.unobserved * (wide.T @ wide + settings.l2 * len(wide) * np.eye(self.dim))
        self.factors.assign(np.pad(vectors, ((1, 0), (0, 0))))
        self.common.assign(common / scale)
        self.of_item.assign(np.array([1.0, settings.l2]) / scale)

    def set_item_prior(self, prior: NDArray[np.floating]) -> None:
        """Store what is added to each item's score, float [items]."""
        self.item_prior.assign(np.pad(prior, (1, 0)))

    def item_vectors(self) -> Any:
        """Vectors of the whole catalogue, float32 [num_items + 1, dim + 1]; row 0 is no item."""
        if not self.built:
            self.build()
        return tf.concat([self.factors.value, self.item_prior.value[:, None]], axis=1)

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        history = integer_ids(inputs["history"])
        known = tf.not_equal(history, 0)
        vectors = tf.gather(self.factors.value, history)
        query = self.solve(vectors, known, tf.reduce_sum(vectors, axis=1)[..., None])[..., 0]
        return tf.concat([query, tf.ones_like(query[:, :1])], axis=1)

    def solve(self, vectors: Any, known: Any, right: Any) -> Any:
        """Solve the system of equations of each history.

        Its matrix is symmetric, so that the score of an item is a sum over the history: of the
        products of the history's vectors with the solution for the item's.

        Args:
            vectors: float32 [batch, length, dim], of the items of the history; zeros at padding.
            known: bool [batch, length], False at padding.
            right: float32 [batch, dim, n], right-hand sides; the sum of the vectors gives the
                query.

        Returns:
            float32 [batch, dim, n].
        """
        weight, penalty = tf.unstack(self.of_item.value)
        count = tf.math.count_nonzero(known, axis=1, dtype=tf.float32)[:, None, None]
        matrix = weight * tf.matmul(vectors, vectors, transpose_a=True)
        matrix += self.common.value + count * penalty * tf.eye(self.dim)
        return tf.linalg.cholesky_solve(tf.linalg.cholesky(matrix), right)

    def contributions(
        self, history: NDArray[np.integer], items: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """What each item of a history adds to the scores of items.

        Args:
            history: int [m], codes 1 to `num_items`.
            items: int [n], codes likewise.

        Returns:
            float32 [m, n].
        """
        of_history, of_items = (tf.gather(self.factors.value, one) for one in (history, items))
        known = tf.ones([1, len(history)], tf.bool)
        solved = self.solve(of_history[None], known, tf.transpose(of_items)[None])
        return np.asarray(tf.matmul(of_history, solved[0]))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_users": self.num_users,
            "num_items": self.num_items,
            "dim": self.dim,
        }
