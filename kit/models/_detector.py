"""Object detector."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from kit.data.detection import DetectionData, canvas_shape
from kit.errors import UserError
from kit.layers import DetectionHead, FeaturePyramid
from kit.losses import giou, quality_focal
from kit.models._for_dataset import recorded, set_seed
from kit.models._image_encoder import ImageEncoder
from kit.models._task_aligned import Assignment, anchor_points, task_aligned_assignment
from kit.models.pretrained import pretrained_encoder

STRIDES = (8, 16, 32)
BOX_WEIGHT = 2.0
# The feature maps of a backbone with strides 8, 16 and 32.
LEVELS = ("P3", "P4", "P5")
# Maps the grey padding of letterboxed images to 0.
SCALE, OFFSET = [1 / 58] * 3, [-114 / 58] * 3


@keras.saving.register_keras_serializable(package="kit")
class Detector(keras.Model):
    """One-stage, anchor-free detector: predicts a box at every cell of three feature maps.

    Anchor points lie 8, 16 and 32 pixels apart. They are assigned to objects anew in every training
    step, see `kit.models.task_aligned_assignment`. The scores are trained on targets derived from
    the IoU of the predicted box with its object, so the score alone ranks the boxes.

    Args:
        classes: names of the classes.
        shape: height and width of the input images, multiples of 32.
        encoder: returns feature maps by name, of which the last three have strides 8, 16 and 32.
            By default a small residual network.
        filters: channels of the pyramid and the heads.
        depth: number of hidden convolutions in each branch of the heads.
        scale: factor of the pixel values, 0 to 255, per channel.
        offset: offset added after scaling, per channel.

    Call arguments:
        images: [batch, height, width, 3] of any dtype, 0 to 255.

    Returns:
        Logits, float32 [batch, points, classes], and boxes, float32 [batch, points, 4]: left, top,
        right and bottom in pixels of the input.

    The loss is built in, so `compile` it without one. Targets are {"boxes": float [batch, objects,
    4], "labels": int [batch, objects]}; label -1 is padding.

    Raises:
        ValueError: no class, or a side that is not a multiple of 32.

    Source: Feng et al. (2021), TOOD; Tian et al. (2019), FCOS.

    Example:

    >>> model = Detector(["cat", "dog"], (64, 96), filters=8)
    >>> logits, boxes = model(tf.zeros([1, 64, 96, 3], tf.uint8))
    >>> tuple(logits.shape), tuple(boxes.shape)
    ((1, 126, 2), (1, 126, 4))
    """

    def __init__(
        self,
        classes: Sequence[str],
        shape: Sequence[int] = (320, 320),
        encoder: keras.layers.Layer | None = None,
        filters: int = 64,
        depth: int = 1,
        scale: Sequence[float] = SCALE,
        offset: Sequence[float] = OFFSET,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Pixels must not be cast to the compute dtype.
        if not classes or any(side % STRIDES[-1] for side in shape):
            raise ValueError(f"It needs a class, and sides that 32 divides; got {shape}.")
        self.classes, self.picture_shape = list(classes), (int(shape[0]), int(shape[1]))
        self.filters, self.depth = filters, depth
        self.scale, self.offset = list(scale), list(offset)
        self.encoder = encoder or ImageEncoder(
            widths=[48, 96, 128, 192], blocks=1, stem_strides=2, name="encoder"
        )
        self.pyramid = FeaturePyramid(filters, name="pyramid")
        self.heads = [
            DetectionHead(len(self.classes), filters, depth, name=f"head_{stride}")
            for stride in STRIDES
        ]

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: DetectionData,
        *,
        size: int | None = None,
        dim: int = 64,
        backbone: str | None = None,
        seed: int | None = None,
    ) -> Self:
        """Build the model for the classes and the image sizes of train.

        Args:
            data: the split data.
            size: longer side of what the model takes; None is that of the images, at most 416.
            dim: channels of pyramid and heads.
            backbone: preset of keras-hub or a folder that has one, of which the maps of strides 8,
                16 and 32 are taken, of a detector those of its pyramid; None for a small residual
                network from scratch.
            seed: random seed of the initial weights; None is that of the data.

        Returns:
            The model, built, untrained.

        Raises:
            UserError: the backbone cannot be loaded, has no such maps, or takes another size.

        Example:

        >>> import kit
        >>> data = kit.open("bccd", limit=10)
        >>> Detector.for_dataset(data, dim=8, size=64).count_params()
        1024549
        """
        set_seed(data, seed)
        shape = canvas_shape(data.train, size)
        if backbone is None:
            model = cls(data.classes, shape, filters=dim)
        else:
            pretrained = pretrained_encoder(backbone)
            maps = getattr(pretrained.encoder, "pyramid_outputs", {})
            if not set(LEVELS) <= set(maps):
                raise UserError(
                    f"The preset is a {type(pretrained.encoder).__name__}, which gives no maps of "
                    "strides 8, 16 and 32.",
                    where=f"--backbone {backbone}",
                    expected="a backbone with a feature pyramid, such as resnet_18_imagenet",
                )
            sides = pretrained.encoder.inputs[0].shape[1:3]
            if any(one not in (None, side) for one, side in zip(sides, shape, strict=True)):
                raise UserError(
                    f"The preset takes images of {'x'.join(map(str, sides))} only; those of the "
                    f"data become {'x'.join(map(str, shape))}.",
                    where=f"--backbone {backbone}",
                    expected="a backbone that takes images of any size",
                )
            encoder = keras.Model(
                pretrained.encoder.inputs[0], {name: maps[name] for name in LEVELS}
            )
            model = cls(
                data.classes,
                shape,
                encoder,
                dim,
                scale=pretrained.scale,
                offset=pretrained.offset,
            )
        model.build()
        return model

    def build(self, input_shape: Any = None) -> None:
        shape = (None, *self.picture_shape, 3)
        # A loaded or pretrained encoder is already built.
        if not self.encoder.built:
            self.encoder.build(shape)
        maps = list(self.encoder.compute_output_shape(shape).values())[-len(STRIDES) :]
        self.pyramid.build(maps)
        for head, one in zip(self.heads, self.pyramid.compute_output_shape(maps), strict=True):
            head.build(one)
        self.built = True

    def call(self, images: Any, training: bool = False) -> tuple[Any, Any]:
        images = tf.cast(images, tf.float32) * self.scale + self.offset
        maps = list(self.encoder(images, training=training).values())[-len(STRIDES) :]
        maps = self.pyramid(maps, training=training)
        outputs = [head(one, training=training) for head, one in zip(self.heads, maps, strict=True)]
        logits = tf.cast(tf.concat([scores for scores, _ in outputs], axis=1), tf.float32)
        sides = tf.cast(tf.concat([sides for _, sides in outputs], axis=1), tf.float32)
        points = anchor_points(self.picture_shape, STRIDES)
        sides *= points.strides[:, None]
        centres = points.centres
        return logits, tf.concat([centres - sides[..., :2], centres + sides[..., 2:]], axis=-1)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Quality focal loss of the scores plus GIoU loss of the boxes, over the sum of targets."""
        logits, predicted = y_pred
        places = anchor_points(self.picture_shape, STRIDES)
        target: Assignment = task_aligned_assignment(
            places, tf.sigmoid(logits), predicted, y["boxes"], y["labels"]
        )
        total = tf.maximum(tf.reduce_sum(target.weights), 1.0)
        scores = tf.reduce_sum(quality_focal(target.quality, logits))
        apart = 1 - giou(target.boxes, predicted)
        return (scores + BOX_WEIGHT * tf.reduce_sum(target.weights * apart)) / total

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "classes": self.classes,
            "shape": self.picture_shape,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "filters": self.filters,
            "depth": self.depth,
            "scale": self.scale,
            "offset": self.offset,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Detector":
        encoder = keras.saving.deserialize_keras_object(config.pop("encoder"))
        return cls(**config, encoder=encoder)


