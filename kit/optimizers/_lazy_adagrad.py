"""Adagrad for embedding tables."""

import re
from typing import Any

import keras
import tensorflow as tf

from kit.optimizers._row_updates import RowUpdates

TABLE = re.compile(r"embeddings(_\d+)?")


@keras.saving.register_keras_serializable(package="kit")
class LazyAdagrad(RowUpdates, keras.optimizers.Adagrad):
    """Adagrad that handles repeated ids exactly and touches only the rows in the batch.

    Gradients of an id that repeats in the batch are summed before they are squared. Adagrad does
    not move a row without a gradient, so lazy updates give the same result in less time; only
    `weight_decay`, if given, is restricted to the rows in the batch.

    With `row_wise=True` an embedding table has one accumulator per row, the running sum of the
    mean square of the row's gradient, instead of one per entry: the optimizer state shrinks to
    1/dim of the table's size. Tables are the variables named `embeddings`, as Keras' and this kit's
    Embedding name them, and shards `embeddings_1` and on; all others keep one accumulator per
    entry.

    Args:
        learning_rate: a float or a schedule.
        row_wise: one accumulator per row of an embedding table.
        **kwargs: the other arguments of `keras.optimizers.Adagrad`.

    Source: Duchi et al., Adaptive Subgradient Methods, JMLR 12, 2011; row-wise: Gupta et al.,
    Training Recommender Systems at Scale, arXiv:2010.11305, and FBGEMM's exact row-wise Adagrad.

    Example:

    >>> table = keras.Variable([[0.0], [7.0]])
    >>> optimizer = LazyAdagrad(learning_rate=1.0, initial_accumulator_value=0.0)
    >>> gradient = tf.IndexedSlices(tf.constant([[1.0], [1.0]]), tf.constant([0, 0]))
    >>> optimizer.apply([gradient], [table])
    >>> table.numpy().round(3).ravel().tolist()
    [-1.0, 7.0]
    """

    def __init__(
        self, learning_rate: Any = 0.001, *, row_wise: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.row_wise = row_wise

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Any:
        if name == "accumulator" and self._one_per_row(reference_variable):
            rows, *rest = reference_variable.shape
            with self._distribution_strategy.extended.colocate_vars_with(reference_variable.value):
                return self.add_variable(
                    shape=(rows, *(1 for _ in rest)),
                    initializer=initializer,
                    dtype=reference_variable.dtype,
                    name=f"{reference_variable.path.replace('/', '_')}_{name}",
                )
        return super().add_variable_from_reference(reference_variable, name, initializer)

    def row_slots(self, index: int) -> list[Any]:
        return [self._accumulators[index]]

    def row_step(
        self, gradient: Any, slots: list[Any], learning_rate: Any
    ) -> tuple[list[Any], Any]:
        (accumulator,) = slots
        squares = tf.square(gradient)
        if accumulator.shape[1:] != gradient.shape[1:]:
            squares = tf.reduce_mean(squares, axis=range(1, gradient.shape.rank), keepdims=True)
        accumulator += squares
        return [accumulator], learning_rate * gradient / tf.sqrt(accumulator + self.epsilon)

    def _one_per_row(self, variable: Any) -> bool:
        return self.row_wise and TABLE.fullmatch(variable.name) is not None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "row_wise": self.row_wise}
