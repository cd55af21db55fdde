"""Two-tower retrieval: from interaction logs to the items a user should see next.

    kit train two-tower --data online-retail
    python recipes/two_tower.py --data interactions.csv --items products.csv

The query is made of the user's history and features, the candidate of the item's id and features;
they meet in a dot product. There is no vector of the user's id: a new user with the same history
gets the same list. An item-to-item regression adds what vectors cannot hold. NDCG@10 is .1052 on
online-retail (EASE .0823) and .3457 on movielens-100k/split (EASE .3332); results/retrieval.json
has protocols and baselines.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config import (
    AnswerOptions,
    CheckpointOptions,
    ContentOptions,
    DataOptions,
    IndexOptions,
    Options,
    StartOptions,
    TrainingOptions,
    option,
)
from kit.pipeline import Recipe, command
from kit.tasks import Built, Retrieval, Stage, start_settings, start_stage

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.models import TwoTower
    from kit.training import Precision


@dataclass(frozen=True, kw_only=True)
class LossOptions(Options):
    """The loss, what counts in it, and whether features are used."""

    of_model: ClassVar[bool] = True

    loss: str = option(
        "auto",
        "Softmax over all items or over a sample; auto is full up to 20,000 items.",
        choices=("auto", "full", "sampled"),
    )
    uniform_negatives: int = option(
        4096,
        "Items sampled uniformly for each batch of the sampled loss, beside the batch's own.",
        min=0,
    )
    hard_negatives: int | None = option(
        None,
        "Keep only so many highest-scored negatives a row in the sampled loss.  [default: all]",
        min=1,
    )
    temperature: float = option(1.0, "Divides the scores in the loss.", above=0)
    half_life: float | None = option(
        None,
        "Days after which an interaction counts half as much in training; 0 counts all alike.  "
        "[default: chosen on valid]",
        min=0,
        metavar="DAYS",
    )
    item_regression: float | None = option(
        None,
        "Factor of an item-to-item regression that is added to the scores; 0 is none.  [default: "
        "chosen on valid]",
        min=0,
        metavar="FACTOR",
    )
    regression_l2: float | None = option(
        None, "L2 weight of that regression.  [default: chosen on valid]", above=0
    )
    regression_dropout: float | None = option(
        None,
        "Dropout rate of the items of histories in it.  [default: chosen on valid]",
        min=0,
        below=1,
    )
    features: bool = option(True, "Use features.")


@dataclass(frozen=True, kw_only=True)
class TwoTowerOptions:
    """Everything that can be set."""

    data: DataOptions
    content: ContentOptions = ContentOptions()
    model: LossOptions = LossOptions()
    training: TrainingOptions = TrainingOptions()
    start: StartOptions = StartOptions()
    checkpoint: CheckpointOptions = CheckpointOptions()
    index: IndexOptions = IndexOptions()
    answers: AnswerOptions = AnswerOptions()


def build(data: "Dataset", options: TwoTowerOptions) -> "TwoTower":
    """The model, untrained."""
    from kit.models import RetrievalLoss, TwoTower

    own = options.model
    loss = RetrievalLoss(own.loss, own.uniform_negatives, own.hard_negatives, own.temperature)
    model = TwoTower.for_dataset(
        data,
        dim=options.training.dim,
        loss=loss,
        features=own.features,
        item_id_dropout=options.content.hide_ids,
        seed=options.data.seed,
    )
    options.start.apply(model, data)
    return model


def train(
    model: "TwoTower", data: "Dataset", options: TwoTowerOptions, precision: "Precision"
) -> Built:
    """Compile the model, and make the batches it is trained on."""
    from kit.evaluation import choose_half_life
    from kit.optimizers import LazyAdamW
    from kit.training.batches import digest, user_batches

    training = options.training
    half_life = choose_half_life(data, options.model.half_life)
    batches = user_batches(
        data,
        full=model.is_full,
        batch_size=training.batch_size,
        half_life=half_life,
        weighted=options.data.weight_column is not None,
        seed=options.data.seed,
    )
    model.set_target_share(batches.target_share(data.num_items))
    # Of a large catalogue a step touches few rows, each seldom: they have to move further.
    rate = training.learning_rate or (0.001 if model.is_full else 0.003)
    optimizer = LazyAdamW(rate, weight_decay=0.3, beta_2=0.99)
    model.compile(optimizer=precision.scaled(optimizer), jit_compile=False)
    return Built(
        model=model,
        batches=batches,
        name=RECIPE.name,
        settings={
            **asdict(options.content),
            **asdict(model.retrieval_loss),
            "loss": "full" if model.is_full else "sampled",
            "half_life": half_life,
            "features": options.model.features,
            "learning_rate": float(model.optimizer.learning_rate.numpy()),
            **start_settings(model),
        },
        stages=[
            # Curves on valid are smooth: of five logs none gained after five measurements.
            Stage(epochs=training.epochs, **{"patience": 5} | start_stage(model)),
            Stage(solve=lambda: add_regression(model, data, options, half_life)),
        ],
        content={"content of features": digest(*model.non_trainable_weights)},
    )


def add_regression(
    model: "TwoTower", data: "Dataset", options: TwoTowerOptions, half_life: float | None
) -> Mapping[str, Any]:
    """Fit an item-to-item regression, and add as much of it to the scores as is best on valid."""
    from kit import evaluation

    chosen = options.model
    valid = evaluation.valid_task(data, exclude_seen=not options.answers.include_seen)
    regression, weights = evaluation.choose_item_weights(
        data,
        valid,
        evaluation.retrieval_scorer(model, valid.popularity),
        half_life=half_life,
        weighted=options.data.weight_column is not None,
        factor=chosen.item_regression,
        l2=chosen.regression_l2,
        dropout=chosen.regression_dropout,
    )
    model.set_item_weights(weights)
    return {
        "item_regression": regression.factor,
        "regression_l2": regression.l2,
        "regression_dropout": regression.dropout,
    }


RECIPE = Recipe(
    name="two-tower",
    about="Train a two-tower retrieval model, evaluate it, export it and verify the export.",
    example="kit train two-tower --data online-retail --limit 50000 --epochs 20",
    options=TwoTowerOptions,
    rows="users",
    intended_use="Ranking a catalogue for users by their own and others' interactions.",
    limits=[
        "Scores order the items for one user; they are not probabilities and do not compare users.",
        "Popular items are recommended more often: the lists repeat the habits of the data.",
        "Unknown items are ignored; an unknown user without a history gets the popular items.",
    ],
    task=lambda options: Retrieval(answers=options.answers, index=options.index),
    build=build,
    train=train,
    models=["TwoTower"],
    chosen=["half_life", "item_regression", "regression_l2", "regression_dropout"],
    shape=("dim", "features"),
)
main = command(RECIPE)

if __name__ == "__main__":
    main()
