"""What the `for_dataset` methods of the models share."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import keras

from kit.errors import UserError

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

    The report and the model card show them. Its `rebuild` builds the same model, untrained, for
    other data.
    """

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> M:
        bound = inspect.signature(method).bind(*args, **kwargs)
        bound.apply_defaults()
        layers = [x for x in bound.arguments.values() if isinstance(x, keras.layers.Layer)]
        pretrained = [layer.name for layer in layers if layer.built]
        model = method(*args, **kwargs)
        plain = {
            name: value
            for name, value in bound.arguments.items()
            if isinstance(value, bool | int | float | str)
        }

        def rebuild(data: Any, **changed: Any) -> M:
            if pretrained:
                raise UserError(
                    "The weights that a layer had before training are not known any more.",
                    where=", ".join(pretrained),
                    expected="layers that are untrained when they are given to for_dataset",
                    remedy="Build the model for data.all_in_train(), and train and export that.",
                )
            bound.arguments.update(changed, data=data)
            for name, value in bound.arguments.items():
                if isinstance(value, keras.layers.Layer):
                    bound.arguments[name] = type(value).from_config(value.get_config())
            return method(*bound.args, **bound.kwargs)

        attach(model, arguments=plain, rebuild=rebuild)
        return model

    return call
