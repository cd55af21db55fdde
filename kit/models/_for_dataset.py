"""What the `for_dataset` methods of the models share."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import keras

P = ParamSpec("P")
M = TypeVar("M", bound=keras.Model)


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


def recorded(method: Callable[P, M]) -> Callable[P, M]:
    """Keep the arguments of a `for_dataset` as the model's `arguments`: name to value.

    They tell a report and a card how the model was made.
    """

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> M:
        model = method(*args, **kwargs)
        bound = inspect.signature(method).bind(*args, **kwargs)
        bound.apply_defaults()
        plain = {
            name: value
            for name, value in bound.arguments.items()
            if isinstance(value, bool | int | float | str)
        }
        attach(model, arguments=plain)
        return model

    return call
