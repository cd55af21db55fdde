"""Translation: from pairs of sentences to "what is this in the other language?".

    kit train translation --data tatoeba-eng-fra-part
    python recipes/translation.py --data FOLDER --from en --to de

An encoder-decoder transformer from scratch, over pieces of words that both languages share.
"""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    Command,
    PairOptions,
    TrainingOptions,
    WritingOptions,
    checkpoint_options,
    command_line,
    pair_options,
    print_comparison,
    quiet_tensorflow,
    training_options_of,
    writing_options_of,
)

if TYPE_CHECKING:
    from kit.data.pairs import PairData
    from kit.models import SequenceToSequence, TextToText
    from kit.tokenizers import WordPiece
    from kit.training import PairBatches, Precision

EPOCHS, LEARNING_RATE, BATCH = 20, 2e-3, 4096
WARM_UP = 0.1
PATIENCE = 8
INTENDED_USE = "Translating texts like those it was trained on, to be read by somebody who can tell."
LIMITS = [
    "It may leave out, add or turn round what the text says, in sentences that read well.",
    "Of texts longer than those it was trained on the end is not read.",
    "Words it has not seen in training are guessed from their pieces.",
]


@click.command(
    "translation", cls=Command, example="kit train translation --data tatoeba-eng-fra-part"
)
@pair_options
@training_options_of(rows="tokens", dim=256)
@checkpoint_options
@writing_options_of(
    layers=3,
    hidden=512,
    vocabulary=6000,
    source_length=128,
    target_length=128,
    dropout=0.2,
    length_penalty=1.0,
)
def main(
    data: PairOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    how: WritingOptions,
) -> None:
    """Train a model that translates, evaluate, export and verify it."""
    serve_cluster()
    say = click.echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()
    how.check_width(training.dim)
    dataset = data.split_of(data.open())

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit.evaluation import pairs as evaluation
    from kit.export import export_pairs
    from kit.training import (
        answer_in_float32,
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
    left_out = "".join(f"; left out {step.rows:,} {step.name}" for step in dataset.cleaning)
    say(
        f"data    {len(dataset.train):,} texts in train, {' to '.join(dataset.names)}; "
        f"split {dataset.split}{left_out}"
    )
    say(f"devices {devices}")
    say(f"floats  {precision}")
    tokenizer = tokenizer_of(dataset, how)
    with chosen.scope(), precision.scope():
        model, batches, valid_batches = model_and_batches(dataset, tokenizer, data, training, how)
    seconds = {"prepare": time.perf_counter() - begin}
    say(
        f"tokens  {len(tokenizer.vocabulary):,} pieces; {batches.interactions_per_pass:,} to write "
        f"in a pass of {batches.steps_per_pass:,} batches"
    )
    epochs = training.epochs or EPOCHS
    settings = {
        **data.card(),
        **asdict(training),
        **asdict(how),
        "precision": precision.name,
        "epochs": epochs,
        "batch_size": batches.batch_size,
        "learning_rate": training.learning_rate or LEARNING_RATE,
        "vocabulary": len(tokenizer.vocabulary),
    }
    report_folder = Path(training.report or "reports/translation")
    checkpoints = checkpoint.of_run(report_folder, settings)
    with chosen.scope(), precision.scope():
        compile_for(model, batches, how, precision, epochs, settings["learning_rate"])
    fitted = fit(
        model,
        batches,
        measure=evaluation.token_accuracy(model, valid_batches),
        metric="valid token accuracy",
        epochs=epochs,
        quiet=training.quiet,
        tensorboard=report_folder / "tensorboard",
        checkpoints=checkpoints,
        patience=PATIENCE,
    )
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    seconds["train"] = fitted.seconds
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    say(
        f"train   {fitted.seconds:.0f} s, {fitted.interactions_per_second:,.0f} written tokens/s "
        f"({fitted.waiting:.0%} of it waiting for data), best valid token accuracy "
        f"{fitted.best:.4f}{went_on}"
    )
    answer_in_float32(model)

    begin = time.perf_counter()
    writer = writer_of(model, tokenizer, how)
    valid, test = (
        evaluation.Translations(writer.write(part.sources), part.references)
        for part in (dataset.valid, dataset.test)
    )
    baselines = evaluation.translation_baselines(dataset)
    seconds["evaluate"] = time.perf_counter() - begin
    numbers = evaluation.write_pair_report(
        evaluation.PairReport(
            recipe="translation",
            model="transformer",
            command=command_line(),
            data=dataset,
            settings=settings,
            weights=model.count_params(),
            valid=valid,
            test=test,
            baselines=baselines,
            bounds=(),
            how=f"{how.beams} beams, length penalty {how.length_penalty:g}",
            history=fitted.history,
            metric="valid token accuracy",
            seconds=seconds,
        ),
        report_folder,
    )

    version, checks = export_pairs(
        model,
        writer,
        dataset,
        Path(training.output or "saved_models/translation"),
        output="translation",
        card={
            "recipe": "translation",
            "model": "transformer",
            "data": data.card(),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "baselines": numbers["baselines"],
            "beams": how.beams,
            "length_penalty": how.length_penalty,
            "intended_use": INTENDED_USE,
            "limits": LIMITS,
        },
    )
    checkpoints.clear()
    signatures = {check.signature for check in checks}
    say(f"verify  {len(signatures)} signatures answer as the live model does, by three loaders")
    results = {"transformer": test, **baselines}
    print_comparison(numbers["test"]["protocol"], results, {}, test.SHOWN)
    click.echo(f"report  {report_folder / 'report.html'}\nmodel   {version}")
    click.echo(f"next    kit predict {version.parent} --input text='{dataset.test.sources[0]}'")
    finish_together(model.distribute_strategy)


def tokenizer_of(dataset: "PairData", how: WritingOptions) -> "WordPiece":
    """Pieces of words of both languages, learned from train."""
    from kit.tokenizers import WordPiece, merged_vocabulary

    sources, targets = dataset.train.rows()
    vocabulary = merged_vocabulary([*dict.fromkeys(sources), *targets], how.vocabulary)
    return WordPiece(vocabulary, lower=False, plain=False, spaced=True)


def model_and_batches(
    dataset: "PairData",
    tokenizer: "WordPiece",
    data: PairOptions,
    training: TrainingOptions,
    how: WritingOptions,
) -> tuple["SequenceToSequence", "PairBatches", "PairBatches"]:
    """The model and the streams it trains on and is chosen by: what makes this recipe this."""
    import keras
    import tensorflow as tf

    from kit.models import SequenceToSequence
    from kit.training import PairBatches, Tokens

    keras.utils.set_random_seed(data.seed)
    model = SequenceToSequence(
        len(tokenizer.vocabulary),
        training.dim,
        encoder_layers=how.layers,
        decoder_layers=how.layers,
        heads=how.heads,
        hidden=how.hidden,
        dropout=how.dropout,
        label_smoothing=how.label_smoothing,
    )
    model.build()

    def tokens_of(texts: list[str], length: int) -> Tokens:
        return Tokens.of(tokenizer.marked(tf.constant(texts), length))

    parts = []
    for part in (dataset.train, dataset.valid):
        sources, targets = part.rows()
        parts.append(
            PairBatches(
                tokens_of(sources, how.source_length),
                # With its start, the end is one more than what is written.
                tokens_of(targets, how.target_length + 1),
                batch_size=training.batch_size or BATCH,
                seed=data.seed,
                replicas=tf.distribute.get_strategy().num_replicas_in_sync,
            )
        )
    return model, *parts


def compile_for(
    model: "SequenceToSequence",
    batches: "PairBatches",
    how: WritingOptions,
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
    optimizer = keras.optimizers.Adam(
        schedule,
        beta_2=0.98,
        epsilon=1e-9,
        use_ema=averaged > 2,
        ema_momentum=1 - 1 / max(averaged, 2),
    )
    model.compile(precision.scaled(optimizer), jit_compile=False)


def writer_of(
    model: "SequenceToSequence", tokenizer: "WordPiece", how: WritingOptions
) -> "TextToText":
    """The trained model with its tokenizer and search."""
    from kit.models import TextToText

    return TextToText(
        model,
        tokenizer,
        how.source_length,
        how.target_length,
        beams=how.beams,
        length_penalty=how.length_penalty,
    )


if __name__ == "__main__":
    main()
