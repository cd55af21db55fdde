"""The detector that a recipe trains: from nothing, or on a pretrained backbone."""

from collections.abc import Sequence

import keras

from kit.errors import UserError
from kit.models._detector import Detector
from kit.models._pretrained_encoder import pretrained_encoder

LEVELS = ("P3", "P4", "P5")


def detector_for(
    classes: Sequence[str],
    shape: tuple[int, int],
    *,
    filters: int = 64,
    backbone: str | None = None,
) -> Detector:
    """A detector, built.

    Args:
        classes: names.
        shape: height and width of what it takes, multiples of 32.
        filters: channels of pyramid and heads.
        backbone: preset of keras-hub or a folder that has one, of which the maps of strides 8, 16
            and 32 are taken, of a detector those of its pyramid; None for a small residual network
            that knows nothing yet.

    Raises:
        UserError: the backbone cannot be loaded, has no such maps, or takes another size.

    Example:

    >>> detector_for(["cat"], (64, 64), filters=8).count_params()
    1024495
    """
    if backbone is None:
        model = Detector(classes, shape, filters=filters)
    else:
        found = pretrained_encoder(backbone)
        maps = getattr(found.encoder, "pyramid_outputs", {})
        if not set(LEVELS) <= set(maps):
            raise UserError(
                f"The preset is a {type(found.encoder).__name__}, which gives no maps of strides "
                "8, 16 and 32.",
                where=f"--backbone {backbone}",
                expected="a backbone with a feature pyramid, such as resnet_18_imagenet",
            )
        sides = found.encoder.inputs[0].shape[1:3]
        if any(one not in (None, side) for one, side in zip(sides, shape, strict=True)):
            raise UserError(
                f"The preset takes images of {'x'.join(map(str, sides))} only; those of the data "
                f"become {'x'.join(map(str, shape))}.",
                where=f"--backbone {backbone}",
                expected="a backbone that takes images of any size",
            )
        encoder = keras.Model(found.encoder.inputs[0], {name: maps[name] for name in LEVELS})
        model = Detector(classes, shape, encoder, filters, scale=found.scale, offset=found.offset)
    model.build()
    return model
