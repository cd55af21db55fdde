"""Text classification: from texts with a class to "what kind of text is this?".

    kit train text-classification --data sentiment-labelled-sentences
    python recipes/text_classification.py --data reviews.csv --encoder transformer

A bidirectional LSTM, convolutions or a transformer from scratch, on pieces of words that are
learned from the texts; or a pretrained BERT of keras-nlp or one of its family, tuned as a whole,
with LoRA, or frozen. On 2 cores the built-in sentences take less than a minute; IMDB reaches an
accuracy of .90 with the LSTM and with the transformer in nine minutes beside other work, see
results/texts.json.
"""

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    Command,
    TextOptions,
    TextTrainingOptions,
    TrainingOptions,
    checkpoint_options,
    claim_folders,
    command_line,
    echo,
    print_comparison,
    quiet_tensorflow,
    text_options,
    text_training_options,
    training_options_of,
    verified,
)

if TYPE_CHECKING:
    from kit.data.texts import TextData
    from kit.models import PretrainedTextEncoder, TextClassifier
    from kit.tokenizers import Numbers, Tokenizer
    from kit.training import Precision, TextBatches

EPOCHS, BATCH = 5, 64
LEARNING_RATES = {"lstm": 2e-3, "conv": 2e-3, "transformer": 1e-3}
WORD_DROPOUTS = {"lstm": 0.1, "conv": 0.1, "transformer": 0.2}
# Few texts are passed over more often, in smaller batches.
FEWEST_STEPS, SMALL_BATCH, FEW_TEXTS = 800, 32, 10_000
TUNING_EPOCHS, TUNING_RATES = 2, {"whole": 5e-5, "lora": 5e-4, "frozen": 2e-3}
WEIGHT_DECAY = 0.01
WARM_UP = 0.1
INTENDED_USE = "Saying of which of the classes it was trained on a text is, and how surely."
LIMITS = [
    "A text of none of the classes gets one of them, maybe with a high probability.",
    "It was measured on texts like those of the data; other subjects, ways to write and languages "
    "may be harder.",
    "Of a long text the middle is not read.",
]


