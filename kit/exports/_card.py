"""The card of an export: its machine-readable description.

Cards are typed and versioned: `Card` has the fields of all of them, a subclass those of one task.
`upgrade` reads cards of earlier versions; nothing else inspects the keys of card.json.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from kit.errors import UserError
from kit.exports._card_check import VERSION, check_version

CARD = Path("assets.extra", "card.json")
# Keys of version 1 that have other names today.
RENAMED = {
    "pieces": "length",
    "picture_shape": "image_shape",
    "writes": "output",
    "how": "generation",
}
# Cards of exports that predate the choice of an index: those searched exactly.
EXACT = {
    "kind": "exact",
    "recall": 1.0,
    "recall_similar": 1.0,
    "settings": {"kind": "exact", "recall": 0.95, "rows": "float32"},
}


@dataclass(frozen=True, kw_only=True)
class Card:
    """The fields of every export's card.

    Args:
        version: of the card's format.
        task: the kind of problem, "retrieval"; a key of `kit.tasks.TASKS`, or "encoder".
        noun: what rows of its data are called, "interactions".
        recipe: its name, "two-tower".
        model: name of the model in tables, "dcn".
        data: the options that the data were opened with.
        options: the other options that it was trained with, where they are not as by default;
            None in cards that do not state them.
        dataset: facts: `name`, `rows`, `rows_of_part`, `users`, `items`, `cleaning`, `split` and
            `licence`, "" if the source states none.
        results: `protocol`, and `metrics`: name to `mean`, `low` and `high`.
        baselines: name to `metrics`.
        robustness: accuracy or another metric on changed inputs or after an attack: `protocol`,
            `metrics` as of `results`, `left_out` with reasons; None if it was not measured.
        refit: `rows` and `epochs` of a model that was trained again on all rows after the results
            were measured; None where the results are the export's own.
        intended_use: a sentence.
        limits: sentences.
        created: the date of the export.
        versions: library to its version.
        operations: names of the operations in the graph.
        custom_ops: operations outside core TensorFlow, by the Python module that registers them.

    Example:

    >>> Card(task="forecasting", noun="series").document()["noun"]
    'series'
    """

    version: int = VERSION
    task: str = ""
    noun: str = "examples"
    recipe: str = ""
    model: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] | None = None
    dataset: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    baselines: Mapping[str, Any] | None = None
    robustness: Mapping[str, Any] | None = None
    refit: Mapping[str, Any] | None = None
    intended_use: str = ""
    limits: Sequence[str] = ()
    created: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    operations: Sequence[str] = ()
    custom_ops: Mapping[str, Sequence[str]] | None = None
    # An example option of `kit predict`; "" if none is short enough.
    example_input: ClassVar[str] = ""

    @property
    def purpose(self) -> str:
        """What the model does, as a predicate: the rest of a sentence that begins with "it"."""
        return "predicts something else"

    def document(self) -> dict[str, Any]:
        """The content of card.json; unknown fields are left out."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class RecommenderCard(Card):
    """The card of an export that recommends items.

    Args:
        names: item id to the title of the item; "" if it has none.
        k: length of the recommended lists.
        exclude_seen: whether seen items of a user are excluded.
        known_users: whether requests by user id are answered; otherwise no user is in the export.
        index: how the top items are found, and its recall.
        plan: what `kit plan` found: its options, gap and simulation; None without offers.
        segments: what `kit segments` found: `name` and `users` of each, and the adjusted Rand index
            over `seeds` and `halves`; None without centres in the graph.
        privacy: the guarantee of differential privacy: `epsilon`, `delta`, `unit`, `method` and
            its noise; None without one.
    """

    noun: str = "interactions"
    names: Mapping[str, str]
    k: int = 100
    exclude_seen: bool = True
    known_users: bool = True
    index: Mapping[str, Any] = field(default_factory=lambda: EXACT)
    plan: Mapping[str, Any] | None = None
    segments: Mapping[str, Any] | None = None
    privacy: Mapping[str, Any] | None = None

    @property
    def purpose(self) -> str:
        return "recommends items"

    @property
    def guarantee(self) -> str:
        """The guarantee of differential privacy in words; "" without one."""
        if self.privacy is None:
            return ""
        return (
            f"epsilon {self.privacy['epsilon']:g}, delta {self.privacy['delta']:.0e} for "
            f"{self.privacy['unit']}"
        )


