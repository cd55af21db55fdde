"""Stop when the loss is no longer a number."""

from math import isfinite

import keras

from kit.errors import UserError


class StopOnNaN(keras.callbacks.Callback):
    """End training with an error after an epoch whose loss is nan or infinite.

    `keras.callbacks.TerminateOnNaN` ends it in silence, as if it had succeeded.

    Raises:
        UserError: at the end of that epoch.
    """

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not isfinite(loss):
            raise UserError(
                f"Training diverged: the loss is {loss:g}.",
                expected="a loss that falls",
                remedy="Give a smaller --learning-rate, or a larger --temperature if you set one.",
            )
