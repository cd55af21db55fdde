"""The update step shared by the lazy optimizers."""

from abc import abstractmethod
from typing import Any

import keras
import tensorflow as tf

from kit.optimizers._gradients import clip, sum_repeated
from kit.optimizers._static_shapes import compiled_by_xla, total_of_each_place

# With at least this many ids per row of the table, summing into a dense table is faster, by about
# a tenth (measured on 2 cores, dim 64). Below, gathering and scattering rows is faster.
IDS_A_ROW = 4


class RowUpdates(keras.optimizers.Optimizer):
    """Base class of optimizers whose update of an embedding table touches only rows in the batch.

    A subclass defines the slot variables of a model variable (`row_slots`) and the update rule for
    a set of rows (`row_step`). This class sums the gradients of repeated ids, gathers and stores
    the rows, and restricts weight decay and clipping to them.

    A `tf.IndexedSlices` gradient is applied in one of two ways. By rows: the rows in the batch are
    gathered, updated and stored. As a whole: if the batch holds `IDS_A_ROW` times as many ids as
    the table has rows, gradients are summed into a dense table, and rows without an id keep their
    values. Both give the same result and differ only in speed. A dense gradient updates every row.
    """

    loss_scale_factor: float | None

    @abstractmethod
    def row_slots(self, index: int) -> list[Any]:
        """The slot variables of the model variable with this index."""

    @abstractmethod
    def row_step(
        self, gradient: Any, slots: list[Any], learning_rate: Any
    ) -> tuple[list[Any], Any]:
        """The update rule, for any number of rows.

        Args:
            gradient: [rows, ...], repeated ids already summed.
            slots: values of the slot variables for these rows.
            learning_rate: scalar in the gradient's dtype.

        Returns:
            New values of the slots, and what to subtract from the rows.
        """

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        # Keras 3.15 divides by the factor with an operator that IndexedSlices do not support.
        factor = self.loss_scale_factor
        if factor is not None:
            grads = [None if g is None else keras.ops.divide(g, factor) for g in grads]
        self.loss_scale_factor = None
        try:
            super().apply(grads, trainable_variables)
        finally:
            self.loss_scale_factor = factor

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        gradient = tf.cast(gradient, variable.dtype)
        learning_rate = tf.cast(learning_rate, variable.dtype)
        if not isinstance(gradient, tf.IndexedSlices):
            self._update_whole(gradient, None, variable, learning_rate)
            return
        # An all-reduce loses the static shape.
        gradient.values.set_shape([None, *variable.shape[1:]])
        ids, many = gradient.indices.shape[0], IDS_A_ROW * variable.shape[0]
        arguments = (gradient, variable, learning_rate)
        if ids is None:
            tf.cond(
                tf.size(gradient.indices) >= many,
                lambda: self._update_summed(*arguments),
                lambda: self._update_rows(*arguments),
            )
        elif ids >= many:
            self._update_summed(*arguments)
        else:
            self._update_rows(*arguments)

    def _update_rows(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        gradient = total_of_each_place(gradient) if compiled_by_xla() else sum_repeated(gradient)
        places = [*self._local_slots(variable), variable]
        *values, weights = [tf.gather(place, gradient.indices) for place in places]
        new_values, step = self.row_step(gradient.values, values, learning_rate)
        weights = self._decayed(weights, variable, learning_rate) - step
        # Overwriting rows is about three times as fast as subtracting from them in place.
        for place, value in zip(places, [*new_values, weights], strict=True):
            place.scatter_update(tf.IndexedSlices(value, gradient.indices))

    def _update_summed(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        rows = variable.shape[0]
        summed = tf.math.unsorted_segment_sum(gradient.values, gradient.indices, rows)
        ones = tf.ones_like(gradient.indices)
        touched = tf.math.unsorted_segment_sum(ones, gradient.indices, rows) > 0
        touched = tf.reshape(touched, [rows] + [1] * (variable.shape.rank - 1))
        self._update_whole(summed, touched, variable, learning_rate)

    def _update_whole(self, gradient: Any, touched: Any, variable: Any, learning_rate: Any) -> None:
        places = [*self._local_slots(variable), variable]
        *values, weights = [tf.convert_to_tensor(place) for place in places]
        new_values, step = self.row_step(gradient, values, learning_rate)
        new_values.append(self._decayed(weights, variable, learning_rate) - step)
        for place, new, old in zip(places, new_values, [*values, weights], strict=True):
            place.assign(new if touched is None else tf.where(touched, new, old))

    def _local_slots(self, variable: Any) -> list[Any]:
        # A gather on a mirrored variable would read the whole table; on the local copy it reads
        # only the rows.
        copies = [
            self._distribution_strategy.experimental_local_results(slot.value)
            for slot in self.row_slots(self._get_variable_index(variable))
        ]
        return [
            c[0] if len(c) == 1 else next(v for v in c if v.device == variable.device)
            for c in copies
        ]

    def _decayed(self, weights: Any, variable: Any, learning_rate: Any) -> Any:
        if self.weight_decay is None or not self._use_weight_decay(variable):
            return weights
        return weights - weights * tf.cast(self.weight_decay, weights.dtype) * learning_rate

    def _apply_weight_decay(self, variables: Any) -> None:
        """Do nothing: `update_step` applies the decay, as it knows the rows."""

    def _clip_gradients(self, grads: Any) -> list[Any]:
        if not (self.clipnorm or self.clipvalue or self.global_clipnorm):
            return list(grads)
        return clip(
            grads,
            clipnorm=self.clipnorm,
            clipvalue=self.clipvalue,
            global_clipnorm=self.global_clipnorm,
        )

    def _backend_apply_gradients(self, grads: Any, trainable_variables: Any) -> None:
        if self.gradient_accumulation_steps:
            # The accumulators are whole tables, so accumulated gradients are dense.
            grads = [tf.convert_to_tensor(g) for g in grads]
        super()._backend_apply_gradients(grads, trainable_variables)
