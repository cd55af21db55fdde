"""What the `for_dataset` methods of the models share."""

from typing import Any

import keras


def set_seed(data: Any, seed: int | None = None) -> None:
    """Seed Keras, NumPy and Python, so that equal calls build equal models.

    Args:
        data: the split data.
        seed: None is the seed with which the data were split.
    """
    own = 0 if data.options is None else data.options.seed
    keras.utils.set_random_seed(own if seed is None else seed)


def attach(model: keras.Model, **parts: Any) -> None:
    """Set attributes that belong to the data, not to the model: they are not saved with it."""
    for name, part in parts.items():
        object.__setattr__(model, name, part)
