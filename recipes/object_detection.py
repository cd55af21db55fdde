"""Object detection: from images with boxes to "what is where?".

    kit train object-detection --data bccd
    python recipes/object_detection.py --data FOLDER

A one-stage detector, trained from nothing: a small residual network, a feature pyramid, and at each
of its places a score for every class and the sides of a box. On 2 cores the whole of BCCD takes
nine minutes and reaches a mAP50 of .89, the mean of three seeds; see results/detection.json.
"""

from typing import TYPE_CHECKING

import click

from kit.console import (
    CheckpointOptions,
    Command,
    DetectionOptions,
    TrainingOptions,
    checkpoint_options,
    detection_options,
    training_options_of,
)
from kit.pipeline import Recipe, run
from kit.tasks import Detection

if TYPE_CHECKING:
    from kit.data.detection import DetectionData
    from kit.models import Detector
    from kit.tasks import Built
    from kit.training import DetectionBatches, Precision


EPOCHS, LEARNING_RATE, WEIGHT_DECAY = 60, 0.002, 0.05
WARM_UP = 50

INTENDED_USE = "Finding and counting objects of the classes it was trained on in images alike."
LIMITS = [
    "Images of another kind, light or scale than those of the data are answered, not refused.",
    "A score orders boxes and estimates their overlap; it is no probability.",
    "Objects of less than about eight pixels in what it takes are mostly missed.",
]
RECIPE = Recipe(name="object-detection", intended_use=INTENDED_USE, limits=LIMITS)


@click.command(
    "object-detection", cls=Command, example="kit train object-detection --data bccd --epochs 20"
)
@detection_options
@training_options_of(rows="images", dim=64)
@checkpoint_options
@click.option(
    "--size",
    type=click.IntRange(min=64),
    metavar="PIXELS",
    help="Longer side of what the model takes; the shorter one follows from the images.  "
    "[default: the images', at most 416]",
)
@click.option(
    "--flip",
    type=click.Choice(["horizontal", "both", "none"]),
    default="horizontal",
    show_default=True,
    help="Flip images in training; both where images have no natural orientation.",
)
@click.option(
    "--mosaic",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Share of training images that are mosaics of four.",
)
@click.option(
    "--backbone",
    metavar="PRESET|FOLDER",
    help="Fine-tune a pretrained network instead: a preset of keras-hub, or a folder that has one. "
    "Needs the extra: pip install kit[pretrained]",
)
def main(
    data: DetectionOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    size: int | None,
    flip: str,
    mosaic: float,
    backbone: str | None,
) -> None:
    """Train a model that finds objects, evaluate it, export it and verify the export."""

    def build(dataset: "DetectionData", precision: "Precision") -> "Built":
        from kit.tasks import Built, Stage

        model, batches = model_and_batches(
            dataset, data, training, size, flip, mosaic, backbone, precision
        )
        epochs = training.epochs or EPOCHS
        return Built(
            model=model,
            batches=batches,
            name=RECIPE.name,
            settings={
                "epochs": epochs,
                "learning_rate": learning_rate(training, backbone),
                "size": list(model.picture_shape),
                "flip": flip,
                "mosaic": mosaic,
                "backbone": backbone,
                "weights": model.count_params(),
            },
            # The steps become smaller until the end, where the best weights are.
            stages=[Stage(epochs=epochs, patience=epochs * batches.steps_per_epoch)],
        )

    run(
        RECIPE,
        Detection(),
        data.dataset,
        build,
        source=data.card(),
        training=training,
        checkpoint=checkpoint,
        seed=data.seed,
    )


def learning_rate(training: TrainingOptions, backbone: str | None) -> float:
    """What is given; else smaller steps where the network knows much already."""
    return training.learning_rate or (LEARNING_RATE / 4 if backbone else LEARNING_RATE)


def model_and_batches(
    dataset: "DetectionData",
    data: DetectionOptions,
    training: TrainingOptions,
    size: int | None,
    flip: str,
    mosaic: float,
    backbone: str | None,
    precision: "Precision",
) -> tuple["Detector", "DetectionBatches"]:
    """The compiled model and the stream it trains on: what makes this recipe this recipe."""
    import keras

    from kit.data.detection import canvas_shape
    from kit.models import detector_for
    from kit.training import BoxAugmentation, DetectionBatches, default_images

    keras.utils.set_random_seed(data.seed)
    shape = canvas_shape(dataset.train, size)
    batches = DetectionBatches(
        dataset.train,
        shape,
        batch_size=min(
            training.batch_size or default_images(len(dataset.train)), len(dataset.train)
        ),
        seed=data.seed,
        augmentation=BoxAugmentation(
            mosaic=mosaic, flip=flip != "none", upside_down=flip == "both"
        ),
    )
    model = detector_for(dataset.classes, shape, filters=training.dim, backbone=backbone)
    steps = (training.epochs or EPOCHS) * batches.steps_per_epoch
    warm_up = min(WARM_UP, steps // 4)
    peak = learning_rate(training, backbone)
    rate = keras.optimizers.schedules.CosineDecay(
        peak / 100, steps - warm_up, warmup_target=peak, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, clipnorm=10.0)
    model.compile(precision.scaled(optimizer), jit_compile=False)
    return model, batches


if __name__ == "__main__":
    main()
