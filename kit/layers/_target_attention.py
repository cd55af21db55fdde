"""Target attention of the deep interest network (DIN)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kit.layers._perceptron import Perceptron


@keras.saving.register_keras_serializable(package="kit")
class TargetAttention(keras.layers.Layer):
    """Weighted sum of a history, with weights by the relevance of each event to a target.

    A small network computes each weight from the event's vector, the target's vector, their
    difference and their product. The weights are not normalized to one: a history with many
    relevant events gives a longer vector than one with a single relevant event.

    Args:
        units: widths of the network's hidden layers.

    Call arguments:
        target: float [batch, dim].
        history: float [batch, length, dim].
        mask: bool [batch, length], False at padding.

    Returns:
        float [batch, dim]; zeros for a history that is all padding.

    Source: Zhou et al. (2018), Deep interest network for click-through rate prediction. The hidden
    layers use ReLU instead of Dice.

    Example:

    >>> import numpy as np
    >>> target, history = np.ones((2, 4), "float32"), np.ones((2, 3, 4), "float32")
    >>> mask = np.array([[True, True, False], [False, False, False]])
    >>> TargetAttention()(target, history, mask=mask).shape
    TensorShape([2, 4])
    """

    def __init__(self, units: Sequence[int] = (64, 32), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = tuple(units)
        self.supports_masking = True
        self.hidden = Perceptron(self.units, dtype=self.dtype_policy, name="hidden")
        self.weigh = keras.layers.Dense(1, dtype=self.dtype_policy, name="weigh")

    def build(
        self,
        target_shape: tuple[int | None, ...],
        history_shape: tuple[int | None, ...],
        mask_shape: tuple[int | None, ...] | None = None,
    ) -> None:
        assert history_shape[-1] is not None
        self.hidden.build((*history_shape[:-1], 4 * history_shape[-1]))
        self.weigh.build((*history_shape[:-1], self.units[-1]))
        self.built = True

    def call(self, target: Any, history: Any, mask: Any) -> Any:
        # Broadcasts the target along the history, whose length may be unknown.
        repeated = target[:, None] + ops.zeros_like(history)
        pairs = [repeated, history, repeated - history, repeated * history]
        weights = self.weigh(self.hidden(ops.concatenate(pairs, axis=-1)))[..., 0]
        weights = ops.where(mask, weights, ops.zeros_like(weights))
        return ops.einsum("bl,bld->bd", weights, history)

    def compute_output_shape(
        self, target_shape: tuple[int | None, ...], *other_shapes: Any
    ) -> tuple[int | None, ...]:
        return target_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
