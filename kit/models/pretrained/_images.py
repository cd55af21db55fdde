"""Image backbones of keras-hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kit.errors import UserError
from kit.models.pretrained._preset import read_preset


@dataclass(frozen=True)
class PretrainedEncoder:
    """A backbone and how it wants its images.

    Args:
        encoder: from images to a feature map, several of them by name, or tokens.
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
            is not for images.
    """
    return read_preset(preset, lambda hub, place: _read(hub, place, preset))


def pretrained_image_size(preset: str) -> tuple[int, int] | None:
    """Height and width an image backbone was trained on, where its preset says so.

    Args:
        preset: its name, or a folder, see `pretrained_encoder`.

    Raises:
        UserError: keras-hub is not installed, or there is no such preset.
    """
    return read_preset(preset, lambda hub, place: _converter(hub, place)[2])


def _read(hub: Any, place: str, preset: str) -> PretrainedEncoder:
    found: Any = hub.models.Backbone.from_preset(place)
    if not _takes_images(found):
        raise UserError(
            f"The preset is a {type(found).__name__}, which takes no images.",
            where=f"--backbone {preset}",
            expected="an image backbone such as resnet_18_imagenet",
        )
    scale, offset, size = _converter(hub, place)
    return PretrainedEncoder(found, scale, offset, size)


def _takes_images(backbone: Any) -> bool:
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
