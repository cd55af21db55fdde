"""What translation and summarization share: a transformer that generates text."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kit.tasks import Built, Generation, Stage

if TYPE_CHECKING:
    import keras

    from kit.data.text2text import Text2TextData
    from kit.models import Seq2SeqModel
    from kit.training import Precision

TUNING_EPOCHS, TUNING_RATES = 3, {"whole": 5e-5, "lora": 5e-4}
BATCH = 4096
# Validations without an improvement before training stops.
PATIENCE = 8


def build_transformer(data: "Text2TextData", options: Any) -> "Seq2SeqModel":
    """An encoder-decoder transformer with its tokenizer: from scratch, or pretrained."""
    from kit.models import SequenceToSequence

    settings = asdict(options.model)
    for name in ("average", "beams", "length_penalty"):
        del settings[name]
    return SequenceToSequence.for_dataset(
        data, dim=options.training.dim, seed=options.data.seed, **settings
    )


def train_transformer(
    model: "Seq2SeqModel",
    data: "Text2TextData",
    options: Any,
    precision: "Precision",
    *,
    epochs: int,
    rate: float,
) -> Built:
    """Compile the transformer, and make the batches it is trained on.

    Args:
        model: from `build_transformer`.
        data: the split pairs.
        options: of the recipe.
        precision: what it computes in.
        epochs: of one from scratch, if not given.
        rate: peak learning rate of one from scratch, if not given.
    """
    import tensorflow as tf

    from kit.evaluation import token_accuracy
    from kit.models import TextToText
    from kit.training.batches import Text2TextBatches, Tokens

    training, chosen = options.training, options.model
    if chosen.backbone:
        epochs, rate = TUNING_EPOCHS, TUNING_RATES[chosen.tune]
    epochs, rate = training.epochs or epochs, training.learning_rate or rate
    lengths = {"source_length": model.source_length, "target_length": model.target_length}

    def tokens_of(texts: list[str], length: int) -> Tokens:
        return Tokens.of(model.tokenizer.marked(tf.constant(texts), length))

    def batches_of(part: str) -> Text2TextBatches:
        sources, targets = getattr(data, part).rows()
        return Text2TextBatches(
            tokens_of(sources, model.source_length),
            # The start token is not generated.
            tokens_of(targets, model.target_length + 1),
            batch_size=training.batch_size or BATCH,
            seed=options.data.seed,
            replicas=tf.distribute.get_strategy().num_replicas_in_sync,
        )

    batches = batches_of("train")
    compile_for(model, precision, epochs * batches.steps_per_epoch, rate, chosen.average)
    search = {"beams": chosen.beams, "length_penalty": chosen.length_penalty}
    return Built(
        model=model,
        batches=batches,
        name=f"{chosen.tune} backbone" if chosen.backbone else "transformer",
        settings={**asdict(chosen), **lengths, "epochs": epochs, "learning_rate": rate},
        stages=[Stage(epochs=epochs, patience=PATIENCE)],
        parts=Generation(
            metric="valid token accuracy",
            measure=token_accuracy(model, batches_of("valid").in_order()),
            generator=lambda trained: TextToText(trained, model.tokenizer, **lengths, **search),
            protocol=f"{chosen.beams} beams, length penalty {chosen.length_penalty:g}",
        ),
    )


def compile_for(
    model: "keras.Model", precision: "Precision", steps: int, rate: float, average: float
) -> None:
    """Warm-up in the first tenth of the steps, then cosine decay.

    Args:
        model: to compile.
        precision: what it computes in.
        steps: of the whole training.
        rate: peak learning rate.
        average: share of the steps over which weights are averaged.
    """
    import keras

    from kit.optimizers import warm_up_cosine

    schedule = warm_up_cosine(rate, steps)
    averaged = average * steps
    optimizer = keras.optimizers.Adam(
        schedule,
        beta_2=0.98,
        epsilon=1e-9,
        use_ema=averaged > 2,
        ema_momentum=1 - 1 / max(averaged, 2),
    )
    model.compile(precision.scaled(optimizer), jit_compile=False)
