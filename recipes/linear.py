"""Linear retrieval in closed form, from interaction logs.

    kit train linear --data online-retail
    kit train linear --data online-retail --method ials
    python recipes/linear.py --data interactions.csv

Method ease regresses each item on the other items of its users: EASE up to 4,096 items, above a
regression on each item's nearest ones. Method ials factorizes the matrix of users and items, which
takes less memory for large catalogues; users are folded in by their histories. The settings are
chosen on valid. These are the models to beat: there is no memory of users, a new interaction counts
at once, and each score is a sum over the history's items.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config import (
    AnswerOptions,
    CheckpointOptions,
    DataOptions,
    Options,
    PrivacyOptions,
    RunOptions,
    option,
)
from kit.errors import UserError
from kit.pipeline import Recipe, command
from kit.tasks import Built, Retrieval, Stage

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.models import ImplicitALS, LinearRecommender
    from kit.training import Precision

    Model = LinearRecommender | ImplicitALS


# The options that one method only has.
OF_METHOD = {"dropout": "ease", "neighbours": "ease", "dim": "ials", "unobserved": "ials"}


@dataclass(frozen=True, kw_only=True)
class MethodOptions(Options):
    """The model that is fitted."""

    group: ClassVar[str] = "Model"

    method: str = option(
        "ease",
        "Item-to-item regression, or factorization by alternating least squares.",
        choices=("ease", "ials"),
    )
    l2: float | None = option(None, "L2 weight.  [default: chosen on valid]", above=0)
    dropout: float | None = option(
        None,
        "ease: dropout rate of the items of histories, which shrinks the weights of frequent "
        "items.  [default: chosen on valid]",
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
        "ease: items that each item is regressed on, its nearest by cosine.  [default: all others "
        "up to 4,096 items, else 100]",
        min=1,
        metavar="NUMBER",
    )
    dim: int | None = option(None, "ials: width of the vectors.  [default: 64]", min=1)
    unobserved: float | None = option(
        None,
        "ials: weight of a pair of user and item without an interaction; one with counts as 1.  "
        "[default: chosen on valid]",
        above=0,
        metavar="WEIGHT",
    )
    scale: float | None = option(
        None, "Factor of the scores, which makes them logits.  [default: chosen on valid]", above=0
    )


@dataclass(frozen=True, kw_only=True)
class LinearOptions:
    """Everything that can be set."""

    data: DataOptions
    model: MethodOptions = MethodOptions()
    privacy: PrivacyOptions = PrivacyOptions()
    training: RunOptions = RunOptions()
    answers: AnswerOptions = AnswerOptions()
    # A model in closed form is fitted in one go.
    checkpoint = CheckpointOptions()


def check(options: LinearOptions) -> None:
    """Options that contradict each other."""
    check_method(options.model, options.model.method)
    options.privacy.check_fits(
        l2=options.model.l2,
        dropout=options.model.dropout,
        half_life=options.model.half_life,
        neighbours=options.model.neighbours,
        method=options.model.method if options.model.method != "ease" else None,
        weight_column=options.data.weight_column,
        limit=options.data.limit,
    )


def check_method(options: MethodOptions, method: str) -> None:
    """Refuse options of the other method."""
    for name, needed in OF_METHOD.items():
        if getattr(options, name) is not None and method != needed:
            raise UserError(
                f"--{name} is an option of method {needed}.",
                where="--method",
                expected=f"--method {needed}",
                remedy=f"Choose that method, or leave --{name} out.",
            )


def build(data: "Dataset", options: LinearOptions) -> "Model":
    """The model, its weights zero."""
    from kit.models import ImplicitALS, LinearRecommender

    if options.model.method == "ials":
        return ImplicitALS.for_dataset(data, dim=options.model.dim or 64)
    return LinearRecommender.for_dataset(data, neighbours=options.model.neighbours)


def train(model: "Model", data: "Dataset", options: LinearOptions, precision: "Precision") -> Built:
    """How the weights are fitted."""
    return Built(
        model=model,
        batches=None,
        name=RECIPE.name,
        settings={},
        stages=[Stage(solve=lambda: solve(model, data, options))],
    )


def solve(model: "Model", data: "Dataset", options: LinearOptions) -> Mapping[str, Any]:
    """Fit the model with the settings that are best on valid, its scores scaled to logits."""
    import numpy as np

    from kit import evaluation
    from kit.models import ImplicitALS
    from kit.retrieval import FactorizationSettings

    epsilon, scale = options.privacy.private, options.model.scale
    if epsilon is not None:
        # Nothing is chosen on valid.
        found = model.fit_private(data, epsilon, options.privacy.delta_for(data.num_users), scale)
        return {"method": "ease", **found, "scale": scale or 1.0}
    evaluation.check_half_life(data, options.model.half_life)
    method = "ials" if isinstance(model, ImplicitALS) else "ease"
    check_method(options.model, method)
    valid = evaluation.valid_task(data, exclude_seen=not options.answers.include_seen)
    given = {name: x for name, x in asdict(options.model).items() if x is not None}
    given = {name: x for name, x in given.items() if name not in ("method", "scale")}
    fixed = frozenset(given)
    weighted = options.data.weight_column is not None
    if isinstance(model, ImplicitALS):
        start = FactorizationSettings(**given | {"dim": model.dim})
        factorization, vectors = evaluation.choose_factorization(
            data, valid, start, fixed=fixed, weighted=weighted, seed=options.data.seed
        )
        scorer = evaluation.fold_in_scorer(vectors, factorization)
        scale = scale or evaluation.softmax_scale(valid, scorer)
        model.set_factors(vectors, factorization, scale)
        return {"method": method, **asdict(factorization), "scale": scale}
    settings, weights = evaluation.choose_regression(
        data, valid, evaluation.RegressionSettings(**given), fixed=fixed, weighted=weighted
    )
    scale = scale or evaluation.softmax_scale(valid, evaluation.item_weights_scorer(weights))
    model.set_item_weights(weights * np.float32(scale))
    model.set_popularity(data.user_counts / data.num_users)
    return {"method": method, **asdict(settings), "neighbours": model.neighbours, "scale": scale}


RECIPE = Recipe(
    name="linear",
    about="Fit a linear model (EASE or iALS), evaluate it, export it and verify the export.",
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
    check=check,
    build=build,
    train=train,
    models=["LinearRecommender", "ImplicitALS"],
    chosen=["l2", "dropout", "half_life", "unobserved", "scale"],
)
main = command(RECIPE)

if __name__ == "__main__":
    main()
