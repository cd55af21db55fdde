"""Loss scaling that keeps the gradients of embedding tables sparse."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kit")
class LossScale(keras.optimizers.LossScaleOptimizer):
    """Dynamic loss scaling for `mixed_float16`, where small gradients would underflow.

    The loss is multiplied by a scale and the gradients are divided by it. A step with a non-finite
    gradient is skipped and halves the scale; `dynamic_growth_steps` finite steps in a row double
    it. It differs from `keras.optimizers.LossScaleOptimizer`, which `compile` puts around any other
    optimizer, in two ways:

    * of a lookup's gradient (`tf.IndexedSlices`) only the rows in the batch are checked, whereas
      Keras converts it to a dense tensor first;
    * under a distribution strategy a step is skipped if the gradient of any replica is not finite.
      Keras checks only the first replica's gradient, before the gradients are summed.

    Args: those of `keras.optimizers.LossScaleOptimizer`.

    Example:

    >>> from kit.optimizers._lazy_adam import LazyAdam
    >>> table = keras.Variable([[1.0], [5.0]])
    >>> optimizer = LossScale(LazyAdam(learning_rate=0.1), initial_scale=8.0)
    >>> for value in (float("inf"), 8.0):
    ...     optimizer.apply([tf.IndexedSlices(tf.constant([[value]]), tf.constant([0]))], [table])
    >>> float(optimizer.dynamic_scale), int(optimizer.iterations), table.numpy().round(3).tolist()
    (4.0, 1, [[0.8...], [5.0]])
    """

    def check_finite(self, grads: Any) -> Any:
        values = [
            g.values if isinstance(g, tf.IndexedSlices) else g for g in grads if g is not None
        ]
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(v)) for v in values])
        context = tf.distribute.get_replica_context()
        if context is None or context.num_replicas_in_sync == 1:
            return finite
        failed = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.cast(~finite, tf.float32))
        return tf.equal(failed, 0)
