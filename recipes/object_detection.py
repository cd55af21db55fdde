"""Object detection: from images with boxes to "what is where?".

    kit train object-detection --data bccd
    python recipes/object_detection.py --data FOLDER

A one-stage detector, trained from nothing: a small residual network, a feature pyramid, and at each
of its places a score for every class and the sides of a box. On 2 cores the whole of BCCD takes
nine minutes and reaches a mAP50 of .89, the mean of three seeds; see results/detection.json.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kit.config import (
    CheckpointOptions,
    DetectionOptions,
    DetectionTrainingOptions,
    TrainingOptions,
)
from kit.pipeline import Recipe, command
from kit.tasks import Built, Detection, Stage

if TYPE_CHECKING:
    from kit.data.detection import DetectionData
    from kit.models import Detector
    from kit.training import Precision

EPOCHS, LEARNING_RATE, WEIGHT_DECAY = 60, 0.002, 0.05
WARM_UP = 50


@dataclass(frozen=True, kw_only=True)
class ObjectDetectionOptions:
    """Everything that can be set."""

    data: DetectionOptions
    model: DetectionTrainingOptions = DetectionTrainingOptions()
    training: TrainingOptions = TrainingOptions(dim=64)
    checkpoint: CheckpointOptions = CheckpointOptions()


def build(data: "DetectionData", options: ObjectDetectionOptions) -> "Detector":
    """The model, untrained."""
    from kit.models import Detector

    chosen = options.model
    return Detector.for_dataset(
        data,
        size=chosen.size,
        dim=options.training.dim,
        backbone=chosen.backbone,
        seed=options.data.seed,
    )


def train(
    model: "Detector",
    data: "DetectionData",
    options: ObjectDetectionOptions,
    precision: "Precision",
) -> Built:
    """Compile the model, and make the batches it is trained on."""
    import keras

    from kit.training.batches import BoxAugmentation, DetectionBatches, default_images

    chosen, training = options.model, options.training
    epochs = training.epochs or EPOCHS
    # Smaller steps where the network is pretrained.
    peak = training.learning_rate or (LEARNING_RATE / 4 if chosen.backbone else LEARNING_RATE)
    images = len(data.train)
    batches = DetectionBatches(
        data.train,
        model.picture_shape,
        batch_size=min(training.batch_size or default_images(images), images),
        seed=options.data.seed,
        augmentation=BoxAugmentation(
            mosaic=chosen.mosaic, flip=chosen.flip != "none", upside_down=chosen.flip == "both"
        ),
    )
    steps = epochs * batches.steps_per_epoch
    warm_up = min(WARM_UP, steps // 4)
    rate = keras.optimizers.schedules.CosineDecay(
        peak / 100, steps - warm_up, warmup_target=peak, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, clipnorm=10.0)
    model.compile(precision.scaled(optimizer), jit_compile=False)
    return Built(
        model=model,
        batches=batches,
        name=RECIPE.name,
        settings={
            **asdict(chosen),
            "epochs": epochs,
            "learning_rate": peak,
            "size": list(model.picture_shape),
            "weights": model.count_params(),
        },
        # The steps become smaller until the end, where the best weights are.
        stages=[Stage(epochs=epochs, patience=steps)],
    )


RECIPE = Recipe(
    name="object-detection",
    about="Train an object detector, evaluate it, export it and verify the export.",
    example="kit train object-detection --data bccd --epochs 20",
    options=ObjectDetectionOptions,
    rows="images",
    intended_use="Detecting and counting objects of the classes it was trained on.",
    limits=[
        "Images of another kind, light or scale than those of the data are not refused.",
        "A score orders boxes and estimates their IoU; it is not a probability.",
        "Objects smaller than about eight pixels in the model's input are mostly missed.",
    ],
    task=lambda options: Detection(),
    extra="detection",
    build=build,
    train=train,
    models=["Detector"],
)
main = command(RECIPE)

if __name__ == "__main__":
    main()
