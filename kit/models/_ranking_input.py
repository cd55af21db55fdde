"""The input of a ranking model: fields of features as embeddings and numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import keras
import tensorflow as tf

from kit.layers import Embedding, MaskedPooling, NumberEmbedding, TargetAttention, integer_ids


@dataclass(frozen=True)
class RankingInput:
    """One input of a ranking model.

    Args:
        name: its key in the dictionary that the model is called with.
        kind: "code", int [batch]; "codes", int [batch, length], 0 is padding; "number",
            float [batch], NaN is missing.
        size: rows of the embedding table of codes; code 0 is a missing or unknown value.
        table: inputs with the same table name share an embedding table, such as an item id and a
            history of item ids; None for a table of its own.

    Raises:
        ValueError: an unknown kind, codes without a size, or a number with one or with a table.

    Example:

    >>> RankingInput("item", "code", size=100, table="items").table_name
    'items'
    """

    name: str
    kind: Literal["code", "codes", "number"]
    size: int = 0
    table: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("code", "codes", "number"):
            raise ValueError(f"{self.name}: kind must be code, codes or number, not {self.kind!r}.")
        if self.kind == "number" and (self.size or self.table):
            raise ValueError(f"{self.name}: a number has no size and no table.")
        if self.kind != "number" and self.size < 1:
            raise ValueError(f"{self.name}: size must be 1 or more, not {self.size}.")

    @property
    def table_name(self) -> str:
        """Name of its table."""
        return self.table or self.name


def first_rows(inputs: Sequence[RankingInput]) -> tuple[dict[str, int], int]:
    """First row of each table in the concatenation of all tables, and the total number of rows.

    Args:
        inputs: of a model; those that share a table agree on its size.

    Raises:
        ValueError: a repeated name, or a table with two sizes.

    Example:

    >>> first_rows([RankingInput("a", "code", 3), RankingInput("b", "code", 5)])
    ({'a': 0, 'b': 3}, 8)
    """
    names = [one.name for one in inputs]
    if len(set(names)) < len(names):
        raise ValueError(f"Every input needs a name of its own; got {names}.")
    sizes: dict[str, int] = {}
    for one in inputs:
        if one.kind == "number":
            continue
        if sizes.setdefault(one.table_name, one.size) != one.size:
            raise ValueError(
                f"Table {one.table_name!r} has {sizes[one.table_name]} rows for one input and "
                f"{one.size} for {one.name!r}."
            )
    starts, total = {}, 0
    for table, size in sizes.items():
        starts[table] = total
        total += size
    return starts, total


@keras.saving.register_keras_serializable(package="kit")
class RankingFields(keras.layers.Layer):
    """Embeds all inputs of a ranking model to vectors of the same width.

    All codes are rows of one table and are looked up together.

    Args:
        inputs: of the model.
        dim: width of the vectors.
        bins: number of bins per number, see `kit.layers.NumberEmbedding`.
        attend: names of a list of codes and of the code that is its attention target; None to
            average every list.
        shrinkage: L2 penalty on the embeddings looked up, each distinct one once per batch.

    Call arguments:
        inputs: tensors by name, see `RankingInput`.

    Returns:
        float [batch, inputs, dim]: codes, lists of codes and numbers, each kind in the
        order of `inputs`.

    Example:

    >>> fields = RankingFields([RankingInput("age", "number"), RankingInput("city", "code", 3)], 4)
    >>> fields({"age": tf.constant([31.0]), "city": tf.constant([2])}).shape
    TensorShape([1, 2, 4])
    """

    def __init__(
        self,
        inputs: Sequence[RankingInput | dict[str, Any]],
        dim: int,
        bins: int = 32,
        attend: Sequence[str] | None = None,
        shrinkage: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Codes and numbers must not be cast.
        self.inputs = [RankingInput(**one) if isinstance(one, dict) else one for one in inputs]
        self.dim, self.bins, self.shrinkage = dim, bins, shrinkage
        self.attend = None if attend is None else tuple(attend)
        self.starts, rows = first_rows(self.inputs)
        self.codes, self.lists, self.number_inputs = (
            [one for one in self.inputs if one.kind == kind] for kind in ("code", "codes", "number")
        )
        own: dict[str, Any] = {"dtype": self.dtype_policy}
        self.table = Embedding(rows, dim, name="table", **own) if rows else None
        self.pooling = MaskedPooling(name="mean", **own)
        self.attention = TargetAttention(name="attention", **own) if attend else None
        self.numbers = (
            NumberEmbedding(dim, bins, name="numbers", **own) if self.number_inputs else None
        )

    def build(self, inputs_shape: Any = None) -> None:
        if self.table is not None:
            self.table.build((None,))
        if self.attention is not None:
            self.attention.build((None, self.dim), (None, None, self.dim))
        if self.numbers is not None:
            self.numbers.build((None, len(self.number_inputs)))
        self.built = True

    def call(self, inputs: dict[str, Any]) -> Any:
        parts = []
        if self.table is not None:
            parts += self._of_codes(inputs)
        if self.numbers is not None:
            numbers = [tf.cast(inputs[one.name], tf.float32) for one in self.number_inputs]
            parts.append(self.numbers(tf.stack(numbers, axis=1)))
        # The static number of vectors is lost with lists of unknown length.
        return tf.ensure_shape(tf.concat(parts, axis=1), [None, len(self.inputs), self.dim])

    def _of_codes(self, inputs: dict[str, Any]) -> list[Any]:
        codes = [tf.cast(integer_ids(inputs[one.name]), tf.int32)[:, None] for one in self.codes]
        lists = [tf.cast(integer_ids(inputs[one.name]), tf.int32) for one in self.lists]
        rows = [
            given + self.starts[one.table_name]
            for one, given in zip(self.codes + self.lists, codes + lists, strict=True)
        ]
        assert self.table is not None
        looked_up = tf.concat(rows, axis=1)
        vectors = self.table(looked_up)
        if self.shrinkage:
            self.add_loss(self.shrinkage * _squares(looked_up, vectors))
        at = len(codes)
        parts = [vectors[:, :at]]
        for one, given in zip(self.lists, lists, strict=True):
            end = at + (given.shape[1] or tf.shape(given)[1])
            parts.append(self._pooled(one, vectors[:, at:end], tf.not_equal(given, 0), parts[0]))
            at = end
        return parts

    def _pooled(self, one: RankingInput, vectors: Any, mask: Any, codes: Any) -> Any:
        if self.attention is None or self.attend is None or one.name != self.attend[0]:
            return self.pooling(vectors, mask=mask)[:, None]
        target = [code.name for code in self.codes].index(self.attend[1])
        return self.attention(codes[:, target], vectors, mask=mask)[:, None]

    def compute_output_shape(self, inputs_shape: Any) -> tuple[int | None, ...]:
        return (next(iter(inputs_shape.values()))[0], len(self.inputs), self.dim)

    def get_config(self) -> dict[str, Any]:
        inputs = [asdict(one) for one in self.inputs]
        return {
            **super().get_config(),
            "inputs": inputs,
            "dim": self.dim,
            "bins": self.bins,
            "attend": self.attend,
            "shrinkage": self.shrinkage,
        }


def _squares(rows: Any, vectors: Any) -> Any:
    """Sum of squares of the vectors of distinct rows."""
    places = tf.reshape(rows, [-1])
    squares = tf.reshape(tf.reduce_sum(tf.square(tf.cast(vectors, tf.float32)), axis=-1), [-1])
    # Sorting needs no table of counts, nor a shape that depends on the batch.
    order = tf.argsort(places)
    sorted_places = tf.gather(places, order)
    is_first = tf.concat([[True], sorted_places[1:] != sorted_places[:-1]], axis=0)
    return tf.reduce_sum(tf.where(is_first, tf.gather(squares, order), 0.0))
