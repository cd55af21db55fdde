"""A new task: a number for each row of a table, measured by the mean absolute error.

python regression.py --data houses.csv --target price
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import polars as pl
import tensorflow as tf

from kit.config import CheckpointOptions, Options, TrainingOptions, option
from kit.exporting import export
from kit.exports import Card
from kit.pipeline import Recipe, command
from kit.report import Report
from kit.tasks import TASKS, Built, ExportEvaluation, Run, Stage, Table
from kit.training.batches import TableBatches


@dataclass(frozen=True, kw_only=True)
class NumbersOptions(Options):
    """The data."""

    group = "Data"
    data: str = option(help="A .csv file of numbers.", metavar="FILE")
    target: str = option(help="The column to predict.", metavar="NAME")
    seed: int = option(0, "Random seed.", min=0)

    def dataset(self) -> "Numbers":
        frame = pl.read_csv(self.data)
        y = frame[self.target].to_numpy().astype(np.float32)
        x = frame.drop(self.target).to_numpy().astype(np.float32)
        rows = np.random.default_rng(self.seed).permutation(len(y))
        parts = np.split(rows, [len(y) // 10, len(y) // 5])
        test, valid, train = ((x[part], y[part]) for part in parts)
        return Numbers(train=train, valid=valid, test=test, options=self)


@dataclass(frozen=True)
class Numbers:
    """Features and targets of each part."""

    train: tuple[np.ndarray, np.ndarray]
    valid: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    options: NumbersOptions


class Servable(tf.Module):
    """What the export answers."""

    def __init__(self, model: keras.Model, width: int) -> None:
        super().__init__()
        # The variables are saved, not the Keras model.
        self.weights = [weight.value for weight in model.variables]
        spec = tf.TensorSpec([None, width], tf.float32, "x")
        self.predict = tf.function(
            lambda x: {"y": model({"x": x})[:, 0]}, autograph=False
        ).get_concrete_function(x=spec)

    def signatures(self) -> dict[str, Any]:
        return {"serving_default": self.predict}


class Regression:
    """How it is measured, reported and exported."""

    name, unit, following = "regression", "rows", "kit predict {folder} --input x=..."

    def describe(self, data: Numbers) -> list[str]:
        return [f"data:      {len(data.train[1]):,} rows in train"]

    def warnings(self, data: Numbers) -> list[str]:
        return []

    def check(self, run: Run) -> list[str]:
        return []

    def error(self, model: keras.Model, part: tuple[np.ndarray, np.ndarray]) -> float:
        return float(np.abs(model.predict({"x": part[0]}, verbose=0)[:, 0] - part[1]).mean())

    def validation(self, run: Run) -> tuple[str, Any]:
        return "valid -MAE", lambda: -self.error(run.model, run.data.valid)

    def evaluate(self, run: Run) -> dict[str, float]:
        mean = np.abs(run.data.test[1] - run.data.train[1].mean()).mean()
        return {"model": self.error(run.model, run.data.test), "mean of train": float(mean)}

    def report(self, run: Run, results: dict[str, float]) -> Report:
        metrics = {name: {"metrics": {"MAE": {"mean": v}}} for name, v in results.items()}
        test = {"protocol": f"test, {len(run.data.test[1]):,} rows", **metrics.pop("model")}
        rows = len(run.data.train[1])
        facts = {"data": {"name": run.data.options.data, "rows": rows}, "test": test}
        page = "".join(f"<p>{name}: MAE {value:.4f}</p>" for name, value in results.items())
        return Report({**facts, "baselines": metrics}, lambda: page, run.history)

    def card(self, run: Run, results: Any, facts: Any) -> dict[str, Any]:
        return {"task": self.name, "noun": self.unit, "model": run.built.name}

    def export(self, run: Run, results: Any, card: dict[str, Any]) -> Any:
        x = run.data.test[0][:4]
        outputs = {"y": run.model.predict({"x": x}, verbose=0)[:, 0].tolist()}
        recorded = {"serving_default": {"inputs": {"x": x.tolist()}, "outputs": outputs}}
        module = Servable(run.model, x.shape[1])
        return export(module, run.output, recorded=recorded, card=Card(**card))

    def tables(self, run: Run, results: dict[str, float], facts: Any) -> list[Table]:
        rows = [[name, f"{value:.4f}"] for name, value in results.items()]
        return [Table(title=facts["test"]["protocol"], columns=["", "MAE"], rows=rows)]

    def export_lines(self, version: Any) -> list[str]:
        return []

    @classmethod
    def open_again(cls, card: Card, source: str | None) -> Numbers:
        return NumbersOptions(**{**card.data, **({"data": source} if source else {})}).dataset()

    @classmethod
    def predict_export(cls, export: Any, data: Numbers, *, max_users: Any = None) -> Any:
        model = export.load()
        x, y = data.test
        error = np.abs(model.signatures["serving_default"](x=tf.constant(x))["y"] - y).mean()
        return ExportEvaluation([Measured(f"test, {len(y):,} rows", float(error))])


@dataclass(frozen=True)
class Measured:
    """What `kit evaluate` prints."""

    protocol: str
    error: float

    def table(self) -> Table:
        return Table(title=self.protocol, columns=["MAE"], rows=[[f"{self.error:.4f}"]])

    def document(self) -> dict[str, Any]:
        metrics = {"MAE": {"mean": self.error, "low": None, "high": None}}
        return {"protocol": self.protocol, "system": "model", "metrics": metrics}


@dataclass(frozen=True, kw_only=True)
class RegressionOptions:
    """Everything that can be set."""

    data: NumbersOptions
    training: TrainingOptions = TrainingOptions(epochs=50, dim=32)
    checkpoint: CheckpointOptions = CheckpointOptions()


def build(data: Numbers, options: RegressionOptions) -> keras.Model:
    keras.utils.set_random_seed(options.data.seed)
    x = keras.Input((data.train[0].shape[1],), name="x")
    scale = keras.layers.Normalization()
    scale.adapt(data.train[0])
    hidden = keras.layers.Dense(options.training.dim, activation="relu")(scale(x))
    return keras.Model({"x": x}, keras.layers.Dense(1)(hidden))


def train(model: keras.Model, data: Numbers, options: RegressionOptions, precision: Any) -> Built:
    x, y = data.train
    batches = TableBatches({"x": x}, y[:, None], min(64, len(y)), seed=options.data.seed)
    model.compile(precision.scaled(keras.optimizers.Adam(0.01)), loss="mae")
    stages = [Stage(epochs=options.training.epochs)]
    return Built(model=model, batches=batches, name="perceptron", settings={}, stages=stages)


TASKS["regression"] = Regression  # so that `kit evaluate` finds it
RECIPE = Recipe(
    name="regression",
    about="Train a model that predicts a number.",
    example="python regression.py --data houses.csv --target price",
    options=RegressionOptions,
    rows="rows",
    intended_use="Predicting a number of rows like those it was trained on.",
    limits=["Rows unlike those it was trained on are answered as well."],
    task=lambda options: Regression(),
    build=build,
    train=train,
)
main = command(RECIPE)

if __name__ == "__main__":
    main()
