"""Tune a large network by small matrices."""

from typing import Any

BESIDE = ("query", "value", "query_projector", "value_projector")


def add_lora(backbone: Any, rank: int) -> None:
    """Freeze all but new matrices beside those that make queries and values.

    Args:
        backbone: a Keras model with attention.
        rank: of the new matrices.

    Source: Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """
    for layer in backbone._flatten_layers():
        if layer.name in BESIDE and hasattr(layer, "enable_lora"):
            layer.enable_lora(rank)
    kept = {id(weight) for layer in backbone._flatten_layers() for weight in _of_lora(layer)}
    for weight in backbone.weights:
        if id(weight) not in kept:
            weight.trainable = False


def _of_lora(layer: Any) -> list[Any]:
    if not getattr(layer, "lora_enabled", False):
        return []
    return [layer.lora_kernel_a, layer.lora_kernel_b]
