"""Value of customers: how much each will pay over a horizon, and whether they buy again.

    kit train customer-value --data online-retail
    python recipes/customer_value.py --data log.csv --amount-column amount --horizon 90

A network on the days that customers bought on predicts whether they buy in the horizon, and how
much they then pay. It is chosen on valid, the last cut whose outcome was complete, and then trained
on all such cuts. Totals, shares of buyers and intervals are calibrated there; the season comes from
the year before, where the log holds it.

Three seeds on online-retail, 90 days: normalised Gini .791 (BG/NBD with Gamma-Gamma .787), AUC of
who buys again .738, total 1.01 of the true one, decile error .18, coverage of the 80 % interval
.76. It takes two minutes on two busy cores.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from kit.config import CheckpointOptions, Options, PurchaseOptions, TrainingOptions, option
from kit.pipeline import Recipe, command
from kit.tasks import Built, CustomerValue, Stage

if TYPE_CHECKING:
    from kit.data.purchases import PurchaseData
    from kit.models import CustomerValue as Model
    from kit.training import Precision
    from kit.training.batches import TableBatches

EPOCHS, PATIENCE, LEARNING_RATE = 6, 4, 2e-3
BATCH_SIZE = 256


@dataclass(frozen=True, kw_only=True)
class ValueOptions(Options):
    """The model."""

    group: ClassVar[str] = "Model"

    encoder: str = option(
        "gru",
        "Reads the last days with a purchase, beside a summary of all.",
        choices=("none", "gru", "lstm", "conv", "attention"),
    )
    length: int = option(
        64, "Most days with a purchase of a history, the latest ones.", min=2, metavar="DAYS"
    )


@dataclass(frozen=True, kw_only=True)
class CustomerValueOptions:
    """Everything that can be set."""

    data: PurchaseOptions
    model: ValueOptions = ValueOptions()
    training: TrainingOptions = TrainingOptions(dim=64)
    checkpoint: CheckpointOptions = CheckpointOptions()


def build(data: "PurchaseData", options: CustomerValueOptions) -> "Model":
    """The model, untrained."""
    from kit.models import CustomerValue

    return CustomerValue.for_dataset(data, dim=options.training.dim, **asdict(options.model))


def train(
    model: "Model", data: "PurchaseData", options: CustomerValueOptions, precision: "Precision"
) -> Built:
    """How the model is trained: chosen on valid, then again on all complete cuts."""
    model.uncalibrate()
    untrained = model.get_weights()
    batches = _batches(model, data, options, complete=False)
    whole = _batches(model, data, options, complete=True)
    rate = options.training.learning_rate or LEARNING_RATE
    epochs = options.training.epochs or EPOCHS

    def compile_for(steps: int) -> None:
        import keras

        schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * steps)
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-2, clipnorm=1.0)
        model.compile(precision.scaled(optimizer), jit_compile=False)

    def begin_again() -> None:
        model.set_weights(untrained)
        compile_for(whole.steps_per_epoch)

    compile_for(batches.steps_per_epoch)
    return Built(
        model=model,
        batches=batches,
        name=f"hurdle-{options.model.encoder}" if options.model.encoder != "none" else "hurdle",
        settings={"encoder": options.model.encoder, "learning_rate": rate},
        stages=[
            Stage(epochs=epochs, patience=PATIENCE),
            Stage(name="complete", begin=begin_again, batches=whole),
        ],
    )


def _batches(
    model: "Model", data: "PurchaseData", options: CustomerValueOptions, *, complete: bool
) -> "TableBatches":
    import numpy as np

    from kit.evaluation import train_histories
    from kit.training.batches import TableBatches

    histories = train_histories(data, model.length, complete=complete)
    size = options.training.batch_size or BATCH_SIZE
    return TableBatches(
        histories.inputs(),
        histories.value[:, None].astype(np.float32),
        min(size, len(histories.user)),
        options.data.seed,
    )


RECIPE = Recipe(
    name="customer-value",
    about="Train a model of the value of customers, evaluate it, export it and verify the export.",
    example="kit train customer-value --data online-retail --horizon 90",
    options=CustomerValueOptions,
    rows="histories",
    intended_use="Ranking and adding up what known customers will pay over the horizon.",
    limits=[
        "It reads when customers bought and for how much: not what, and no prices or campaigns.",
        "It predicts and explains nothing: that valuable customers buy more is no effect of what "
        "is done for them.",
        "A season that the log did not hold a year before is not known to it.",
        "Totals and errors depend on a few customers; an interval of one customer is wide.",
    ],
    task=lambda options: CustomerValue(),
    build=build,
    train=train,
    models=["CustomerValue"],
)
main = command(RECIPE)

if __name__ == "__main__":
    main()
