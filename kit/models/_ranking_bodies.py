"""Architectures of ranking models: from the embeddings of the inputs to logits."""

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd
from typing import Any

import keras
import keras_rs
from keras import ops

from kit.layers import (
    BilinearFusion,
    CrossNetwork,
    FactorizationMachine,
    FeatureGate,
    InteractingAttention,
    MixtureOfExperts,
    Perceptron,
)

CROSS_LAYERS = 3
ATTENTION_LAYERS = 2
FUSION_HEADS = 10
EXPERTS = 4


@dataclass(frozen=True)
class BodySettings:
    """Sizes of a ranking model after the embeddings.

    Args:
        tasks: number of logits.
        hidden: widths of the perceptron.
        dropout: dropout rate after each of its layers.
    """

    tasks: int
    hidden: tuple[int, ...]
    dropout: float


def _dcn(fields: Any, settings: BodySettings) -> list[Any]:
    flat = keras.layers.Flatten()(fields)
    crossed = CrossNetwork(CROSS_LAYERS, name="cross")(flat)
    return [_logit([crossed, deep], task) for task, deep in _deep(flat, settings)]


def _dlrm(fields: Any, settings: BodySettings) -> list[Any]:
    apart = [fields[:, number] for number in range(fields.shape[1])]
    products = keras_rs.layers.DotInteraction(name="products")(apart)
    together = ops.concatenate([keras.layers.Flatten()(fields), products], axis=1)
    return [_logit([deep], task) for task, deep in _deep(together, settings)]


def _deepfm(fields: Any, settings: BodySettings) -> list[Any]:
    # The last entry of each vector is the input's own weight, as in a linear model.
    vectors, weights = fields[..., :-1], fields[..., -1]
    linear = ops.sum(weights, axis=1, keepdims=True)
    shallow = [FactorizationMachine(name="pairs")(vectors), linear]
    deep = _deep(keras.layers.Flatten()(vectors), settings)
    return [_logit([*shallow, deep_of_task], task) for task, deep_of_task in deep]


def _autoint(fields: Any, settings: BodySettings) -> list[Any]:
    attended = fields
    for number in range(ATTENTION_LAYERS):
        attended = InteractingAttention(name=f"attention_{number}")(attended)
    attended = keras.layers.Flatten()(attended)
    deep = _deep(keras.layers.Flatten()(fields), settings)
    return [_logit([attended, deep_of_task], task) for task, deep_of_task in deep]


def _finalmlp(fields: Any, settings: BodySettings) -> list[Any]:
    flat = keras.layers.Flatten()(fields)
    streams = [
        _deep(FeatureGate(name=f"gate_{side}")(flat), settings, side) for side in ("one", "other")
    ]
    return [
        BilinearFusion(gcd(FUSION_HEADS, one.shape[-1]), dtype="float32", name=f"logit_{task}")(
            one, other
        )
        for (task, one), (_, other) in zip(*streams, strict=True)
    ]


def _din(fields: Any, settings: BodySettings) -> list[Any]:
    # The history among the fields has been attended to by the target already.
    return [_logit([deep], task) for task, deep in _deep(keras.layers.Flatten()(fields), settings)]


ARCHITECTURES: dict[str, Callable[[Any, BodySettings], list[Any]]] = {
    "dcn": _dcn,
    "dlrm": _dlrm,
    "deepfm": _deepfm,
    "autoint": _autoint,
    "finalmlp": _finalmlp,
    "din": _din,
}
"""Builds the body of a ranking model, by the name of its architecture."""


def _deep(x: Any, settings: BodySettings, name: str = "deep") -> list[tuple[int, Any]]:
    """Output of the perceptron, or with several tasks of the experts, for each task."""
    if settings.tasks == 1:
        return [(0, Perceptron(settings.hidden, settings.dropout, name=name)(x))]
    # At half the width, four experts cost no more than one perceptron.
    units = [max(1, width // 2) for width in settings.hidden]
    experts = MixtureOfExperts(settings.tasks, EXPERTS, units, settings.dropout, name=name)(x)
    return [(task, experts[:, task]) for task in range(settings.tasks)]


def _logit(parts: list[Any], task: int) -> Any:
    together = ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    return keras.layers.Dense(1, dtype="float32", name=f"logit_{task}")(together)


def ranking_body(architecture: str, fields: int, dim: int, settings: BodySettings) -> keras.Model:
    """A Keras model from the embeddings of the inputs to logits.

    Args:
        architecture: a key of `ARCHITECTURES`.
        fields: number of inputs.
        dim: width of the embeddings.
        settings: sizes of the layers.

    Returns:
        float [batch, fields, dim] -> float32 [batch, tasks].

    Example:

    >>> ranking_body("dcn", 3, 4, BodySettings(tasks=2, hidden=(8,), dropout=0.0)).output_shape
    (None, 2)
    """
    vectors = keras.Input((fields, dim))
    logits = ARCHITECTURES[architecture](vectors, settings)
    together = ops.concatenate(logits, axis=1) if len(logits) > 1 else logits[0]
    return keras.Model(vectors, together, name=architecture)
