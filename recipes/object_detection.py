"""Object detection: from pictures with boxes to "what is where?".

    kit train object-detection --data bccd
    python recipes/object_detection.py --data FOLDER

A one-stage detector, trained from nothing: a small residual network, a feature pyramid, and at each
of its places a score for every class and the sides of a box. On 2 cores the whole of BCCD takes
nine minutes and reaches a mAP50 of .89, the mean of three seeds; see results/detection.json.
"""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    Command,
    DetectionOptions,
    TrainingOptions,
    checkpoint_options,
    claim_folders,
    command_line,
    detection_options,
    echo,
    print_table,
    quiet_tensorflow,
    training_options_of,
    verified,
)

if TYPE_CHECKING:
    from kit.data.detection import DetectionData
    from kit.models import Detector
    from kit.training import DetectionBatches, Precision


EPOCHS, LEARNING_RATE, WEIGHT_DECAY = 60, 0.002, 0.05
WARM_UP = 50
INTENDED_USE = "Finding and counting objects of the classes it was trained on in pictures alike."
LIMITS = [
    "Pictures of another kind, light or scale than those of the data are answered, not refused.",
    "A score orders boxes and estimates their overlap; it is no probability.",
    "Objects of less than about eight pixels in what it takes are mostly missed.",
]


@click.command(
    "object-detection", cls=Command, example="kit train object-detection --data bccd --epochs 20"
)
@detection_options
@training_options_of(rows="pictures", dim=64)
@checkpoint_options
@click.option(
    "--size",
    type=click.IntRange(min=64),
    metavar="PIXELS",
    help="Longer side of what the model takes; the shorter one follows from the pictures.  "
    "[default: the pictures', at most 416]",
)
@click.option(
    "--flip",
    type=click.Choice(["horizontal", "both", "none"]),
    default="horizontal",
    show_default=True,
    help="How pictures are turned about in training; both where they have no upright.",
)
@click.option(
    "--mosaic",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Share of the training pictures that are joined from parts of four.",
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
    serve_cluster()
    folders = claim_folders("object-detection", training, checkpoint)
    say = echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()

    dataset = data.dataset()
    say(
        f"data:      {len(dataset.train):,} pictures in train with {dataset.boxes('train'):,} "
        f"boxes of {len(dataset.classes)} classes; split {dataset.split}"
    )
    for line in dataset.repairs:
        say(f"           {line}")

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit.evaluation import detection as evaluation
    from kit.export import export_detection
    from kit.training import (
        answer_in_float32,
        choose_precision,
        choose_strategy,
        finish_together,
        fit,
        on_this_device,
        strategy,
    )

    seconds = {"prepare": time.perf_counter() - begin}
    devices = choose_strategy(training.strategy)
    say(f"device:    {devices}")
    scope = strategy(devices.name).scope()
    precision = choose_precision(training.precision)
    say(f"precision: {precision}")
    with scope, precision.scope():
        model, batches = model_and_batches(
            dataset, data, training, size, flip, mosaic, backbone, precision
        )
    settings = {
        **data.card(),
        **asdict(training),
        "precision": precision.name,
        "batch_size": batches.batch_size,
        "epochs": training.epochs or EPOCHS,
        "learning_rate": learning_rate(training, backbone),
        "size": list(model.picture_shape),
        "flip": flip,
        "mosaic": mosaic,
        "backbone": backbone,
        "weights": model.count_params(),
    }
    checkpoints = checkpoint.of_run(folders.report, settings)

    valid = evaluation.Canvases(dataset.valid, model)

    def map_at_half() -> float:
        return evaluation.average_precision(dataset.valid, valid.found(), dataset.classes).at_half

    fitted = fit(
        model,
        batches,
        measure=map_at_half,
        metric="valid mAP50",
        epochs=training.epochs or EPOCHS,
        # The steps become smaller until the end, where the best weights are.
        patience=(training.epochs or EPOCHS) * batches.steps_per_pass,
        quiet=training.quiet,
        tensorboard=folders.report / "tensorboard",
        checkpoints=checkpoints,
    )
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    say(
        f"train:     {fitted.seconds:.0f} s, {fitted.interactions_per_second:,.1f} pictures/s "
        f"({fitted.waiting:.0%} of it waiting for data), best valid mAP50 {fitted.best:.4f}"
        f"{went_on}"
    )
    seconds["train"] = fitted.seconds
    answer_in_float32(model)

    begin = time.perf_counter()
    report = evaluation.DetectionReport(
        recipe="object-detection",
        command=command_line(),
        data=dataset,
        settings=settings,
        valid=evaluation.Canvases(dataset.valid, model).found(),
        test=evaluation.Canvases(dataset.test, model).found(),
        history=fitted.history,
        metric="valid mAP50",
        seconds=seconds,
    )
    on_test = report.on_test
    seconds["evaluate"] = time.perf_counter() - begin
    numbers = evaluation.write_detection_report(report, folders.report)

    version, checks = export_detection(
        model,
        dataset,
        folders.output,
        card={
            "recipe": "object-detection",
            "data": data.card(),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "least_score": numbers["least_score"],
            "intended_use": INTENDED_USE,
            "limits": LIMITS,
        },
    )
    checkpoints.clear()
    say(verified(checks))
    rows = [[name, f"{half:.4f}", f"{mean:.4f}"] for name, (mean, half) in on_test.of_class.items()]
    mean = [["mean", f"{on_test.at_half:.4f}", f"{on_test.mean:.4f}"]]
    print_table(numbers["test"]["protocol"], ["class", "AP50", "AP"], [*rows, *mean])
    echo(f"report:    {folders.report / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      kit evaluate {version.parent}")
    finish_together(model.distribute_strategy)


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
    from kit.training import BoxAugmentation, DetectionBatches, default_pictures

    keras.utils.set_random_seed(data.seed)
    shape = canvas_shape(dataset.train, size)
    batches = DetectionBatches(
        dataset.train,
        shape,
        batch_size=min(
            training.batch_size or default_pictures(len(dataset.train)), len(dataset.train)
        ),
        seed=data.seed,
        augmentation=BoxAugmentation(
            mosaic=mosaic, flip=flip != "none", upside_down=flip == "both"
        ),
    )
    model = detector_for(dataset.classes, shape, filters=training.dim, backbone=backbone)
    steps = (training.epochs or EPOCHS) * batches.steps_per_pass
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
