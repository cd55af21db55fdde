"""The road of every recipe that ends in a text for a text: what differs is the model.

source -> dataset -> model -> fit -> evaluate -> export
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    PairOptions,
    TrainingOptions,
    WritingOptions,
    claim_folders,
    command_line,
    echo,
    print_comparison,
    quiet_tensorflow,
    verified,
)

if TYPE_CHECKING:
    import keras

    from kit.data.pairs import PairData, Pairs
    from kit.evaluation.pairs import Written
    from kit.models import TokenWriter
    from kit.tokenizers import Tokenizer, WordPiece
    from kit.training import Batches, PairBatches, Precision

WARM_UP = 0.1
TUNING_EPOCHS, TUNING_RATES = 3, {"whole": 5e-5, "lora": 5e-4}


@dataclass(frozen=True)
class Built:
    """What a recipe builds.

    Args:
        model: compiled.
        name: of the model.
        batches: the stream it trains on.
        measure: of the model as it stands on valid; larger is better.
        metric: name of what is measured.
        writer: the trained model with its tokenizer and search.
        how: how texts are written, in plain words.
        settings: name to value of what was set or chosen.
    """

    model: "keras.Model"
    name: str
    batches: "Batches"
    measure: Callable[[], float]
    metric: str
    writer: Callable[["keras.Model"], Any]
    how: str
    settings: dict[str, Any]


def travel(
    recipe: str,
    build: "Callable[[PairData, Precision], Built]",
    *,
    data: PairOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    output: str,
    judge_of: "Callable[[PairData], Callable[[Sequence[str], Sequence[Sequence[str]]], Written]]",
    baselines_of: "Callable[[PairData], Mapping[str, Written]]",
    bounds: tuple[str, ...] = (),
    patience: int,
    intended_use: str,
    limits: Sequence[str],
) -> None:
    """Train what a recipe builds, evaluate it, export it and verify the export.

    Args:
        recipe: its name.
        build: makes model and batches, called in the scope of strategy and precision.
        data: the source.
        training: how to train and where results go.
        checkpoint: whether to go on from a checkpoint, and when to keep one.
        output: what is written, the name of the export's output.
        judge_of: gives, for the data, what measures texts by their references.
        baselines_of: what has to be beaten.
        bounds: those of the baselines that know the references.
        patience: measurements without a rise before training stops.
        intended_use: of the model, in a sentence, for its card.
        limits: sentences for the card.
    """
    serve_cluster()
    folders = claim_folders(recipe, training, checkpoint)
    say = echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()
    dataset = data.split_of(data.open())
    left_out = "".join(f"; left out {step.rows:,} {step.name}" for step in dataset.cleaning)
    say(
        f"data:      {len(dataset.train):,} texts in train, {' to '.join(dataset.names)}; "
        f"split {dataset.split}{left_out}"
    )

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

    # References that cannot be measured are told before hours of training.
    judge = judge_of(dataset)
    judge(dataset.valid.sources, dataset.valid.references)
    unwritten = judge(dataset.test.sources, dataset.test.references)
    for warning in unwritten.warnings():
        say(f"        {warning}")
    devices = choose_strategy(training.strategy)
    precision = choose_precision(training.precision)
    say(f"device:    {devices}")
    say(f"precision: {precision}")
    with strategy(devices.name).scope(), precision.scope():
        built = build(dataset, precision)
    model, batches = built.model, built.batches
    settings = {
        **data.card(),
        **asdict(training),
        **built.settings,
        **unwritten.card(),
        "precision": precision.name,
        "batch_size": batches.batch_size,
    }
    seconds = {"prepare": time.perf_counter() - begin}
    checkpoints = checkpoint.of_run(folders.report, settings)
    fitted = fit(
        model,
        batches,
        measure=built.measure,
        metric=built.metric,
        epochs=settings["epochs"],
        quiet=training.quiet,
        tensorboard=folders.report / "tensorboard",
        checkpoints=checkpoints,
        patience=patience,
    )
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    seconds["train"] = fitted.seconds
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    say(
        f"train:     {fitted.seconds:.0f} s, {fitted.interactions_per_second:,.0f} tokens/s "
        f"({fitted.waiting:.0%} of it waiting for data), best {built.metric} "
        f"{fitted.best:.4f}{went_on}"
    )
    answer_in_float32(model)

    begin = time.perf_counter()
    writer = built.writer(model)
    valid, test = (
        judge(writer.write(part.sources), part.references) for part in (dataset.valid, dataset.test)
    )
    baselines = baselines_of(dataset)
    seconds["evaluate"] = time.perf_counter() - begin
    numbers = evaluation.write_pair_report(
        evaluation.PairReport(
            recipe=recipe,
            model=built.name,
            command=command_line(),
            data=dataset,
            settings=settings,
            weights=model.count_params(),
            valid=valid,
            test=test,
            baselines=baselines,
            bounds=bounds,
            how=built.how,
            history=fitted.history,
            metric=built.metric,
            seconds=seconds,
        ),
        folders.report,
    )

    version, checks = export_pairs(
        model,
        writer,
        dataset,
        folders.output,
        output=output,
        card={
            "recipe": recipe,
            "model": built.name,
            "data": data.card(),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "baselines": numbers["baselines"],
            "how": built.how,
            **unwritten.card(),
            "intended_use": intended_use,
            "limits": list(limits),
        },
    )
    checkpoints.clear()
    say(verified(checks))
    print_comparison(numbers["test"]["protocol"], {built.name: test, **baselines}, {}, test.SHOWN)
    echo(f"report:    {folders.report / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      kit evaluate {version.parent}")
    finish_together(model.distribute_strategy)


def transformer(
    dataset: "PairData",
    precision: "Precision",
    *,
    data: PairOptions,
    training: TrainingOptions,
    how: WritingOptions,
    epochs: int,
    rate: float,
    batch: int,
) -> Built:
    """A transformer that reads and writes, from scratch or pretrained.

    Args:
        dataset: the split pairs.
        precision: what it computes in.
        data: the source.
        training: how to train.
        how: the model and its search.
        epochs: of one from scratch, if not given.
        rate: of learning of one from scratch, if not given.
        batch: tokens of a batch, if not given.
    """
    import keras

    from kit.evaluation.pairs import token_accuracy
    from kit.models import TextToText

    keras.utils.set_random_seed(data.seed)
    if how.backbone:
        epochs, rate = TUNING_EPOCHS, TUNING_RATES[how.tune]
        model, tokenizer, how = pretrained(how.backbone, how)
    else:
        tokenizer = tokenizer_of(dataset, how.vocabulary)
        model = from_scratch(tokenizer.size, training.dim, how)
    epochs, rate = training.epochs or epochs, training.learning_rate or rate
    batches, valid_batches = (
        batches_of(part, tokenizer, how, training.batch_size or batch, data.seed)
        for part in (dataset.train, dataset.valid)
    )
    compile_for(model, precision, epochs * batches.steps_per_pass, rate, how.average)
    return Built(
        model=model,
        name=f"{how.tune} backbone" if how.backbone else "transformer",
        batches=batches,
        measure=token_accuracy(model, valid_batches.in_order()),
        metric="valid token accuracy",
        writer=lambda trained: TextToText(
            trained,
            tokenizer,
            how.source_length,
            how.target_length,
            beams=how.beams,
            length_penalty=how.length_penalty,
        ),
        how=f"{how.beams} beams, length penalty {how.length_penalty:g}",
        settings={**asdict(how), "epochs": epochs, "learning_rate": rate},
    )


def pretrained(
    preset: str, how: WritingOptions
) -> tuple["TokenWriter", "Tokenizer", WritingOptions]:
    """A backbone, its tokenizer, and lengths that it can take."""
    from kit.models import pretrained_writer

    found = pretrained_writer(
        preset,
        how.tune,  # type: ignore[arg-type]
        rank=how.rank,
        label_smoothing=how.label_smoothing,
    )
    if found.longest:
        # What is written follows a mark.
        how = replace(
            how,
            source_length=min(how.source_length, found.longest),
            target_length=min(how.target_length, found.longest - 1),
        )
    return found.model, found.tokenizer, how


def from_scratch(vocabulary: int, dim: int, how: WritingOptions) -> "TokenWriter":
    """A model that has read nothing yet."""
    from kit.models import SequenceToSequence

    model = SequenceToSequence(
        vocabulary,
        dim,
        encoder_layers=how.layers,
        decoder_layers=how.layers,
        heads=how.heads,
        hidden=how.hidden,
        dropout=how.dropout,
        label_smoothing=how.label_smoothing,
    )
    model.build()
    return model


def tokenizer_of(dataset: "PairData", pieces: int) -> "WordPiece":
    """Pieces of words for both sides, learned from train."""
    from kit.tokenizers import WordPiece, merged_vocabulary

    every = (*dataset.train.sources, *(text for some in dataset.train.references for text in some))
    return WordPiece(merged_vocabulary(every, pieces), lower=False, plain=False, spaced=True)


def batches_of(
    part: "Pairs",
    tokenizer: "Tokenizer",
    how: WritingOptions,
    batch: int,
    seed: int,
) -> "PairBatches":
    """The stream of a part's pairs."""
    import tensorflow as tf

    from kit.training import PairBatches, Tokens

    def tokens_of(texts: Sequence[str], length: int) -> Tokens:
        return Tokens.of(tokenizer.marked(tf.constant(texts), length))

    sources, targets = part.rows()
    return PairBatches(
        tokens_of(sources, how.source_length),
        # The start is not written.
        tokens_of(targets, how.target_length + 1),
        batch_size=batch,
        seed=seed,
        replicas=tf.distribute.get_strategy().num_replicas_in_sync,
    )


def compile_for(
    model: "keras.Model", precision: "Precision", steps: int, rate: float, average: float
) -> None:
    """Steps grow in the first tenth of training, then become smaller along a cosine.

    Args:
        model: to compile.
        precision: what it computes in.
        steps: of the whole training.
        rate: the greatest.
        average: share of the steps over which weights are averaged.
    """
    import keras

    rising = max(1, round(WARM_UP * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - rising), warmup_target=rate, warmup_steps=rising
    )
    averaged = average * steps
    optimizer = keras.optimizers.Adam(
        schedule,
        beta_2=0.98,
        epsilon=1e-9,
        use_ema=averaged > 2,
        ema_momentum=1 - 1 / max(averaged, 2),
    )
    model.compile(precision.scaled(optimizer), jit_compile=False)
