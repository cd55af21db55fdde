"""Image classification: from folders of pictures to "what is in this picture?".

    kit train image-classification --data fashion-mnist-part
    python recipes/image_classification.py --data FOLDER --size 96 --model convnext

A small ResNet or ConvNeXt from scratch, or a pretrained network of keras-hub: frozen first, then
trained as a whole. fashion-mnist-part takes some two minutes of processor time and reaches an
accuracy of .88, a linear model of the pixels .82; see results/images.json.
"""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    Command,
    ImageOptions,
    ImageTrainingOptions,
    TrainingOptions,
    checkpoint_options,
    claim_folders,
    command_line,
    echo,
    image_options,
    image_training_options,
    print_comparison,
    quiet_tensorflow,
    training_options_of,
    verified,
)

if TYPE_CHECKING:
    from kit.data.images import ImageData
    from kit.models import ImageClassifier, PretrainedEncoder
    from kit.training import Checkpoints, ImageBatches, Precision, Training

EPOCHS, LEARNING_RATE, BATCH = 12, 0.2, 128
WEIGHT_DECAY = 0.003
WARM_UP = 0.1
HEAD_RATE, TUNING_RATE = 1e-3, 1e-4
INTENDED_USE = "Saying which of the classes it was trained on a picture shows, and how surely."
LIMITS = [
    "A picture of none of the classes gets one of them, maybe with a high probability.",
    "It was measured on pictures taken as those of the data were; others may be harder.",
    "Pictures are resized to the size it was trained on; their proportions are not kept.",
]


@click.command(
    "image-classification",
    cls=Command,
    example="kit train image-classification --data fashion-mnist-part",
)
@image_options
@training_options_of(rows="pictures", dim=160)
@checkpoint_options
@image_training_options
def main(
    data: ImageOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    how: ImageTrainingOptions,
) -> None:
    """Train a model that says what is in a picture, evaluate, export and verify it."""
    serve_cluster()
    folders = claim_folders("image-classification", training, checkpoint)
    say = echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()
    source = data.open()

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit.evaluation import SHOWN, ClassPredictions
    from kit.evaluation import images as evaluation
    from kit.export import export_images
    from kit.models import pretrained_encoder
    from kit.training import (
        answer_in_float32,
        calibrate,
        choose_precision,
        choose_strategy,
        finish_together,
        fit,
        on_this_device,
        strategy,
    )

    devices = choose_strategy(training.strategy)
    chosen = strategy(devices.name)
    precision = choose_precision(training.precision)
    with chosen.scope(), precision.scope():
        backbone = pretrained_encoder(how.backbone) if how.backbone else None
    dataset = data.split_of(
        source, size=backbone.size if backbone else None, in_colour=backbone is not None
    )
    left_out = "".join(f"; left out {step.rows:,} {step.name}" for step in dataset.cleaning)
    say(
        f"data:      {len(dataset.train):,} pictures in train, {len(dataset.classes)} classes, "
        f"{'x'.join(map(str, dataset.shape))}{', resized' * dataset.is_resized}; "
        f"split {dataset.split}{left_out}"
    )
    say(f"device:    {devices}")
    say(f"precision: {precision}")
    with chosen.scope(), precision.scope():
        model, batches = model_and_batches(dataset, backbone, data, training, how)
    seconds = {"prepare": time.perf_counter() - begin}
    settings = {
        **data.card(),
        **asdict(training),
        **asdict(how),
        "precision": precision.name,
        "epochs": training.epochs or EPOCHS,
        "batch_size": batches.batch_size,
        "learning_rate": training.learning_rate or (TUNING_RATE if backbone else LEARNING_RATE),
    }
    name = "fine-tuned" if backbone else how.model

    def on_valid() -> ClassPredictions:
        said = evaluation.probabilities_of_pictures(model, dataset.valid)
        return ClassPredictions(dataset.valid.labels, said)

    kept: list[Checkpoints] = []

    def trained(stage: str, epochs: int, rate: float) -> "Training":
        with chosen.scope(), precision.scope():
            compile_for(model, batches, how, precision, epochs, rate)
        kept.append(checkpoint.of_run(folders.report, settings, stage))
        return fit(
            model,
            batches,
            measure=lambda: on_valid().summary()["accuracy"],
            metric="valid accuracy",
            epochs=epochs,
            quiet=training.quiet,
            tensorboard=folders.report / "tensorboard" / stage,
            checkpoints=kept[-1],
        )

    frozen = None
    if backbone and how.frozen_epochs:
        model.encoder.trainable = False
        frozen = trained("frozen", how.frozen_epochs, HEAD_RATE)
        model.encoder.trainable = True
    fitted = trained("whole" if backbone else "", settings["epochs"], settings["learning_rate"])
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    history = fitted.history
    if frozen:
        later = frozen.history[-1]["epoch"]
        history = [*frozen.history, *({**row, "epoch": row["epoch"] + later} for row in history)]
    seconds["train"] = fitted.seconds + (frozen.seconds if frozen else 0)
    say(
        f"train:     {seconds['train']:.0f} s, {fitted.interactions_per_second:,.0f} pictures/s "
        f"({fitted.waiting:.0%} of it waiting for data), best valid accuracy "
        f"{fitted.best:.4f}{went_on}"
    )
    answer_in_float32(model)

    begin = time.perf_counter()
    valid = on_valid()
    settings["temperature"] = calibrate(model.head, valid.probabilities, valid.labels)
    valid = on_valid()
    said = evaluation.probabilities_of_pictures(model, dataset.test)
    test = ClassPredictions(dataset.test.labels, said)
    baselines = evaluation.image_baselines(dataset, seed=data.seed)
    seconds["evaluate"] = time.perf_counter() - begin

    numbers = evaluation.write_image_report(
        evaluation.ImageReport(
            recipe="image-classification",
            model=name,
            command=command_line(),
            data=dataset,
            settings=settings,
            classifier=model,
            valid=valid,
            test=test,
            baselines=baselines,
            history=history,
            metric="valid accuracy",
            seconds=seconds,
        ),
        folders.report,
    )

    version, checks = export_images(
        model,
        dataset,
        folders.output,
        card={
            "recipe": "image-classification",
            "model": name,
            "data": data.card(),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "baselines": numbers["baselines"],
            "intended_use": INTENDED_USE,
            "limits": LIMITS,
        },
    )
    for checkpoints in kept:
        checkpoints.clear()
    say(verified(checks))
    print_comparison(numbers["test"]["protocol"], {name: test, **baselines}, {}, SHOWN)
    echo(f"report:    {folders.report / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      kit evaluate {version.parent}")
    finish_together(model.distribute_strategy)


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
        # Of a large picture the first maps would be costly and would see next to nothing.
        shortest = min(dataset.shape[:2])
        strides = 1 if shortest < 64 else 2 if shortest < 128 else 4
        widths = [max(4, training.dim // part) for part in (4, 2, 1)]
        encoder = ImageEncoder(how.model, widths, stem_strides=strides)
        model = ImageClassifier(
            encoder, scale=1 / spread, offset=-mean / spread, is_pretrained=False, **parts
        )
    model(np.zeros((1, *dataset.shape), np.float32))

    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    pictures = len(dataset.train)
    counts = np.bincount(dataset.train.labels, minlength=len(dataset.classes))
    balanced = (pictures / len(dataset.classes) / np.maximum(counts, 1)).astype(np.float32)
    batches = ImageBatches(
        dataset.train,
        classes=len(dataset.classes),
        batch_size=min(training.batch_size or BATCH, pictures // replicas * replicas),
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

    steps = epochs * batches.steps_per_pass
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