@dataclass(frozen=True, kw_only=True)
class RetrievalCard(RecommenderCard):
    """The card of a retrieval model.

    Args:
        item_contents: columns read by an exported encoder, `column` and `encoder`.
        item_encoder: how features of new items are encoded; None if the model reads ids only.
        learned_contents: columns whose encoders were trained with the model.
    """

    task: str = "retrieval"
    item_contents: Sequence[Mapping[str, str]] = ()
    item_encoder: Mapping[str, Any] | None = None
    learned_contents: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True)
class TwoStageCard(RecommenderCard):
    """The card of retrieval and ranking in one export.

    Args:
        second_stage: `category_column`, `diversity` and other fixed settings of ranking.
    """

    task: str = "two-stage"
    second_stage: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TabularCard(Card):
    """The card of a tabular model.

    Args:
        labels: name to the value that counts as 1.
        schema: of the features.
    """

    task: str = "tabular"
    noun: str = "rows"
    labels: Mapping[str, Any]
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def purpose(self) -> str:
        return f"predicts {' and '.join(self.labels)}"


@dataclass(frozen=True, kw_only=True)
class ImageClassificationCard(Card):
    """The card of an image classifier.

    Args:
        classes: their names.
        shape: height, width and channels of the model's input.
    """

    task: str = "image-classification"
    noun: str = "images"
    example_input: ClassVar[str] = "--input image=@FILE"
    classes: Sequence[str]
    shape: Sequence[int]

    @property
    def purpose(self) -> str:
        return "predicts classes of images"


@dataclass(frozen=True, kw_only=True)
class TextClassificationCard(Card):
    """The card of a text classifier.

    Args:
        classes: their names.
        length: maximum tokens of a text.
    """

    task: str = "text-classification"
    noun: str = "texts"
    example_input: ClassVar[str] = "--input text=TEXT"
    classes: Sequence[str]
    length: int

    @property
    def purpose(self) -> str:
        return "predicts classes of texts"


@dataclass(frozen=True, kw_only=True)
class DetectionCard(Card):
    """The card of an object detector.

    Args:
        classes: their names.
        image_shape: height and width of the model's input.
        least_score: the score threshold with the best F1 on valid.
    """

    task: str = "detection"
    noun: str = "images"
    example_input: ClassVar[str] = "--input image=@FILE"
    classes: Sequence[str]
    image_shape: Sequence[int]
    least_score: float | None = None

    @property
    def purpose(self) -> str:
        return "detects objects in images"


@dataclass(frozen=True, kw_only=True)
class Text2TextCard(Card):
    """The card of a model that generates texts.

    Args:
        output: name of the export's output: "translation" or "summary".
        generation: how texts are generated, in words.
        bleu_tokenizer: the sacreBLEU tokenizer that translations are measured with.
    """

    task: str = "text2text"
    noun: str = "pairs of texts"
    example_input: ClassVar[str] = "--input text=TEXT"
    output: str
    generation: str = ""
    bleu_tokenizer: str | None = None

    @property
    def purpose(self) -> str:
        return f"generates texts: the {self.output} of a text"


@dataclass(frozen=True, kw_only=True)
class ForecastingCard(Card):
    """The card of a forecaster.

    Args:
        every: the step of its series: "hour", "day", "week" or "month".
        horizon: steps that it forecasts.
        lookback: past values that it reads at most.
        levels: of its quantiles.
        series: ids of the known ones.
        known: covariates of a request that are known for the future: of each its name, its kind,
            "number" or "text", and the values of texts.
        static: features of the series, in the same form.
        start: the first step that follows the training data, as `from_id` forecasts it.
        hierarchy: of the groups whose totals are forecast: levels, numbers of groups, the method
            that makes them coherent, and by level the metrics of it and of other systems.
    """

    task: str = "forecasting"
    noun: str = "series"
    example_input: ClassVar[str] = "--signature from_id --input series_id=ID"
    every: str
    horizon: int
    lookback: int
    levels: Sequence[float]
    series: Sequence[str] = ()
    known: Sequence[Mapping[str, Any]] = ()
    static: Sequence[Mapping[str, Any]] = ()
    start: str = ""
    hierarchy: Mapping[str, Any] | None = None

    @property
    def purpose(self) -> str:
        return f"forecasts series, {self.horizon} {self.every}s ahead"


