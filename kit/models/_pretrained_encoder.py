"""Image backbones of keras-hub. Only this module imports it, when it is asked for."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kit.errors import UserError


@dataclass(frozen=True)
class PretrainedEncoder:
    """A backbone and how it wants its pictures.

    Args:
        encoder: from pictures to a feature map, several of them by name, or tokens.
        scale: by what the values 0 to 255 of each channel are multiplied.
        offset: what is then added.
        size: height and width it was trained on, where it says so.
    """

    encoder: keras.Model
    scale: Sequence[float]
    offset: Sequence[float]
    size: tuple[int, int] | None


def pretrained_encoder(preset: str) -> PretrainedEncoder:
    """Load an image backbone.

    Args:
        preset: name of a preset (`resnet_18_imagenet`), fetched with keras-hub's own download, or a
            folder that `save_to_preset` wrote.

    Raises:
        UserError: keras-hub is not installed, there is no such preset, it cannot be fetched, or it
            is not for pictures.
    """
    try:
        import keras_hub
    except ImportError:
        raise UserError(
            "A pretrained backbone needs keras-hub, which is not installed.",
            where="--backbone",
            remedy="Install it, pip install kit[pretrained], or leave --backbone out.",
        ) from None
    folder = Path(preset).expanduser()
    is_folder = folder.is_dir()
    if not is_folder and ("\\" in preset or preset.startswith((".", "/", "~"))):
        raise _no_preset(preset, "there is no such folder")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: Any = keras_hub.models.Backbone.from_preset(
                os.fspath(folder) if is_folder else preset
            )
    except Exception as error:  # Downloads and half a dozen formats fail in as many ways.
        raise _no_preset(preset, f"{type(error).__name__}: {str(error).splitlines()[0]}") from None
    if not _takes_pictures(found):
        raise UserError(
            f"The preset is a {type(found).__name__}, which takes no pictures.",
            where=f"--backbone {preset}",
            expected="an image backbone such as resnet_18_imagenet",
        )
    scale, offset, size = _converter(keras_hub, os.fspath(folder) if is_folder else preset)
    return PretrainedEncoder(found, scale, offset, size)


def _takes_pictures(backbone: Any) -> bool:
    shape = getattr(backbone, "input_shape", None)
    return isinstance(shape, tuple) and len(shape) == 4 and shape[-1] == 3


def _converter(
    keras_hub: Any, preset: str
) -> tuple[list[float], list[float], tuple[int, int] | None]:
    """Scale, offset and size of the preset's image converter; 0 to 1 where it has none."""
    try:
        converter = keras_hub.layers.ImageConverter.from_preset(preset)
    except Exception:  # A preset need not have one.
        return [1 / 255] * 3, [0.0] * 3, None
    scale = np.broadcast_to(1.0 if converter.scale is None else converter.scale, 3)
    offset = np.broadcast_to(0.0 if converter.offset is None else converter.offset, 3)
    size = converter.image_size
    return (
        [float(x) for x in scale],
        [float(x) for x in offset],
        None if size is None else (int(size[0]), int(size[1])),
    )


def _no_preset(preset: str, why: str) -> UserError:
    return UserError(
        f"The backbone cannot be loaded: {why}",
        where=f"--backbone {preset}",
        expected="a preset of keras-hub (https://keras.io/keras_hub/presets), or a folder that "
        "save_to_preset wrote",
        remedy="Check the name; a preset that is not on this machine needs a network.",
    )