LOWEST_SCORE, MOST_OVERLAP, MOST_BOXES = 0.02, 0.6, 100


def non_max_suppression(
    logits: Any,
    boxes: Any,
    *,
    lowest: float = LOWEST_SCORE,
    overlap: float = MOST_OVERLAP,
    most: int = MOST_BOXES,
) -> tuple[Any, Any, Any]:
    """Per-class non-maximum suppression, in a core TensorFlow operation.

    Args:
        logits: float [batch, points, classes].
        boxes: float [batch, points, 4], left, top, right and bottom.
        lowest: minimum score of a box.
        overlap: maximum IoU of a box with a better box of its class.
        most: maximum number of boxes per image.

    Returns:
        Boxes, float [batch, most, 4]; classes, int32 [batch, most], padded with -1; scores, float
        [batch, most], descending, padded with 0.

    Example:

    >>> boxes = tf.constant([[[0.0, 0, 9, 9], [0, 0, 9, 8], [20, 20, 30, 30]]])
    >>> logits = tf.constant([[[2.0], [1.0], [0.0]]])
    >>> _, classes, scores = non_max_suppression(logits, boxes, most=3)
    >>> classes.numpy().tolist(), scores.numpy().round(2)
    ([[0, 0, -1]], array([[0.88, 0.5 , 0.  ]], dtype=float32))
    """
    selected, scores, classes, count = tf.image.combined_non_max_suppression(
        boxes[:, :, None],
        tf.sigmoid(logits),
        max_output_size_per_class=most,
        max_total_size=most,
        iou_threshold=overlap,
        score_threshold=lowest,
        clip_boxes=False,
    )
    is_box = tf.range(most)[None] < count[:, None]
    return selected, tf.where(is_box, tf.cast(classes, tf.int32), -1), scores
