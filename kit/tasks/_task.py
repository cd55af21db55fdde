"""What a task tells the pipeline, so that one implementation trains and exports all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import keras

    from kit.exports import SignatureCheck
    from kit.report import Report
    from kit.tasks._evaluate_export import Export, ExportEvaluation
    from kit.training.batches import Batches


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One training of the model; most recipes have a single one.

    Args:
        epochs: at most; None stops after the default number of steps.
        steps: instead, exactly so many.
        name: of its checkpoints, where there are several stages.
        begin: compiles the model or freezes a part of it, in the scope of strategy and precision;
            None where `build` did.
        patience: validations without an improvement before training stops; None is the default.
        solve: fits the model in closed form instead, and returns the settings that it chose.
        batches: of more data than the stage before: the model is trained on them for the epochs
            after which that one was best, and nothing is measured.
        measure_start: whether the weights that it begins with are measured, too, and stay where
            none are better.
    """

    epochs: int | None = None
    steps: int | None = None
    name: str = ""
    begin: Callable[[], None] | None = None
    patience: int | None = None
    solve: Callable[[], Mapping[str, Any]] | None = None
    batches: "Batches | None" = None
    measure_start: bool = False


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a recipe builds.

    Args:
        model: built, and compiled unless its stages do so.
        batches: what it trains on; None where it is fitted in closed form.
        name: of the model in tables and reports, "dcn".
        settings: name to value of what was set or chosen.
        stages: the trainings, in order.
        content: what else tells apart the runs that a checkpoint may belong to.
        parts: what the task needs beside the model, such as a tokenizer.
    """

    model: "keras.Model"
    batches: "Batches | None"
    name: str
    settings: Mapping[str, Any]
    stages: Sequence[Stage]
    content: Mapping[str, Any] = field(default_factory=dict)
    parts: Any = None


@dataclass(kw_only=True)
class Run:
    """A run of the pipeline, as far as it has come.

    Args:
        recipe: its name, "ranking".
        data: the split data.
        seed: the random seed.
        built: what the recipe built.
        model: the trained model, on one device and computing in float32 once training is over.
        settings: name to value of what was set or chosen.
        folder: of report, logs and checkpoints; None writes none.
        output: folder of the model's versions.
        command: what was typed.
        metric: name of the validation metric.
        seconds: phase to duration.
        history: one dict an epoch.
        stored: what its export holds for retraining, a `kit.exporting.StoredWeights`; None if its
            recipe does not begin from other weights.
        epochs: of each stage, after which the validation metric was best; None where the stage
            has no epochs.
    """

    recipe: str
    data: Any
    seed: int
    built: Built
    model: Any
    settings: dict[str, Any]
    folder: Path | None = None
    output: Path = Path("saved_models")
    command: str = ""
    metric: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    epochs: list[float | None] = field(default_factory=list)
    stored: Any = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Systems side by side on the test part.

    Args:
        title: the protocol.
        systems: name to predictions with `summary()` and `intervals()`.
        metrics: names of the columns.
        left_out: name of a baseline to the reason why it is missing.
        notes: lines below.
    """

    title: str
    systems: Mapping[str, Any]
    metrics: Sequence[str]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """Any other table: the protocol, headings and cells."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Task(Protocol):
    """A kind of problem: what is predicted, how it is measured, what is exported."""

    # In the cards of exports, and in `kit.tasks.TASKS`.
    name: str
    # What throughput counts, in the plural.
    unit: str
    # The command that follows a training; {folder} stands for the export.
    following: str

    def describe(self, data: Any) -> Sequence[str]:
        """Lines on the data, before TensorFlow is imported."""

    def warnings(self, data: Any) -> Sequence[str]:
        """Sentences on what the data do not allow to learn or to measure."""

    def check(self, run: Run) -> Sequence[str]:
        """Lines that should be read before training begins; raises where it would be in vain."""

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        """The validation metric: its name and what computes it; larger is better."""

    def evaluate(self, run: Run) -> Any:
        """Calibrate on valid, predict test, and fit the baselines."""

    def report(self, run: Run, results: Any) -> "Report":
        """The numbers of the run and the page that shows them."""

    def card(self, run: Run, results: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What the card of the export says beyond what every card says."""

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        """Export the model and verify the export."""

    def tables(
        self, run: Run, results: Any, facts: Mapping[str, Any]
    ) -> Sequence[Comparison | Table]:
        """What is printed at the end."""

    def export_lines(self, version: Path) -> Sequence[str]:
        """Lines on the export."""

    @classmethod
    def open_again(cls, card: Any, source: str | None) -> Any:
        """The data that an export was trained on, or others that are opened in the same way.

        Args:
            card: of the export.
            source: other data, or None.

        Raises:
            UserError: they cannot be opened.
        """

    @classmethod
    def predict_export(
        cls, export: "Export", data: Any, *, max_users: int | None = None
    ) -> "ExportEvaluation":
        """Predict the test part through the signature of an export, and measure that.

        Args:
            export: what is evaluated.
            data: what `open_again` returned.
            max_users: at most so many users are measured, where a task measures users; None is as
                many as training measured.

        Raises:
            UserError: the model cannot be loaded, or does not fit the data.
        """


@dataclass(frozen=True)
class Results:
    """Predictions of the model on valid and test, and of the baselines on test."""

    valid: Any
    test: Any
    baselines: Mapping[str, Any]


def left_out(data: Any) -> str:
    """What cleaning left out, as the end of a line."""
    return "".join(f"; left out {step.rows:,} {step.name}" for step in data.cleaning)


def report_facts(run: Run, results: Any) -> dict[str, Any]:
    """What every report that compares a model with baselines is made of."""
    return {
        "recipe": run.recipe,
        "model": run.built.name,
        "command": run.command,
        "data": run.data,
        "settings": run.settings,
        "valid": results.valid,
        "test": results.test,
        "baselines": results.baselines,
        "history": run.history,
        "metric": run.metric,
        "seconds": run.seconds,
    }