@dataclass(frozen=True, kw_only=True)
class CustomerValueCard(Card):
    """The card of a model of the value of customers.

    Args:
        horizon: days in which the value is counted.
        length: days with a purchase that it reads at most.
    """

    task: str = "customer-value"
    noun: str = "customers"
    example_input: ClassVar[str] = "--input user_id=ID"
    horizon: int
    length: int

    @property
    def purpose(self) -> str:
        return f"predicts what customers pay in the next {self.horizon} days"


@dataclass(frozen=True, kw_only=True)
class UpliftCard(Card):
    """The card of a model of uplift.

    Args:
        arms: names, the control first.
        outcome: name of what is predicted under each arm.
        share: of people that its policy treats at most.
        schema: of the features.
    """

    task: str = "uplift"
    noun: str = "rows"
    arms: Sequence[str]
    outcome: str
    share: float
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def purpose(self) -> str:
        return f"predicts {self.outcome} under {' and '.join(self.arms)}"


@dataclass(frozen=True, kw_only=True)
class EncoderCard(Card):
    """The card of a pretrained encoder, exported without training.

    Args:
        preset: its name.
        length: maximum tokens of a text.
    """

    task: str = "encoder"
    noun: str = "texts"
    preset: str = ""
    length: int = 0

    @property
    def purpose(self) -> str:
        return "gives vectors of texts"


CARDS: dict[str, type[Card]] = {
    "retrieval": RetrievalCard,
    "two-stage": TwoStageCard,
    "tabular": TabularCard,
    "image-classification": ImageClassificationCard,
    "text-classification": TextClassificationCard,
    "detection": DetectionCard,
    "text2text": Text2TextCard,
    "forecasting": ForecastingCard,
    "customer-value": CustomerValueCard,
    "uplift": UpliftCard,
    "encoder": EncoderCard,
}
"""The class of the card of each task, by its name."""


def upgrade(card: Mapping[str, Any], where: str = CARD.name) -> Card:
    """Convert the content of card.json, written by any version of the kit, to a card.

    Args:
        card: a checked JSON object, see `check_card`.
        where: its file, for messages.

    Raises:
        UserError: the card has a newer version, or lacks a field of its task.

    Example:

    >>> upgrade({"classes": ["bad", "good"], "pieces": 128, "recipe": "text-classification"}).task
    'text-classification'
    """
    check_version(card, where)
    values = dict(card)
    if values.setdefault("version", 1) == 1:
        values = {RENAMED.get(key, key): value for key, value in values.items()}
        values |= {"version": VERSION, "task": _task_of_version_1(card)}
    if "names" in values:
        values["names"] = {item: name or "" for item, name in values["names"].items()}
    if isinstance(values.get("limits"), str):
        values["limits"] = [values["limits"]]
    if isinstance(values.get("intended_use"), list):
        values["intended_use"] = " ".join(values["intended_use"])
    kind = CARDS.get(values.get("task", ""), Card)
    for one in fields(kind):
        is_required = one.default is MISSING and one.default_factory is MISSING
        if is_required and one.name not in values:
            raise UserError(
                f"The card of the export is damaged: {one.name} is missing.",
                where=where,
                expected=f"what an export of the task {values['task']} states",
                remedy="Export the model again; kit verify names what else was changed.",
            )
    names = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})


def _task_of_version_1(card: Mapping[str, Any]) -> str:
    """Cards of version 1 state no task; one of their keys shows it."""
    if "names" in card:
        return "two-stage" if "second_stage" in card else "retrieval"
    shown_by = {
        "preset": "encoder",
        "labels": "tabular",
        "picture_shape": "detection",
        "pieces": "text-classification",
        "classes": "image-classification",
        "writes": "text2text",
    }
    return next((task for key, task in shown_by.items() if key in card), "")
