"""Image encoder: a small ResNet or ConvNeXt."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from kit.layers import ConvNextBlock, ConvolutionBlock, ResidualBlock

Architecture = Literal["resnet", "convnext"]


@keras.saving.register_keras_serializable(package="kit")
class ImageEncoder(keras.layers.Layer):
    """A small ResNet or ConvNeXt that returns the feature map of every stage.

    The stem is a convolution over the image; stage i halves height and width, rounded up, and has
    `widths[i]` channels. So `stage_1` has a stride of `2 * stem_strides` pixels, `stage_2` of twice
    as many, and so on.

    Args:
        architecture: "resnet" or "convnext".
        widths: channels of each stage.
        blocks: number of blocks per stage; one number applies to all stages.
        stem_strides: stride of the stem; 1 for small images, 2 or 4 for large ones.
        squeeze: reduction ratio of squeeze-and-excite in residual blocks; 0 for none.

    Call arguments:
        images: float [batch, height, width, channels], normalized.

    Returns:
        "stage_1", "stage_2" and so on to float [batch, height, width, channels of the stage].

    Raises:
        ValueError: an unknown architecture, or `blocks` and `widths` differ in length.

    Source: He et al. (2016), Deep residual learning for image recognition; Woo et al. (2023),
    ConvNeXt V2.

    Example:

    >>> import numpy as np
    >>> maps = ImageEncoder(widths=[8, 16])(np.ones((2, 28, 28, 1), "float32"))
    >>> {name: tuple(one.shape) for name, one in maps.items()}
    {'stage_1': (2, 14, 14, 8), 'stage_2': (2, 7, 7, 16)}
    """

    def __init__(
        self,
        architecture: Architecture = "resnet",
        widths: Sequence[int] = (64, 128, 256),
        blocks: int | Sequence[int] = 1,
        stem_strides: int = 1,
        squeeze: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if architecture not in ("resnet", "convnext"):
            raise ValueError(f"architecture must be resnet or convnext; got {architecture!r}.")
        self.architecture, self.widths = architecture, list(widths)
        self.blocks = [blocks] * len(self.widths) if isinstance(blocks, int) else list(blocks)
        if len(self.blocks) != len(self.widths):
            raise ValueError(f"{len(self.widths)} stages, but blocks for {len(self.blocks)}.")
        self.stem_strides, self.squeeze = stem_strides, squeeze
        self.stem = ConvolutionBlock(
            self.widths[0] // 2, strides=stem_strides, dtype=self.dtype_policy, name="stem"
        )
        self.stages = [
            self._stage(number, width, count)
            for number, (width, count) in enumerate(zip(self.widths, self.blocks, strict=True), 1)
        ]

    def _stage(self, number: int, width: int, count: int) -> list[Any]:
        def named(part: str) -> dict[str, Any]:
            return {"dtype": self.dtype_policy, "name": f"stage_{number}_{part}"}

        if self.architecture == "resnet":
            return [
                ResidualBlock(width, 1 if i else 2, squeeze=self.squeeze, **named(f"{i}"))
                for i in range(count)
            ]
        halve = ConvolutionBlock(width, kernel=2, strides=2, activation=None, **named("halve"))
        return [halve, *(ConvNextBlock(**named(f"{i}")) for i in range(count))]

    def build(self, images_shape: tuple[int | None, ...]) -> None:
        self.stem.build(images_shape)
        shape = self.stem.compute_output_shape(images_shape)
        for block in (block for stage in self.stages for block in stage):
            block.build(shape)
            shape = block.compute_output_shape(shape)
        self.built = True

    def call(self, images: Any, training: bool = False) -> dict[str, Any]:
        maps, outputs = self.stem(images, training=training), {}
        for number, stage in enumerate(self.stages, 1):
            for block in stage:
                normed = isinstance(block, ConvNextBlock)
                maps = block(maps) if normed else block(maps, training=training)
            outputs[f"stage_{number}"] = maps
        return outputs

    def compute_output_shape(self, images_shape: Any) -> Any:
        shape, outputs = self.stem.compute_output_shape(images_shape), {}
        for number, stage in enumerate(self.stages, 1):
            for block in stage:
                shape = block.compute_output_shape(shape)
            outputs[f"stage_{number}"] = shape
        return outputs

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "architecture": self.architecture,
            "widths": self.widths,
            "blocks": self.blocks,
            "stem_strides": self.stem_strides,
            "squeeze": self.squeeze,
        }
