"""Ranking model: predicts click probabilities."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import NDArray

from kit.data.table import RankingData, TableEncoder
from kit.errors import UserError
from kit.models._for_dataset import attach, recorded, set_seed
from kit.models._ranking_bodies import ARCHITECTURES, BodySettings, ranking_body
from kit.models._ranking_input import RankingFields, RankingInput

# Rows from which the ranges of numbers are read.
SAMPLE = 100_000


@keras.saving.register_keras_serializable(package="kit")
class Ranking(keras.Model):
    """Ranking (CTR) model: predicts one logit per task, such as click and purchase, from features.

    Every input is embedded, and the architecture defines how the embeddings interact:

    * "dcn": a cross network beside a perceptron;
    * "dlrm": dot products of every two vectors, and the vectors, into a perceptron;
    * "deepfm": a factorization machine beside a perceptron;
    * "autoint": attention of the vectors to one another beside a perceptron;
    * "finalmlp": two perceptrons on differently gated vectors, fused bilinearly;
    * "din": a perceptron, after attention to the history by the target.

    The other architectures average the vectors of each list of codes. With several tasks a
    multi-gate mixture of experts replaces the perceptron.

    Args:
        inputs: the inputs of the model.
        architecture: one of the above.
        tasks: names of the labels, one logit each.
        dim: width of the embeddings.
        hidden: widths of the perceptron's layers.
        dropout: dropout rate after each of them.
        shrinkage: L2 penalty on the embeddings looked up, each distinct one once per batch. It
            keeps the model from overfitting rare ids.
        bins: number of bins per number, see `kit.layers.NumberEmbedding`.
        history: input of kind "codes" that "din" attends to.
        target: input of kind "code" that is the query of this attention.

    Call arguments:
        inputs: tensors by name: int [batch] for a code, int [batch, length] for codes, float
            [batch] for a number, not standardized; NaN is missing.

    Returns:
        Logits, float32 [batch, tasks].

    Call `set_numbers` first, then train with `keras.losses.BinaryCrossentropy(from_logits=True)` on
    labels [batch, tasks] and an optimizer of `kit.optimizers`.

    Raises:
        ValueError: an unknown architecture, no task, or inputs that do not fit together.

    Source: Wang et al. (2021), DCN V2; Naumov et al. (2019), Deep learning recommendation model;
    Guo et al. (2017), DeepFM; Song et al. (2019), AutoInt; Mao et al. (2023), FinalMLP; Zhou et al.
    (2018), Deep interest network; Ma et al. (2018), Multi-gate mixture-of-experts.

    Example:

    >>> inputs = [RankingInput("item", "code", 100), RankingInput("price", "number")]
    >>> model = Ranking(inputs)
    >>> model.set_numbers(np.array([[0.5], [20.0], [7.0]]))
    >>> model({"item": np.array([3, 0]), "price": np.array([5.0, np.nan])}).shape
    TensorShape([2, 1])
    """

    def __init__(
        self,
        inputs: Sequence[RankingInput | dict[str, Any]],
        architecture: str = "dcn",
        tasks: Sequence[str] = ("label",),
        dim: int = 16,
        *,
        hidden: Sequence[int] = (400, 400),
        dropout: float = 0.4,
        shrinkage: float = 0.006,
        bins: int = 32,
        history: str | None = None,
        target: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Codes and numbers must not be cast.
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture is one of {list(ARCHITECTURES)}, not {architecture!r}.")
        if not tasks or not inputs:
            raise ValueError("A ranking model needs an input and a task.")
        self.architecture, self.tasks = architecture, list(tasks)
        self.dim, self.bins = dim, bins
        self.hidden, self.dropout = tuple(hidden), dropout
        self.history_input, self.target_input = history, target
        attend = None
        if architecture == "din":
            attend = _attended(inputs, history, target)
        # One more entry for the weight of the linear part.
        width = dim + 1 if architecture == "deepfm" else dim
        self.fields = RankingFields(inputs, width, bins, attend, shrinkage, name="fields")
        settings = BodySettings(len(self.tasks), self.hidden, dropout)
        self.body = ranking_body(architecture, len(self.fields.inputs), width, settings)

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: RankingData,
        architecture: str = "dcn",
        *,
        encoder: TableEncoder | None = None,
        dim: int = 16,
        dropout: float = 0.4,
        shrinkage: float = 0.006,
        seed: int | None = None,
        **settings: Any,
    ) -> Self:
        """Build the model for the features of a table, the ranges of its numbers stored in it.

        Args:
            data: the split table.
            architecture: of the model.
            encoder: of the rows; None fits one on train. The model keeps it as `table_encoder`.
            dim: width of the embeddings.
            dropout: dropout rate after each hidden layer.
            shrinkage: L2 penalty on embeddings.
            seed: random seed of the initial weights; None is that of the data.
            settings: further arguments of `Ranking`.

        Returns:
            The model, built, untrained.

        Raises:
            UserError: "din" without a history of items.

        Example:

        >>> import kit
        >>> data = kit.open("in-vehicle-coupon")
        >>> Ranking.for_dataset(data, dim=4).tasks
        ['Y']
        """
        if architecture == "din":
            if data.history is None:
                raise UserError(
                    "The model din attends to a history, and the data have none.",
                    where="--model din",
                    expected="a list column of earlier items that shares its table with the "
                    "item's, or user, item and time columns and --history NUMBER",
                    remedy="Give --history 50, or choose another --model.",
                )
            settings |= {"history": data.history, "target": data.target}
        rare = 2 if data.options is None else data.options.rare
        if encoder is None:
            encoder = TableEncoder.fit(data.schema, data.train.features, fewest=rare)
        set_seed(data, seed)
        inputs = [
            RankingInput(feature.name, "number")
            if feature.kind == "number"
            else RankingInput(
                feature.name,
                "codes" if feature.kind in ("list", "text") else "code",
                size=encoder.size(feature),
                table=feature.table,
            )
            for feature in data.schema.features
        ]
        model = cls(
            inputs,
            architecture,
            data.labels,
            dim=dim,
            dropout=dropout,
            shrinkage=shrinkage,
            **settings,
        )
        model.build()
        names = [feature.name for feature in data.schema.of_kind("number")]
        rows = data.train.features.select(names)
        sample = np.random.default_rng(0).permutation(len(data.train))[:SAMPLE]
        if names:
            model.set_numbers(rows[np.sort(sample)].to_numpy())
        attach(model, table_encoder=encoder)
        return model

    def build(self, input_shape: Any = None) -> None:
        if not self.fields.built:
            self.fields.build()
        tasks = (len(self.tasks),)
        self.scale = self.add_weight(
            shape=tasks, initializer="ones", trainable=False, autocast=False, name="scale"
        )
        self.shift = self.add_weight(
            shape=tasks, initializer="zeros", trainable=False, autocast=False, name="shift"
        )
        self.built = True

    def set_calibration(self, scale: NDArray[np.floating], shift: NDArray[np.floating]) -> None:
        """Set the calibration: scale and shift of the logits, each [tasks].

        Trained models are usually overconfident; see `kit.evaluation.calibration`.
        """
        self.scale.assign(scale)
        self.shift.assign(shift)

    def set_numbers(self, numbers: NDArray[np.floating]) -> None:
        """Fit the bins of the numbers to training data; does nothing without numbers.

        Args:
            numbers: float [rows, numbers], not standardized, NaN where missing, in the order of the
                inputs of kind "number". A sample of about 100,000 rows is enough.

        Raises:
            ValueError: a wrong number of columns, or an infinite number.
        """
        if numbers.shape[1] != len(self.fields.number_inputs):
            raise ValueError(
                f"The model has {len(self.fields.number_inputs)} numbers, not {numbers.shape[1]}."
            )
        if not self.fields.built:
            self.fields.build()
        layer = self.fields.numbers
        if layer is not None:
            layer.adapt(numbers)

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        return self.body(self.fields(inputs), training=training) * self.scale + self.shift

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "inputs": [asdict(one) for one in self.fields.inputs],
            "architecture": self.architecture,
            "tasks": self.tasks,
            "dim": self.dim,
            "hidden": self.hidden,
            "dropout": self.dropout,
            "shrinkage": self.fields.shrinkage,
            "bins": self.bins,
            "history": self.history_input,
            "target": self.target_input,
        }


def _attended(
    inputs: Sequence[RankingInput | dict[str, Any]], history: str | None, target: str | None
) -> tuple[str, str]:
    given = [RankingInput(**one) if isinstance(one, dict) else one for one in inputs]
    kinds = {one.name: one.kind for one in given}
    if (
        history is None
        or target is None
        or (kinds.get(history), kinds.get(target)) != ("codes", "code")
    ):
        raise ValueError(
            "din attends to a `history`, an input of kind codes, by a `target`, one of kind code; "
            f"got history={history!r} and target={target!r} of {kinds}."
        )
    return history, target