@click.command(
    "text-classification",
    cls=Command,
    example="kit train text-classification --data sentiment-labelled-sentences",
)
@text_options
@training_options_of(rows="texts", dim=128)
@checkpoint_options
@text_training_options
def main(
    data: TextOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    how: TextTrainingOptions,
) -> None:
    """Train a model that says what kind of text one is, evaluate, export and verify it."""
    if how.word_dropout is None:
        how = replace(how, word_dropout=WORD_DROPOUTS[how.encoder])
    serve_cluster()
    folders = claim_folders("text-classification", training, checkpoint)
    say = echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()
    dataset = data.split_of(data.open())
    left_out = "".join(f"; left out {step.rows:,} {step.name}" for step in dataset.cleaning)
    say(
        f"data:      {len(dataset.train):,} texts in train, {len(dataset.classes)} classes; "
        f"split {dataset.split}{left_out}"
    )

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit.evaluation import SHOWN, ClassPredictions
    from kit.evaluation import texts as evaluation
    from kit.export import export_texts
    from kit.models import pretrained_text_encoder
    from kit.tokenizers import numbers_of
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
    say(f"device:    {devices}")
    say(f"precision: {precision}")
    with chosen.scope(), precision.scope():
        backbone = None
        if how.backbone:
            backbone = pretrained_text_encoder(how.backbone, how.tune, rank=how.rank)
    tokenizer = backbone.tokenizer if backbone else tokenizer_for(dataset, how)
    length = min(how.length, backbone.longest) if backbone else how.length
    parts = {"train": dataset.train, "valid": dataset.valid, "test": dataset.test}
    numbers = {name: numbers_of(tokenizer, part.texts, length) for name, part in parts.items()}
    with chosen.scope(), precision.scope():
        model, batches = model_and_batches(
            dataset, numbers["train"], tokenizer, backbone, data, training, how
        )
        epochs = training.epochs or (
            TUNING_EPOCHS if backbone else max(EPOCHS, FEWEST_STEPS // batches.steps_per_pass)
        )
        usual = TUNING_RATES[how.tune] if backbone else LEARNING_RATES[how.encoder]
        rate = training.learning_rate or usual
        compile_for(model, batches, how, precision, epochs, rate)
    seconds = {"prepare": time.perf_counter() - begin}
    settings = {
        **data.card(),
        **asdict(training),
        **asdict(how),
        "precision": precision.name,
        "epochs": epochs,
        "batch_size": batches.batch_size,
        "learning_rate": rate,
        "length": length,
    }
    name = f"{how.tune} backbone" if backbone else how.encoder

    def predictions(part: str) -> ClassPredictions:
        said = evaluation.probabilities_of_texts(model, numbers[part])
        return ClassPredictions(parts[part].labels, said)

    checkpoints = checkpoint.of_run(folders.report, settings)
    fitted = fit(
        model,
        batches,
        measure=lambda: predictions("valid").summary()["accuracy"],
        metric="valid accuracy",
        epochs=epochs,
        quiet=training.quiet,
        tensorboard=folders.report / "tensorboard",
        checkpoints=checkpoints,
    )
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    seconds["train"] = fitted.seconds
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    say(
        f"train:     {fitted.seconds:.0f} s, {fitted.interactions_per_second:,.0f} texts/s "
        f"({fitted.waiting:.0%} of it waiting for data), best valid accuracy "
        f"{fitted.best:.4f}{went_on}"
    )
    answer_in_float32(model)

    begin = time.perf_counter()
    valid = predictions("valid")
    settings["temperature"] = calibrate(model.head, valid.probabilities, valid.labels)
    valid, test = predictions("valid"), predictions("test")
    baselines = evaluation.text_baselines(dataset)
    report = evaluation.TextReport(
        recipe="text-classification",
        model=name,
        command=command_line(),
        data=dataset,
        settings=settings,
        classifier=model,
        tokenizer=tokenizer,
        numbers=numbers,
        length=length,
        valid=valid,
        test=test,
        baselines=baselines,
        history=fitted.history,
        metric="valid accuracy",
        seconds=seconds,
    )
    seconds["evaluate"] = time.perf_counter() - begin
    facts = evaluation.write_text_report(report, folders.report)

    version, checks = export_texts(
        model,
        tokenizer,
        dataset,
        length,
        folders.output,
        card={
            "recipe": "text-classification",
            "model": name,
            "data": data.card(),
            "dataset": facts["data"],
            "results": facts["test"],
            "baselines": facts["baselines"],
            "intended_use": INTENDED_USE,
            "limits": LIMITS,
        },
    )
    checkpoints.clear()
    say(verified(checks))
    print_comparison(facts["test"]["protocol"], {name: test, **baselines}, {}, SHOWN)
    echo(f"report:    {folders.report / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      kit evaluate {version.parent}")
    finish_together(model.distribute_strategy)


def tokenizer_for(dataset: "TextData", how: TextTrainingOptions) -> "Tokenizer":
    """What cuts the texts: pieces of words that those of train consist of, or bytes."""
    from kit.tokenizers import Bytes, WordPiece, learned_vocabulary

    if how.tokenizer == "bytes":
        return Bytes()
    return WordPiece(learned_vocabulary(dataset.train.texts, how.vocabulary))


def model_and_batches(
    dataset: "TextData",
    numbers: "Numbers",
    tokenizer: "Tokenizer",
    backbone: "PretrainedTextEncoder | None",
    data: TextOptions,
    training: TrainingOptions,
    how: TextTrainingOptions,
) -> tuple["TextClassifier", "TextBatches"]:
    """The model and the stream it trains on: what makes this recipe this recipe."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kit.models import TextClassifier, TextEncoder
    from kit.training import TextBatches

    keras.utils.set_random_seed(data.seed)
    classes, texts = len(dataset.classes), len(dataset.train)
    encoder = (
        backbone.encoder
        if backbone
        else TextEncoder(
            tokenizer.size,
            how.encoder,  # type: ignore[arg-type]
            dim=training.dim,
            layers=how.layers,
            dropout=how.dropout,
            word_dropout=how.word_dropout or 0.0,
        )
    )
    model = TextClassifier(encoder, classes, dropout=how.dropout)
    model(np.full((1, 8), tokenizer.unknown, np.int32))

    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    counts = np.bincount(dataset.train.labels, minlength=classes)
    usual = SMALL_BATCH if backbone or texts < FEW_TEXTS else BATCH
    balanced = (texts / classes / np.maximum(counts, 1)).astype(np.float32)
    batches = TextBatches(
        numbers,
        dataset.train.labels,
        classes,
        batch_size=min(training.batch_size or usual, texts // replicas * replicas),
        seed=data.seed,
        class_weights=balanced if how.class_weights == "balanced" else None,
        one_width=training.strategy == "tpu",
    )
    return model, batches


def compile_for(
    model: "TextClassifier",
    batches: "TextBatches",
    how: TextTrainingOptions,
    precision: "Precision",
    epochs: int,
    rate: float,
) -> None:
    """Steps grow in the first tenth of training, then become smaller along a cosine."""
    import keras

    from kit.optimizers import LazyAdamW

    steps = epochs * batches.steps_per_pass
    rising = max(1, round(WARM_UP * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - rising), warmup_target=rate, warmup_steps=rising
    )
    optimizer = LazyAdamW(schedule, weight_decay=WEIGHT_DECAY, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=how.label_smoothing
    )
    model.compile(precision.scaled(optimizer), loss=loss, jit_compile=False)


if __name__ == "__main__":
    main()
