"""Image classification: from folders of images to "what is in this image?".

    kit train image-classification --data fashion-mnist-part
    python recipes/image_classification.py --data FOLDER --size 96 --model convnext

A small ResNet or ConvNeXt from scratch, or a pretrained network of keras-hub: frozen first, then
trained as a whole. fashion-mnist-part takes some two minutes of processor time and reaches an
accuracy of .88, a linear model of the pixels .82; see results/images.json.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kit.console import (
    CheckpointOptions,
    Command,
    ImageOptions,
    ImageTrainingOptions,
    TrainingOptions,
    checkpoint_options,
    image_options,
    image_training_options,
    quiet_tensorflow,
    training_options_of,
)
from kit.pipeline import Recipe, run
from kit.tasks import ImageClassification

if TYPE_CHECKING:
    from kit.data.images import ImageData
    from kit.models import ImageClassifier, PretrainedEncoder
    from kit.tasks import Built, Stage
    from kit.training import ImageBatches, Precision

EPOCHS, LEARNING_RATE, BATCH = 12, 0.2, 128
WEIGHT_DECAY = 0.003
WARM_UP = 0.1
HEAD_RATE, TUNING_RATE = 1e-3, 1e-4

INTENDED_USE = "Saying which of the classes it was trained on an image shows, and how surely."
LIMITS = [
    "An image of none of the classes gets one of them, maybe with a high probability.",
    "It was measured on images taken as those of the data were; others may be harder.",
    "Images are resized to the size it was trained on; their proportions are not kept.",
]
RECIPE = Recipe(name="image-classification", intended_use=INTENDED_USE, limits=LIMITS)


@click.command(
    "image-classification",
    cls=Command,
    example="kit train image-classification --data fashion-mnist-part",
)
@image_options
@training_options_of(rows="images", dim=160)
@checkpoint_options
@image_training_options
def main(
    data: ImageOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    how: ImageTrainingOptions,
) -> None:
    """Train a model that says what is in an image, evaluate, export and verify it."""

    def read() -> "ImageData":
        source = data.open()
        if how.backbone is None:
            return data.split_of(source)
        quiet_tensorflow()
        from kit.models import pretrained_image_size

        size = pretrained_image_size(how.backbone)
        return data.split_of(source, size=size, in_colour=True)

    def build(dataset: "ImageData", precision: "Precision") -> "Built":
        from kit.models import pretrained_encoder
        from kit.tasks import Built

        backbone = pretrained_encoder(how.backbone) if how.backbone else None
        model, batches = model_and_batches(dataset, backbone, data, training, how)
        epochs = training.epochs or EPOCHS
        rate = training.learning_rate or (TUNING_RATE if backbone else LEARNING_RATE)
        return Built(
            model=model,
            batches=batches,
            name="fine-tuned" if backbone else how.model,
            settings={**asdict(how), "epochs": epochs, "learning_rate": rate},
            stages=stages(model, batches, how, precision, epochs, rate),
        )

    run(
        RECIPE,
        ImageClassification(),
        read,
        build,
        source=data.card(),
        training=training,
        checkpoint=checkpoint,
        seed=data.seed,
    )


def stages(
    model: "ImageClassifier",
    batches: "ImageBatches",
    how: ImageTrainingOptions,
    precision: "Precision",
    epochs: int,
    rate: float,
) -> "list[Stage]":
    """A pretrained encoder is frozen first, so that the new head does not spoil it."""
    from kit.tasks import Stage

    def begin(trainable: bool, epochs: int, rate: float) -> None:
        if model.is_pretrained:
            model.encoder.trainable = trainable
        compile_for(model, batches, how, precision, epochs, rate)

    whole = Stage(
        epochs=epochs,
        name="whole" if model.is_pretrained else "",
        begin=lambda: begin(True, epochs, rate),
    )
    if not model.is_pretrained or not how.frozen_epochs:
        return [whole]
    frozen = Stage(
        epochs=how.frozen_epochs,
        name="frozen",
        begin=lambda: begin(False, how.frozen_epochs, HEAD_RATE),
    )
    return [frozen, whole]


def model_and_batches(
    dataset: "ImageData",
    backbone: "PretrainedEncoder | None",
    data: ImageOptions,
    training: TrainingOptions,
    how: ImageTrainingOptions,
) -> tuple["ImageClassifier", "ImageBatches"]:
    """The model and the stream it trains on: what makes this recipe this recipe."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kit.models import ImageClassifier, ImageEncoder
    from kit.training import ImageBatches

    keras.utils.set_random_seed(data.seed)
    rand_augment = 0.5 if "randaugment" in how.kinds else 0.0
    parts = {"classes": len(dataset.classes), "dropout": how.dropout, "rand_augment": rand_augment}
    if backbone:
        model = ImageClassifier(
            backbone.encoder,
            scale=backbone.scale,
            offset=backbone.offset,
            is_pretrained=True,
            **parts,
        )
    else:
        mean, spread = dataset.train.colours()
        # Of a large image the first maps would be costly and would see next to nothing.
        shortest = min(dataset.shape[:2])
        strides = 1 if shortest < 64 else 2 if shortest < 128 else 4
        widths = [max(4, training.dim // part) for part in (4, 2, 1)]
        encoder = ImageEncoder(how.model, widths, stem_strides=strides)
        model = ImageClassifier(
            encoder, scale=1 / spread, offset=-mean / spread, is_pretrained=False, **parts
        )
    model(np.zeros((1, *dataset.shape), np.float32))

    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    images = len(dataset.train)
    counts = np.bincount(dataset.train.labels, minlength=len(dataset.classes))
    balanced = (images / len(dataset.classes) / np.maximum(counts, 1)).astype(np.float32)
    batches = ImageBatches(
        dataset.train,
        classes=len(dataset.classes),
        batch_size=min(training.batch_size or BATCH, images // replicas * replicas),
        seed=data.seed,
        augment=[kind for kind in how.kinds if kind != "randaugment"],
        class_weights=balanced if how.class_weights == "balanced" else None,
    )
    return model, batches


def compile_for(
    model: "ImageClassifier",
    batches: "ImageBatches",
    how: ImageTrainingOptions,
    precision: "Precision",
    epochs: int,
    rate: float,
) -> None:
    """Steps grow in the first tenth of training, then become smaller along a cosine."""
    import keras

    steps = epochs * batches.steps_per_epoch
    rising = max(1, round(WARM_UP * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - rising), warmup_target=rate, warmup_steps=rising
    )
    averaged = how.average * steps
    averages = {"use_ema": averaged > 2, "ema_momentum": 1 - 1 / max(averaged, 2)}
    if model.is_pretrained:
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, **averages)
    else:
        optimizer = keras.optimizers.SGD(
            schedule, momentum=0.9, nesterov=True, weight_decay=WEIGHT_DECAY, **averages
        )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=how.label_smoothing
    )
    model.compile(precision.scaled(optimizer), loss=loss, jit_compile=False)


if __name__ == "__main__":
    main()
