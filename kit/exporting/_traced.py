"""What a module traces once, for live answers and for the export alike."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class traced:
    """Makes a method of a `tf.Module` a concrete function of each object.

    TensorFlow traces a `tf.function` that was called again when it is saved, and graphs of
    recommenders take seconds to trace.

    Args:
        specs: of the arguments.
        when: name of an attribute of the object; where it is false, there is no such method.

    Example:

    >>> class Doubling(tf.Module):
    ...     @traced(tf.TensorSpec([None], tf.float32, "x"))
    ...     def double(self, x):
    ...         return 2 * x
    >>> Doubling().double([1.0, 3.0]).numpy().tolist()
    [2.0, 6.0]
    """

    def __init__(self, *specs: tf.TensorSpec, when: str | None = None) -> None:
        self.specs, self.when = specs, when

    def __call__(self, method: Callable[..., Any]) -> "traced":
        self.method, self.__doc__ = method, method.__doc__
        return self

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        if self.when is not None and not getattr(instance, self.when):
            raise AttributeError(f"{type(instance).__name__} has no {self.method.__name__}")
        known = instance.__dict__.setdefault("_traced", {})
        if self not in known:
            function = tf.function(
                self.method.__get__(instance), autograph=False, input_signature=self.specs
            )
            known[self] = function.get_concrete_function()
        return known[self]


class Untracked:
    """Holds what a `tf.Module` must not save.

    Args:
        value: what it holds.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
