"""Precision of training."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import tensorflow as tf

from kit.errors import UserError
from kit.optimizers import LossScale

CPUINFO = Path("/proc/cpuinfo")
POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Precision:
    """Compute dtype of layers during training; weights and optimizer slots are float32.

    Args:
        name: a dtype policy of Keras.
        reason: why it was chosen.

    Example:

    >>> print(Precision("mixed_bfloat16", "the CPU has AMX"))
    mixed_bfloat16 (the CPU has AMX)
    """

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Context in which new layers compute in this precision."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.name)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

    def scaled(self, optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
        """The optimizer, with a dynamic loss scale if gradients are float16."""
        return LossScale(optimizer) if self.name == "mixed_float16" else optimizer


def choose_precision(name: str = "auto") -> Precision:
    """The precision that a name resolves to; "auto" decides by hardware, without measuring.

    Args:
        name: "float32", "mixed_bfloat16", "mixed_float16", or "auto": mixed_bfloat16 on TPUs, where
            every GPU has compute capability 8.0 or above, and without a GPU where the CPU
            has AMX; else float32.

    Raises:
        UserError: the name is unknown, or it is float16 on a TPU.

    Example:

    >>> print(choose_precision("float32"))
    float32 (as asked)
    """
    tpu = bool(tf.config.list_logical_devices("TPU"))
    if name == "mixed_float16" and tpu:
        raise UserError(
            "TPUs do not support training in float16.",
            where="--precision",
            expected="float32 or mixed_bfloat16",
            remedy="Use --precision mixed_bfloat16; it needs no loss scale.",
        )
    if name in POLICIES:
        return Precision(name, "as asked")
    if name != "auto":
        raise UserError(
            f"Unknown precision {name!r}.",
            where="--precision",
            expected=f"auto, {', '.join(POLICIES[:-1])} or {POLICIES[-1]}",
        )
    fast, reason = (True, "TPUs compute in bfloat16") if tpu else _fast_in_bfloat16()
    return Precision("mixed_bfloat16" if fast else "float32", reason)


def _fast_in_bfloat16() -> tuple[bool, str]:
    gpus = tf.config.get_visible_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        if all(found.get("compute_capability", (0, 0)) >= (8, 0) for found in details):
            return True, "every GPU has compute capability 8.0 or above"
        return False, "not every GPU has compute capability 8.0 or above"
    # With bfloat16 instructions but without AMX tiles a step needed .87 to .93 of its time, too
    # small a gain for the loss of precision (results/precision.json).
    if "amx_bf16" in (CPUINFO.read_text().split() if CPUINFO.is_file() else ()):
        return True, "the CPU has AMX"
    return False, "the CPU has no AMX"


def cast_to_float32(model: keras.Model) -> None:
    """Make a model trained in mixed precision compute in float32.

    Exports compute in float32; evaluation and the recorded requests must do the same. The weights
    are float32 already. A compiled train step does not change.

    Args:
        model: a trained model.

    Example:

    >>> model = keras.Sequential([keras.Input([1]), keras.layers.Dense(1, dtype="mixed_bfloat16")])
    >>> cast_to_float32(model)
    >>> model(tf.ones([1, 1])).dtype
    tf.float32
    """
    for layer in model._flatten_layers():
        layer.dtype_policy = keras.DTypePolicy("float32")
