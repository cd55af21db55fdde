"""Adam and AdamW for embedding tables."""

from typing import Any

import keras
import tensorflow as tf

from kit.optimizers._row_updates import RowUpdates


@keras.saving.register_keras_serializable(package="kit")
class LazyAdam(RowUpdates, keras.optimizers.Adam):
    """Adam that handles repeated ids exactly and touches only the rows in the batch.

    It differs from `keras.optimizers.Adam` in two ways, both only for gradients of lookups
    (`tf.IndexedSlices`):

    * gradients of an id that repeats in the batch are summed before they are squared, as the
      definition of Adam requires;
    * a row without an id in the batch keeps its moments and its weights. Under exact Adam its
      moments would decay and the row would move. The bias correction counts steps, not visits of
      the row. If every row is in the batch, the result is exactly Adam.

    A table is updated as a whole if the batch holds four or more ids per row of the table, else by
    rows. This affects only the speed, never the result.

    Learning-rate schedules, `clipnorm`, `clipvalue`, `global_clipnorm` (on the summed gradients,
    which stay sparse), `weight_decay` (only rows in the batch), `loss_scale_factor`, `amsgrad` and
    saving work as in Keras. `use_ema`, variable constraints and `gradient_accumulation_steps` work
    but read whole tables; accumulated gradients are dense and move every row. Under
    `mixed_float16`, wrap the optimizer in `LossScale`.

    Args: those of `keras.optimizers.Adam`.

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, arXiv:1412.6980.

    Example:

    >>> table = keras.Variable([[0.0], [0.0], [5.0]])
    >>> optimizer = LazyAdam(learning_rate=0.1)
    >>> gradient = tf.IndexedSlices(tf.constant([[1.0], [1.0], [2.0]]), tf.constant([0, 0, 1]))
    >>> optimizer.apply([gradient], [table])
    >>> table.numpy().round(3).ravel().tolist()
    [-0.1..., -0.1..., 5.0]
    """

    def row_slots(self, index: int) -> list[Any]:
        slots = [self._momentums, self._velocities]
        if self.amsgrad:
            slots.append(self._velocity_hats)
        return [slot[index] for slot in slots]

    def row_step(
        self, gradient: Any, slots: list[Any], learning_rate: Any
    ) -> tuple[list[Any], Any]:
        dtype = gradient.dtype
        step = tf.cast(self.iterations + 1, dtype)
        beta_1_power = tf.pow(tf.cast(self.beta_1, dtype), step)
        beta_2_power = tf.pow(tf.cast(self.beta_2, dtype), step)
        alpha = learning_rate * tf.sqrt(1 - beta_2_power) / (1 - beta_1_power)
        m, v = slots[:2]
        m += (gradient - m) * (1 - self.beta_1)
        v += (tf.square(gradient) - v) * (1 - self.beta_2)
        new_slots = [m, v]
        if self.amsgrad:
            v = tf.maximum(slots[2], v)
            new_slots.append(v)
        return new_slots, m * alpha / (tf.sqrt(v) + self.epsilon)


@keras.saving.register_keras_serializable(package="kit")
class LazyAdamW(LazyAdam, keras.optimizers.AdamW):
    """`LazyAdam` with decoupled weight decay of the rows in the batch only.

    A row that is not in the batch does not decay; a variable with a dense gradient decays as a
    whole, as in Keras. `exclude_from_weight_decay` works as in Keras.

    Args: those of `keras.optimizers.AdamW`.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv:1711.05101.

    Example:

    >>> table = keras.Variable([[1.0], [1.0]])
    >>> optimizer = LazyAdamW(learning_rate=0.1, weight_decay=0.5)
    >>> optimizer.apply([tf.IndexedSlices(tf.zeros([1, 1]), tf.constant([0]))], [table])
    >>> table.numpy().round(3).ravel().tolist()
    [0.9..., 1.0]
    """
