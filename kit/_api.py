"""The pipeline from Python: open, fit, evaluate, export, load."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit._result import Result, Session
from kit.config import (
    CampaignOptions,
    ContentOptions,
    DataOptions,
    DetectionOptions,
    ImageOptions,
    Options,
    PurchaseOptions,
    SeriesOptions,
    TableOptions,
    Text2TextOptions,
    TextOptions,
    as_values,
    bundles,
    options_of,
    override,
    refits,
    unknown_option,
)
from kit.errors import UserError
from kit.exports import sign
from kit.pipeline import Recipe, card, new_run, refit, run
from kit.tasks import fit_stages, with_promotion

if TYPE_CHECKING:
    import keras

    from kit.training import Checkpoints, Training

logger = logging.getLogger("kit")

OPTIONS: dict[str, type[Options]] = {
    "interactions": DataOptions,
    "table": TableOptions,
    "images": ImageOptions,
    "detection": DetectionOptions,
    "texts": TextOptions,
    "text2text": Text2TextOptions,
    "series": SeriesOptions,
    "purchases": PurchaseOptions,
    "campaign": CampaignOptions,
}
# What only commands have: how they print, and where the model is built.
OF_COMMANDS = {"strategy", "precision", "output", "print_schema", "trust"}
OF_COMMANDS |= {"promote_if_better", "keep_versions"}


def open(source: Any, *, kind: str | None = None, **options: Any) -> Any:
    """Open data and split them into train, valid and test.

    Args:
        source: what `--data` of the commands names, or a DataFrame of polars or pandas.
        kind: "interactions", "table", "images", "detection", "texts", "text2text", "series",
            "purchases" or "campaign"; None finds any but the last two by the files and columns.
        options: as of the commands, `items`, `split`, `seed` ...: the classes of `kit.config`.

    Returns:
        The split data: a `kit.data.Dataset`, a `RankingData` ...

    Raises:
        UserError: the source, its kind or an option cannot be used.

    Example:

    >>> import kit
    >>> kit.open("online-retail", limit=2000, split="time").num_items > 100
    True
    """
    if kind is None:
        from kit.data import source_kind

        kind = source_kind(source, options)
    if kind not in OPTIONS:
        raise UserError(
            f"Unknown kind of data {kind!r}.",
            where="kind",
            expected=f"one of {', '.join(OPTIONS)}",
        )
    of_items = options_of(ContentOptions) if kind == "interactions" else {}
    own, contents = _options(OPTIONS[kind], options, where=f"kit.open, {kind}", others=of_items)
    data = OPTIONS[kind](data=source, **own).dataset()  # type: ignore[attr-defined, call-arg]
    return ContentOptions(**contents).joined(data, own.get("items")) if contents else data


def _options(
    kind: type[Options], given: Mapping[str, Any], *, where: str, others: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of a class of options, and those of the others."""
    several = {field.name for field in fields(kind) if field.default == ()}
    known = options_of(kind)
    own, rest = {}, {}
    for name, value in given.items():
        if name in known and name != "data":
            own[name] = (value,) if name in several and isinstance(value, str) else value
            if isinstance(value, list):
                own[name] = tuple(value)
        elif name in others:
            rest[name] = value
        else:
            allowed = sorted({*known, *others} - {"data"})
            raise unknown_option(name, allowed, where)
    return own, rest


def fit(model: keras.Model, data: Any, *, recipe: str | None = None, **options: Any) -> Training:
    """Train a model as its recipe does: batches, optimizer, schedule and early stopping.

    The best weights by the validation metric stay. Called again, it trains on from them.

    Args:
        model: of `for_dataset` of a class of `kit.models`.
        data: what it was built for.
        recipe: name of the recipe, where a model has several: a `SequenceToSequence` is a
            "translation", or of summaries a "summarization".
        options: as of the recipe's command: `epochs`, `batch_size`, `learning_rate`, `quiet`;
            `report` and `checkpoints` name folders, without which neither logs nor checkpoints are
            written.

    Returns:
        The history of losses and validation metrics, and what training took.

    Raises:
        UserError: there is no such option, or the data do not allow to train the model.

    Example:

    >>> import kit
    >>> data = kit.open("online-retail", limit=2000)
    >>> model = kit.models.TwoTower.for_dataset(data, dim=8)
    >>> len(kit.fit(model, data, epochs=1, quiet=True).history)
    1
    """
    session = _new_session(model, data, recipe, options, "kit.fit")
    run, chosen = session.run, session.options
    folder = chosen.training.report or chosen.checkpoint.checkpoints
    run.folder = None if folder is None else Path(folder)
    trained, kept = fit_stages(
        run, session.task, chosen.training, chosen.checkpoint, lambda: _scope(model)
    )
    for checkpoints in kept:
        checkpoints.clear()
    return trained


