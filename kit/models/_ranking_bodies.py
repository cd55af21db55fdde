"""What ranking models make of their inputs' vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import keras_rs
from keras import ops


@dataclass(frozen=True)
class BodySettings:
    """Sizes of a ranking model.

    Args:
        tasks: number of logits.
        hidden: widths of the multilayer perceptron.
        dropout: after each of its layers.
        cross_layers: of "dcn".
    """

    tasks: int
    hidden: tuple[int, ...]
    dropout: float
    cross_layers: int = 3


def _dcn(fields: Any, settings: BodySettings) -> list[Any]:
    flat = keras.layers.Flatten()(fields)
    crossed = flat
    for number in range(settings.cross_layers):
        crossed = keras_rs.layers.FeatureCross(name=f"cross_{number}")(flat, crossed)
    return [ops.concatenate([crossed, deep], axis=1) for deep in _deep(flat, settings)]


def _deep(x: Any, settings: BodySettings) -> list[Any]:
    for number, units in enumerate(settings.hidden):
        x = keras.layers.Dense(units, activation="relu", name=f"deep_{number}")(x)
        x = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}")(x)
    return [x] * settings.tasks


ARCHITECTURES: dict[str, Callable[[Any, BodySettings], list[Any]]] = {"dcn": _dcn}


def ranking_body(architecture: str, fields: int, dim: int, settings: BodySettings) -> keras.Model:
    """A Keras model from the vectors of the inputs to logits.

    Args:
        architecture: a key of `ARCHITECTURES`.
        fields: number of inputs.
        dim: width of their vectors.
        settings: its sizes.

    Returns:
        float [batch, fields, dim] -> float32 [batch, tasks].

    Example:

    >>> ranking_body("dcn", 3, 4, BodySettings(tasks=2, hidden=(8,), dropout=0.0)).output_shape
    (None, 2)
    """
    vectors = keras.Input((fields, dim))
    logits = [
        keras.layers.Dense(1, dtype="float32", name=f"logit_{task}")(x)
        for task, x in enumerate(ARCHITECTURES[architecture](vectors, settings))
    ]
    return keras.Model(vectors, ops.concatenate(logits, axis=1), name=architecture)
