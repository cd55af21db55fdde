"""What the `for_dataset` methods of the models share."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import keras

P = ParamSpec("P")
M = TypeVar("M", bound=keras.Model)


def set_seed(data: Any, seed: int | None = None) -> None:
    """Set the random seeds of Keras, NumPy and Python, for reproducible initial weights.

    Args:
        data: the split data.
        seed: random seed; None for the seed of the split.
    """
    own = 0 if data.options is None else data.options.seed
    keras.utils.set_random_seed(own if seed is None else seed)


def attach(model: keras.Model, **parts: Any) -> None:
    """Set attributes that Keras does not track and does not save with the model."""
    for name, part in parts.items():
        object.__setattr__(model, name, part)


def recorded(method: Callable[P, M]) -> Callable[P, M]:
    """Decorator: store the arguments of a `for_dataset` in the model's `arguments`, by name.

    The report and the model card show them.
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
