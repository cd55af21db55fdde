"""Image classification: from folders of images to "what is in this image?".

    kit train image-classification --data fashion-mnist-part
    python recipes/image_classification.py --data FOLDER --size 96 --model convnext

A small ResNet or ConvNeXt from scratch, or a pretrained network of keras-hub: frozen first, then
trained as a whole. fashion-mnist-part takes some two minutes of processor time and reaches an
accuracy of .88, a linear model of the pixels .82; see results/images.json.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kit.config import CheckpointOptions, ImageOptions, ImageTrainingOptions, TrainingOptions
from kit.console import quiet_tensorflow
from kit.pipeline import Recipe, command
from kit.tasks import Built, ImageClassification, Stage

if TYPE_CHECKING:
    from kit.data.images import ImageData
    from kit.models import ImageClassifier
    from kit.training import Precision
    from kit.training.batches import ImageBatches

EPOCHS, LEARNING_RATE, BATCH = 12, 0.2, 128
WEIGHT_DECAY = 0.003
HEAD_RATE, TUNING_RATE = 1e-3, 1e-4


@dataclass(frozen=True, kw_only=True)
class ImageClassificationOptions:
    """Everything that can be set."""

    data: ImageOptions
    model: ImageTrainingOptions = ImageTrainingOptions()
    training: TrainingOptions = TrainingOptions(dim=160)
    checkpoint: CheckpointOptions = CheckpointOptions()


def read(options: ImageClassificationOptions) -> "ImageData":
    """The split images, in the size that a pretrained network takes."""
    if options.model.backbone is None:
        return options.data.dataset()
    quiet_tensorflow()
    from kit.models.pretrained import pretrained_image_size

    size = pretrained_image_size(options.model.backbone)
    return options.data.dataset(size=size, in_colour=True)


def build(data: "ImageData", options: ImageClassificationOptions) -> "ImageClassifier":
    """The model, untrained."""
    from kit.models import ImageClassifier

    chosen = options.model
    return ImageClassifier.for_dataset(
        data,
        chosen.model,
        dim=options.training.dim,
        backbone=chosen.backbone,
        dropout=chosen.dropout,
        rand_augment=0.5 if "randaugment" in chosen.kinds else 0.0,
        adversarial=chosen.adversarial,
        seed=options.data.seed,
    )


def train(
    model: "ImageClassifier",
    data: "ImageData",
    options: ImageClassificationOptions,
    precision: "Precision",
) -> Built:
    """The batches, and the stages: a pretrained encoder is frozen first, then trained as well."""
    chosen, training, pretrained = options.model, options.training, model.is_pretrained
    batches = batches_of(data, options)
    epochs = training.epochs or EPOCHS
    rate = training.learning_rate or (TUNING_RATE if pretrained else LEARNING_RATE)

    def begin(trainable: bool, epochs: int, rate: float) -> None:
        if pretrained:
            model.encoder.trainable = trainable
        compile_for(model, epochs * batches.steps_per_epoch, chosen, precision, rate)

    stages = [
        Stage(
            epochs=epochs,
            name="whole" if pretrained else "",
            begin=lambda: begin(True, epochs, rate),
        )
    ]
    if pretrained and chosen.frozen_epochs:
        frozen = Stage(
            epochs=chosen.frozen_epochs,
            name="frozen",
            begin=lambda: begin(False, chosen.frozen_epochs, HEAD_RATE),
        )
        stages.insert(0, frozen)
    return Built(
        model=model,
        batches=batches,
        name="fine-tuned" if pretrained else chosen.model,
        settings={**asdict(chosen), "epochs": epochs, "learning_rate": rate},
        stages=stages,
    )


def batches_of(data: "ImageData", options: ImageClassificationOptions) -> "ImageBatches":
    """Augmented images of train."""
    import numpy as np
    import tensorflow as tf

    from kit.training.batches import ImageBatches

    chosen, images, classes = options.model, len(data.train), len(data.classes)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    counts = np.bincount(data.train.labels, minlength=classes)
    balanced = (images / classes / np.maximum(counts, 1)).astype(np.float32)
    return ImageBatches(
        data.train,
        classes=classes,
        batch_size=min(options.training.batch_size or BATCH, images // replicas * replicas),
        seed=options.data.seed,
        augment=[kind for kind in chosen.kinds if kind != "randaugment"],
        class_weights=balanced if chosen.class_weights == "balanced" else None,
    )


def compile_for(
    model: "ImageClassifier",
    steps: int,
    chosen: ImageTrainingOptions,
    precision: "Precision",
    rate: float,
) -> None:
    """Warm-up in the first tenth of the steps, then cosine decay."""
    import keras

    from kit.optimizers import warm_up_cosine

    schedule = warm_up_cosine(rate, steps)
    averaged = chosen.average * steps
    averages = {"use_ema": averaged > 2, "ema_momentum": 1 - 1 / max(averaged, 2)}
    if model.is_pretrained:
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, **averages)
    else:
        optimizer = keras.optimizers.SGD(
            schedule, momentum=0.9, nesterov=True, weight_decay=WEIGHT_DECAY, **averages
        )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=chosen.label_smoothing
    )
    model.compile(precision.scaled(optimizer), loss=loss, jit_compile=False)


RECIPE = Recipe(
    name="image-classification",
    about="Train an image classifier, evaluate it, export it and verify the export.",
    example="kit train image-classification --data fashion-mnist-part",
    options=ImageClassificationOptions,
    rows="images",
    intended_use="Predicting which of the classes it was trained on an image shows.",
    limits=[
        "An image of none of the classes gets one of them, possibly with a high probability.",
        "It was measured on images taken as those of the data were; others may be harder.",
        "Images are resized to the size it was trained on; their aspect ratio is not kept.",
    ],
    task=lambda options: ImageClassification(),
    read=read,
    build=build,
    train=train,
    models=["ImageClassifier"],
)
main = command(RECIPE)

if __name__ == "__main__":
    main()
