"""Image classifier."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kit.data.images import ImageData
from kit.models._for_dataset import recorded, set_seed
from kit.models._image_encoder import ImageEncoder
from kit.models.pretrained import pretrained_encoder


@keras.saving.register_keras_serializable(package="kit")
class ImageClassifier(keras.Model):
    """Image classifier: encoder, global average pooling and a linear head.

    The mean of the encoder's feature map over all positions is the embedding of the image.

    Args:
        encoder: a Keras layer or model from images to a feature map [batch, height, width,
            channels], to a dictionary of feature maps of which the last is used (`ImageEncoder`),
            or to tokens [batch, tokens, channels] (vision transformers).
        classes: number of classes.
        scale: factor of the pixel values, 0 to 255, per channel.
        offset: offset added after scaling, per channel.
        dropout: dropout rate of the embedding.
        rand_augment: strength of Keras's RandAugment in training, from 0 (none) to 1.
        is_pretrained: whether the encoder always runs in inference mode, which keeps the statistics
            of its batch normalization.
        adversarial: trains on attacked images: each pixel up to so many of 255 levels from its own,
            against the targets. 0 is none.

    Call arguments:
        images: float or uint8 [batch, height, width, channels], 0 to 255.

    Returns:
        Logits, float32 [batch, classes].

    Source: Wong, Rice and Kolter (2020), Fast is better than free: revisiting adversarial training.

    Example:

    >>> import numpy as np
    >>> from kit.models._image_encoder import ImageEncoder
    >>> model = ImageClassifier(ImageEncoder(widths=[8, 16]), classes=3)
    >>> images = np.zeros((2, 28, 28, 1), np.uint8)
    >>> model(images).shape, model.embed(images).shape
    (TensorShape([2, 3]), TensorShape([2, 16]))
    """

    def __init__(
        self,
        encoder: keras.layers.Layer,
        classes: int,
        scale: Sequence[float] = (1 / 127.5,),
        offset: Sequence[float] = (-1.0,),
        dropout: float = 0.0,
        rand_augment: float = 0.0,
        is_pretrained: bool = False,
        adversarial: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Pixels must not be cast to the compute dtype.
        self.encoder, self.classes = encoder, classes
        self.scale, self.offset = [float(x) for x in scale], [float(x) for x in offset]
        self.rand_augment, self.is_pretrained = rand_augment, is_pretrained
        self.adversarial = adversarial
        self.change = (
            keras.layers.RandAugment(factor=rand_augment, dtype="float32") if rand_augment else None
        )
        self.dropout = keras.layers.Dropout(dropout)
        self.head = keras.layers.Dense(classes, dtype="float32", name="head")

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: ImageData,
        model: str = "resnet",
        *,
        dim: int = 160,
        backbone: str | None = None,
        dropout: float = 0.1,
        rand_augment: float = 0.0,
        adversarial: int = 0,
        seed: int | None = None,
    ) -> Self:
        """Build the model for the classes, the size and the colours of train.

        Args:
            data: the split images.
            model: "resnet" or "convnext", from scratch.
            dim: width of the embedding.
            backbone: preset of keras-hub, or a folder that has one, in place of `model`. Open the
                data with the size that it takes.
            dropout: dropout rate of the embedding.
            rand_augment: strength of RandAugment in training, from 0 (none) to 1.
            adversarial: levels, of 255, of the attacks that it is trained on; 0 is none.
            seed: random seed of the initial weights; None is that of the data.

        Returns:
            The model, built, untrained.

        Raises:
            UserError: the backbone cannot be loaded.

        Example:

        >>> import kit
        >>> data = kit.open("fashion-mnist-part", limit=50)
        >>> ImageClassifier.for_dataset(data, dim=16).classes
        10
        """
        pretrained = None if backbone is None else pretrained_encoder(backbone)
        set_seed(data, seed)
        settings: dict[str, Any] = {
            "dropout": dropout,
            "rand_augment": rand_augment,
            "adversarial": adversarial,
        }
        if pretrained is not None:
            built = cls(
                pretrained.encoder,
                len(data.classes),
                scale=pretrained.scale,
                offset=pretrained.offset,
                is_pretrained=True,
                **settings,
            )
        else:
            mean, spread = data.train.colours()
            # The first feature maps of a large image would be costly and carry little information.
            shortest = min(data.shape[:2])
            strides = 1 if shortest < 64 else 2 if shortest < 128 else 4
            widths = [max(4, dim // part) for part in (4, 2, 1)]
            built = cls(
                ImageEncoder(model, widths, stem_strides=strides),  # type: ignore[arg-type]
                len(data.classes),
                scale=(1 / spread).tolist(),
                offset=(-mean / spread).tolist(),
                is_pretrained=False,
                **settings,
            )
        built(np.zeros((1, *data.shape), np.float32))
        return built

    def build(self, images_shape: Any) -> None:
        if not self.encoder.built:
            self.encoder.build(images_shape)
        maps = self.encoder.compute_output_shape(images_shape)
        last = list(maps.values())[-1] if isinstance(maps, dict) else maps
        if not self.head.built:
            self.head.build((None, last[-1]))
        self.built = True

    def call(self, images: Any, training: bool = False) -> Any:
        if training and self.change is not None:
            images = self.change(ops.cast(images, "float32"), training=True)
        maps = self.maps(images, training=training)
        return self.head(self.dropout(_mean(maps), training=training))

    def train_step(self, data: Any) -> Any:
        if self.adversarial:
            images, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
            data = (self._attacked(images, targets), targets, weights)
        return super().train_step(data)

    def _attacked(self, images: Any, targets: Any) -> Any:
        """The images after one step against the targets, from a random start."""
        images, levels = tf.cast(images, tf.float32), float(self.adversarial)
        # By the step: training that is resumed goes on with the same starts.
        seed = tf.stack([0, tf.cast(self.optimizer.iterations, tf.int32)])
        start = images + tf.random.stateless_uniform(tf.shape(images), seed, -levels, levels)
        start = tf.clip_by_value(start, 0.0, 255.0)
        with tf.GradientTape() as tape:
            tape.watch(start)
            logits = tf.cast(self(start, training=False), tf.float32)
            losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
            # Gradients in float16 would vanish otherwise; only their signs count.
            losses *= 1024.0
        step = 1.25 * levels * tf.sign(tf.cast(tape.gradient(losses, start), tf.float32))
        changed = tf.clip_by_value(start + step, images - levels, images + levels)
        return tf.clip_by_value(changed, 0.0, 255.0)

    def maps(self, images: Any, training: bool = False) -> Any:
        """The encoder's last feature map or tokens."""
        scale, offset = ops.array(self.scale, "float32"), ops.array(self.offset, "float32")
        images = ops.cast(images, "float32") * scale + offset
        maps = self.encoder(images, training=training and not self.is_pretrained)
        return list(maps.values())[-1] if isinstance(maps, dict) else maps

    def embed(self, images: Any) -> Any:
        """Embeddings of the images, float32 [batch, dim]."""
        return ops.cast(_mean(self.maps(images)), "float32")

    def logits_of_maps(self, maps: Any) -> Any:
        """Logits of a feature map that `maps` returned, float32 [batch, classes]."""
        return self.head(_mean(maps))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "classes": self.classes,
            "scale": self.scale,
            "offset": self.offset,
            "dropout": self.dropout.rate,
            "rand_augment": self.rand_augment,
            "is_pretrained": self.is_pretrained,
            "adversarial": self.adversarial,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ImageClassifier":
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


def _mean(maps: Any) -> Any:
    """Mean over all positions, in float32, as there may be many."""
    axes = tuple(range(1, len(maps.shape) - 1))
    return ops.mean(ops.cast(maps, "float32"), axis=axes)
