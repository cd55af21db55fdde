"""Text classification: from texts with a class to "what kind of text is this?".

    kit train text-classification --data sentiment-labelled-sentences
    python recipes/text_classification.py --data reviews.csv --encoder transformer

A bidirectional LSTM, convolutions or a transformer from scratch, on pieces of words that are
learned from the texts; or a pretrained BERT of keras-nlp or one of its family, tuned as a whole,
with LoRA, or frozen. On 2 cores the built-in sentences take less than a minute; IMDB reaches an
accuracy of .90 with the LSTM and with the transformer in nine minutes beside other work, see
results/texts.json.
"""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from kit.console import (
    CheckpointOptions,
    Command,
    TextOptions,
    TextTrainingOptions,
    TrainingOptions,
    checkpoint_options,
    text_options,
    text_training_options,
    training_options_of,
)
from kit.pipeline import Recipe, run
from kit.tasks import TextClassification

if TYPE_CHECKING:
    from kit.data.texts import TextData
    from kit.models import PretrainedTextEncoder, TextClassifier
    from kit.tasks import Built
    from kit.tokenizers import TokenIds, Tokenizer
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
RECIPE = Recipe(name="text-classification", intended_use=INTENDED_USE, limits=LIMITS)


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

    def build(dataset: "TextData", precision: "Precision") -> "Built":
        from kit.models import pretrained_text_encoder
        from kit.tasks import Built, Stage, TokenizedTexts
        from kit.tokenizers import encode_batch

        backbone = None
        if how.backbone:
            backbone = pretrained_text_encoder(how.backbone, how.tune, rank=how.rank)
        tokenizer = backbone.tokenizer if backbone else tokenizer_for(dataset, how)
        length = min(how.length, backbone.longest) if backbone else how.length
        tokens = {
            part: encode_batch(tokenizer, getattr(dataset, part).texts, length)
            for part in ("train", "valid", "test")
        }
        model, batches = model_and_batches(
            dataset, tokens["train"], tokenizer, backbone, data, training, how
        )
        epochs = training.epochs or (
            TUNING_EPOCHS if backbone else max(EPOCHS, FEWEST_STEPS // batches.steps_per_epoch)
        )
        usual = TUNING_RATES[how.tune] if backbone else LEARNING_RATES[how.encoder]
        rate = training.learning_rate or usual
        compile_for(model, batches, how, precision, epochs, rate)
        return Built(
            model=model,
            batches=batches,
            name=f"{how.tune} backbone" if backbone else how.encoder,
            settings={**asdict(how), "epochs": epochs, "learning_rate": rate, "length": length},
            stages=[Stage(epochs=epochs)],
            parts=TokenizedTexts(tokenizer, tokens, length),
        )

    run(
        RECIPE,
        TextClassification(),
        lambda: data.split_of(data.open()),
        build,
        source=data.card(),
        training=training,
        checkpoint=checkpoint,
        seed=data.seed,
    )


def tokenizer_for(dataset: "TextData", how: TextTrainingOptions) -> "Tokenizer":
    """What cuts the texts: pieces of words that those of train consist of, or bytes."""
    from kit.tokenizers import Bytes, WordPiece, train_wordpiece

    if how.tokenizer == "bytes":
        return Bytes()
    return WordPiece(train_wordpiece(dataset.train.texts, how.vocabulary))


def model_and_batches(
    dataset: "TextData",
    numbers: "TokenIds",
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

    steps = epochs * batches.steps_per_epoch
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
