"""Linear retrieval: item-to-item weights in closed form, from interaction logs.

    kit train linear --data online-retail
    python recipes/linear.py --data interactions.csv

Each item is regressed on the other items of its users: EASE up to 4,096 items, above a regression
on each item's nearest ones. L2 weight, dropout and the half-life of interactions are chosen on
valid. It is the model to beat: there is no memory of users, a new interaction counts at once, and
each score is a sum over the history's items.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config import (
    AnswerOptions,
    CheckpointOptions,
    DataOptions,
    Options,
    RunOptions,
    option,
)
from kit.pipeline import Recipe, command
from kit.tasks import Built, Retrieval, Stage

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.models import LinearRecommender
    from kit.training import Precision


@dataclass(frozen=True, kw_only=True)
class RegressionOptions(Options):
    """The regression of items on items."""

    group: ClassVar[str] = "Model"

    l2: float | None = option(
        None, "L2 weight of the regression.  [default: chosen on valid]", above=0
    )
    dropout: float | None = option(
        None,
        "Dropout rate of the items of histories, which shrinks the weights of frequent items.  "
        "[default: chosen on valid]",
        min=0,
        below=1,
    )
    half_life: float | None = option(
        None,
        "Days after which an interaction counts half as much; 0 counts all alike.  [default: "
        "chosen on valid]",
        min=0,
        metavar="DAYS",
    )
    neighbours: int | None = option(
        None,
        "Items that each item is regressed on, its nearest by cosine.  [default: all others up to "
        "4,096 items, else 100]",
        min=1,
        metavar="NUMBER",
    )


@dataclass(frozen=True, kw_only=True)
class LinearOptions:
    """Everything that can be set."""

    data: DataOptions
    model: RegressionOptions = RegressionOptions()
    training: RunOptions = RunOptions()
    answers: AnswerOptions = AnswerOptions()
    # A model in closed form is fitted in one go.
    checkpoint = CheckpointOptions()


def build(data: "Dataset", options: LinearOptions) -> "LinearRecommender":
    """The model, its weights zero."""
    from kit.models import LinearRecommender

    return LinearRecommender.for_dataset(data, neighbours=options.model.neighbours)


def train(
    model: "LinearRecommender", data: "Dataset", options: LinearOptions, precision: "Precision"
) -> Built:
    """How the weights are fitted."""
    return Built(
        model=model,
        batches=None,
        name=RECIPE.name,
        settings={},
        stages=[Stage(solve=lambda: solve(model, data, options))],
    )


def solve(model: "LinearRecommender", data: "Dataset", options: LinearOptions) -> Mapping[str, Any]:
    """Fit the weights with the settings that are best on valid.

    They are scaled so that scores are logits, and items that get the same score are ordered by
    popularity.
    """
    import numpy as np

    from kit import evaluation
    from kit.errors import UserError

    given = {name: x for name, x in asdict(options.model).items() if x is not None}
    if options.model.half_life and data.train.time is None:
        raise UserError(
            "A half-life needs the times of interactions.",
            where="--half-life",
            expected="data with a time column",
            remedy="Name it with --time-column, or leave --half-life out.",
        )
    valid = evaluation.valid_task(data, exclude_seen=not options.answers.include_seen)
    settings, weights = evaluation.choose_regression(
        data,
        valid,
        evaluation.RegressionSettings(**given),
        fixed=frozenset(given),
        weighted=options.data.weight_column is not None,
    )
    scale = evaluation.softmax_scale(valid, evaluation.item_weights_scorer(weights))
    model.set_item_weights(weights * np.float32(scale))
    model.set_popularity(data.user_counts / data.num_users)
    return {**asdict(settings), "neighbours": model.neighbours, "scale": scale}


RECIPE = Recipe(
    name="linear",
    about="Fit a linear item-to-item model, evaluate it, export it and verify the export.",
    example="kit train linear --data online-retail --limit 50000",
    options=LinearOptions,
    rows="users",
    intended_use="Ranking a catalogue for users by their own and others' interactions.",
    limits=[
        "Scores order the items for one user; they are not probabilities and do not compare users.",
        "Features of users and items are not used; items without interactions are not recommended.",
        "Unknown items are ignored; a user without a known item gets the popular items.",
    ],
    task=lambda options: Retrieval(answers=options.answers),
    build=build,
    train=train,
    models=["LinearRecommender"],
)
main = command(RECIPE)

if __name__ == "__main__":
    main()