def evaluate(model: keras.Model, data: Any, **options: Any) -> Result:
    """Measure a model on test, beside the baselines, with intervals.

    What is exported is calibrated here, on valid. A model that was trained in another way than by
    `fit` can be evaluated as well.

    Args:
        model: trained.
        data: what it was trained on.
        options: of the recipe's command, such as `include_seen` of recommenders.

    Returns:
        Metrics, intervals, baselines and protocol; it renders as a table in a notebook, and
        `save` writes the report.

    Raises:
        UserError: there is no such option.

    Example:

    >>> import kit
    >>> data = kit.open("online-retail", limit=2000)
    >>> result = kit.evaluate(kit.models.TwoTower.for_dataset(data, dim=8), data)
    >>> 0 <= result.metrics["NDCG@10"] < 1, "popular" in result.baselines
    (True, True)
    """
    from kit.training import cast_to_float32, copy_to_host

    session = _session(model, data, options, "kit.evaluate")
    run = session.run
    run.model = copy_to_host(model)
    cast_to_float32(run.model)
    return Result(session, session.task.evaluate(run))


def export(
    model: keras.Model,
    data: Any,
    folder: str | Path,
    *,
    result: Result | None = None,
    **options: Any,
) -> Path:
    """Export a model as a SavedModel with strings in and out, and verify it by three loaders.

    Args:
        model: trained.
        data: what it was trained on.
        folder: of the versions of the model; the next one is made in it.
        result: what `evaluate` returned, for the card; None evaluates.
        options: of the recipe's command, such as `top` and `index` of recommenders, and `sign`,
            the file of a private key. With `refit`
            another model is trained on all rows, valid and test included, and exported; the
            metrics of the card are those of `model`.

    Returns:
        The folder of the new version.

    Raises:
        UserError: there is no such option, or the folder cannot be written.
        VerificationError: the outputs of the export differ from the model's.
    """
    from kit.training import Precision

    result = result or evaluate(model, data, **options)
    session = result.session
    if options:
        session = _session(model, data, options, "kit.export")
    run, task = session.run, session.task
    run.output = Path(folder)
    facts, recipe, again = result.report.facts, session.recipe, None
    kept: Sequence[Checkpoints] = ()
    if refits(session.options):
        again, kept = refit(
            recipe,
            session.options,
            run,
            lambda data, chosen: _rebuilt(model, data, session.options, chosen),
            lambda: _scope(model),
            Precision(model.dtype_policy.name, "the model's"),
            logger.info,
        )
    about = card(recipe, task, run, result.results, facts, again, session.options)
    version, _ = task.export(again or run, result.results, about)
    if (key := as_values(session.options).get("sign")) is not None:
        sign(version, Path(key), trust=True)
    for checkpoints in kept:
        checkpoints.clear()
    return version


def _rebuilt(model: Any, data: Any, before: Any, chosen: Any) -> Any:
    """The same model, untrained, for other data, with the arguments that training chose."""
    known = inspect.signature(type(model).for_dataset).parameters
    old = as_values(before)
    changed = {
        name: value
        for name, value in as_values(chosen).items()
        if name in known and name != "data" and value != old[name]
    }
    return model.rebuild(data, **changed)


def train(recipe: str, source: Any, **options: Any) -> Path | None:
    """Do what `kit train RECIPE --data SOURCE` does: train, evaluate, report, export, verify.

    Args:
        recipe: its name, such as "two-stage".
        source: what `--data` names.
        options: all those of the command.

    Returns:
        The folder of the exported version.

    Raises:
        UserError: there is no such recipe or option, or the data cannot be used.
        VerificationError: the outputs of the export differ from the model's.
    """
    found = _recipe(recipe)
    kind = found.data_options()
    own = {name: value for name, value in options.items() if name in options_of(kind)}
    given, _ = _options(kind, own, where="kit.train", others={})
    rest = {name: value for name, value in options.items() if name not in own}
    chosen = override(found.options(data=kind(data=source, **given)), rest, "kit.train")  # type: ignore[call-arg]
    # Folders are locked until the context of the command ends.
    with click.Context(click.Command(found.name)):
        return with_promotion(found, chosen, found.run or run, logger.info)[0]


def plan(
    folder: str | Path, offers: Any, arrivals: Any, *, trust: bool = False, **options: Any
) -> Any:
    """Price what is scarce, simulate that on held-out visits, and export it as a new version.

    Args:
        folder: of the versions of a recommender.
        offers: what can be shown: a file or DataFrame with item_id, value, stock and maybe cost.
        arrivals: a log of purchases after the training: a file, DataFrame or built-in data set.
        trust: load the export even if it could do what no export of this kit does.
        options: as of `kit plan`: `budget`, `contacts`, `min_share`, `visits` and so on, see
            `kit.config.PlanOptions`.

    Returns:
        A `kit.planning.Plan`: `table` with the policies, `gap`, `bound`, and the `version`.

    Raises:
        UserError: there is no such option; or offers, arrivals or limits cannot be used.
    """
    from kit.config import PlanOptions
    from kit.planning import plan

    given = {**options, "offers": offers, "arrivals": arrivals}
    own, _ = _options(PlanOptions, given, where="kit.plan", others={})
    return plan(Path(folder), PlanOptions(**own), trust=trust)


