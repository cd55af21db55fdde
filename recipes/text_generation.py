"""What translation and summarization share: a transformer that generates text."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from kit.console import PairOptions, TrainingOptions, WritingOptions

if TYPE_CHECKING:
    import keras

    from kit.data.pairs import PairData, Pairs
    from kit.models import Seq2SeqModel
    from kit.tasks import Built
    from kit.tokenizers import Tokenizer, WordPiece
    from kit.training import PairBatches, Precision

WARM_UP = 0.1
TUNING_EPOCHS, TUNING_RATES = 3, {"whole": 5e-5, "lora": 5e-4}


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
    patience: int,
) -> "Built":
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
        patience: validations without an improvement before training stops.
    """
    import keras

    from kit.evaluation.pairs import token_accuracy
    from kit.models import TextToText
    from kit.tasks import Built, Generation, Stage

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
    compile_for(model, precision, epochs * batches.steps_per_epoch, rate, how.average)
    return Built(
        model=model,
        batches=batches,
        name=f"{how.tune} backbone" if how.backbone else "transformer",
        settings={**asdict(how), "epochs": epochs, "learning_rate": rate},
        stages=[Stage(epochs=epochs, patience=patience)],
        parts=Generation(
            metric="valid token accuracy",
            measure=token_accuracy(model, valid_batches.in_order()),
            generator=lambda trained: TextToText(
                trained,
                tokenizer,
                how.source_length,
                how.target_length,
                beams=how.beams,
                length_penalty=how.length_penalty,
            ),
            protocol=f"{how.beams} beams, length penalty {how.length_penalty:g}",
        ),
    )


def pretrained(
    preset: str, how: WritingOptions
) -> tuple["Seq2SeqModel", "Tokenizer", WritingOptions]:
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


def from_scratch(vocabulary: int, dim: int, how: WritingOptions) -> "Seq2SeqModel":
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
    from kit.tokenizers import WordPiece, train_bpe

    every = (*dataset.train.sources, *(text for some in dataset.train.references for text in some))
    return WordPiece(train_bpe(every, pieces), lower=False, plain=False, spaced=True)


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