def load(folder: str | Path, *, trust: bool = False) -> Any:
    """Load an export to ask it.

    Args:
        folder: of a version, or of the versions, of which the latest is taken.
        trust: load it even if it could do what no export of this kit does.

    Returns:
        A `kit.exports.Recommender` with `recommend`, `similar` and `explain`, a
        `kit.exports.SeriesForecaster` with `forecast`, a `kit.exports.CustomerValues` with `value`,
        or a `kit.exports.Predictor` with `predict`.

    Raises:
        UserError: there is no export, it was changed, or it should not be loaded.
    """
    from kit.exports import load_export

    return load_export(Path(folder), trust=trust)


def _session(model: Any, data: Any, options: Mapping[str, Any], where: str) -> Session:
    """The session of an earlier call for the same data, or a new one."""
    session: Session | None = getattr(model, "_kit_session", None)
    if session is None or session.run.data is not data:
        session = _new_session(model, data, None, options, where)
        session.run.metric, _ = session.task.validation(session.run)
        return session
    if options:
        session.options = override(session.options, options, where)
        session.task = session.recipe.task(session.options)
        session.task.check(session.run)
        session.run.metric, _ = session.task.validation(session.run)
    return session


def _new_session(
    model: Any, data: Any, recipe: str | None, given: Mapping[str, Any], where: str
) -> Session:
    from kit.training import Precision

    found = _recipe_of(model, recipe)
    if data.options is None:
        raise UserError(
            "It is not known how these data were opened, which the report and the card state.",
            where=where,
            expected="data that kit.open returned",
            remedy="Open the source with kit.open instead of the functions of kit.data.",
        )
    of_model = getattr(model, "arguments", {})
    defaults = found.options(data=data.options)
    known = as_values(defaults)
    options = override(
        defaults,
        {name: value for name, value in of_model.items() if name in known},
        where,
    )
    _refuse(given, model, options, where)
    options = override(options, given, where)
    precision = Precision(model.dtype_policy.name, "the model's")
    with _scope(model):
        built = found.train(model, data, options, precision)
    run = new_run(found, options, data, built, precision)
    task = found.task(options)
    for line in task.check(run):
        logger.info(line.strip())
    session = Session(found, options, task, run)
    # Not an attribute that Keras tracks and saves.
    object.__setattr__(model, "_kit_session", session)
    return session


def _refuse(given: Mapping[str, Any], model: Any, options: Any, where: str) -> None:
    """Options that belong to the model, to its data or to commands are an error here."""
    of_model = inspect.signature(type(model).for_dataset).parameters
    of_data = options_of(type(options.data))
    built_in = {name for _, one in bundles(options) if one.of_model for name in asdict(one)}
    known = sorted(set(as_values(options)) - {*of_model, *of_data, *built_in} - OF_COMMANDS)
    for name in given:
        if name in known:
            continue
        if name in of_model or name in built_in:
            raise UserError(
                f"{name!r} is an argument of the model.",
                where=where,
                expected=", ".join(known),
                remedy=f"Give it to {type(model).__name__}.for_dataset.",
            )
        if name in of_data:
            raise UserError(
                f"{name!r} is an argument of the data.",
                where=where,
                expected=", ".join(known),
                remedy="Give it to kit.open.",
            )
        raise unknown_option(name, known, where)


def _recipe_of(model: Any, name: str | None) -> Recipe:
    """The recipe of that name, or the one that trains models of this class."""
    if name is not None:
        return _recipe(name)
    from kit.recipes import RECIPES

    known: list[str] = []
    for other in RECIPES:
        recipe = _recipe(other)
        if type(model).__name__ in recipe.models:
            return recipe
        known += recipe.models
    raise UserError(
        f"No recipe trains a {type(model).__name__}.",
        where="model",
        expected=f"a model of for_dataset of {', '.join(known)}",
        remedy="Name a recipe with recipe=, or compile the model and train it with Keras' fit.",
    )


def _recipe(name: str) -> Recipe:
    from kit.recipes import RECIPES

    if name not in RECIPES:
        raise UserError(
            f"There is no recipe {name!r}.", where="recipe", expected=", ".join(sorted(RECIPES))
        )
    recipe: Recipe = import_module(RECIPES[name]).RECIPE
    return recipe


@contextmanager
def _scope(model: Any) -> Any:
    strategy = model.distribute_strategy
    with strategy.scope():
        yield
