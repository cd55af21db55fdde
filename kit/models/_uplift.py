"""Models of uplift: the outcome of each row under every arm."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from kit.data.campaign import CampaignData
from kit.data.table import Feature, TableEncoder
from kit.layers import Perceptron
from kit.models._for_dataset import attach, recorded, set_seed
from kit.models._ranking_input import RankingFields, RankingInput, first_rows

# Rows from which the ranges of numbers are read.
SAMPLE = 100_000
BINS = 16


@keras.saving.register_keras_serializable(package="kit")
class Uplift(keras.Model):
    """Outcomes under every arm: a shared network with one head an arm (TARNet).

    Features are embedded as those of `kit.models.Ranking`; a perceptron that all arms share reads
    the vectors, and a head of each arm predicts the outcome of those who are in it. Of a row the
    loss counts the head of its own arm only.

    Args:
        inputs: the inputs of the model.
        arms: names, the control first.
        dim: width of the embeddings.
        hidden: widths of the shared layers.
        head: width of the hidden layer of each head.
        dropout: dropout rate after each hidden layer.
        shrinkage: L2 penalty on the embeddings looked up.
        bins: number of bins per number, see `kit.layers.NumberEmbedding`.

    Call arguments:
        inputs: tensors by name, as of `kit.models.Ranking`.

    Returns:
        Logits of the outcome, float32 [batch, arms].

    Train it with `kit.losses.masked_binary_crossentropy` on `CampaignRows.labels`.

    Raises:
        ValueError: no input, or fewer than two arms.

    Source: Shalit, Johansson and Sontag (2017), Estimating individual treatment effect:
    generalization bounds and algorithms, without the penalty on imbalance.

    Example:

    >>> model = Uplift([RankingInput("city", "code", 9)], ["none", "mail"], dim=4, hidden=[8])
    >>> model({"city": np.array([3, 0])}).shape
    TensorShape([2, 2])
    """

    def __init__(
        self,
        inputs: Sequence[RankingInput | dict[str, Any]],
        arms: Sequence[str],
        dim: int = 8,
        *,
        hidden: Sequence[int] = (64,),
        head: int = 16,
        dropout: float = 0.2,
        shrinkage: float = 0.006,
        bins: int = BINS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Codes and numbers must not be cast.
        if not inputs or len(arms) < 2:
            raise ValueError("A model of uplift needs an input and two arms.")
        self.arms, self.dim, self.hidden, self.head = list(arms), dim, tuple(hidden), head
        self.dropout, self.bins = dropout, bins
        self.fields = RankingFields(inputs, dim, bins, None, shrinkage, name="fields")
        self.shared = Perceptron(self.hidden, dropout, name="shared")
        count = len(self.arms)
        self.heads = [Perceptron([head], dropout, name=f"head_{n}") for n in range(count)]
        self.logits = [
            keras.layers.Dense(1, dtype="float32", name=f"logit_{n}") for n in range(count)
        ]

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: CampaignData,
        *,
        encoder: TableEncoder | None = None,
        dim: int = 8,
        dropout: float = 0.2,
        shrinkage: float = 0.006,
    ) -> Self:
        """Build the model for the features of a campaign, the ranges of its numbers stored in it.

        Args:
            data: the split campaign.
            encoder: of the rows; None fits one on train. The model keeps it as `table_encoder`.
            dim: width of the embeddings.
            dropout: dropout rate after each hidden layer.
            shrinkage: L2 penalty on embeddings.

        Example:

        >>> import kit
        >>> data = kit.open("synthetic-campaign")
        >>> Uplift.for_dataset(data, dim=4).arms
        ['none', 'coupon', 'mail']
        """
        encoder = encoder or campaign_encoder(data)
        set_seed(data)
        model = cls(encoded_inputs(encoder), data.arms, dim, dropout=dropout, shrinkage=shrinkage)
        model.build()
        names = [feature.name for feature in data.schema.of_kind("number")]
        if model.fields.numbers is not None:
            sample = np.random.default_rng(0).permutation(len(data.train))[:SAMPLE]
            rows = data.train.features.select(names)[np.sort(sample)]
            model.fields.numbers.adapt(rows.to_numpy())
        attach(model, table_encoder=encoder)
        return model

    def build(self, input_shape: Any = None) -> None:
        if not self.fields.built:
            self.fields.build()
        self.shared.build((None, len(self.fields.inputs) * self.dim))
        for head, logit in zip(self.heads, self.logits, strict=True):
            head.build((None, self.hidden[-1]))
            logit.build((None, self.head))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        vectors = self.fields(inputs)
        flat = ops.reshape(vectors, (-1, len(self.fields.inputs) * self.dim))
        shared = self.shared(flat, training=training)
        found = [
            logit(head(shared, training=training))
            for head, logit in zip(self.heads, self.logits, strict=True)
        ]
        return ops.concatenate(found, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "inputs": [asdict(one) for one in self.fields.inputs],
            "arms": self.arms,
            "dim": self.dim,
            "hidden": self.hidden,
            "head": self.head,
            "dropout": self.dropout,
            "shrinkage": self.fields.shrinkage,
            "bins": self.bins,
        }


@keras.saving.register_keras_serializable(package="kit")
class LinearUplift(keras.Model):
    """Outcomes under every arm by logistic regressions: one weight a value and arm.

    Codes have a weight each, lists the mean of the weights of their values, and numbers a weight
    for each of their ranges. It is fitted in closed form, see `kit.evaluation.s_learner` and
    `t_learner`.

    Args:
        inputs: the inputs of the model.
        arms: names, the control first.
        edges: number to the ends of its ranges, in order.

    Call arguments:
        inputs: tensors by name, as of `kit.models.Ranking`.

    Returns:
        Logits of the outcome, float32 [batch, arms].

    Example:

    >>> model = LinearUplift([RankingInput("age", "number")], ["none", "mail"], {"age": [30, 50]})
    >>> model.set_weights([np.float32([[0, 0], [1, 1], [2, 2], [3, 4]]), np.float32([0, 0.5])])
    >>> model({"age": np.array([10, 60, np.nan])}).numpy().tolist()
    [[1.0, 1.5], [3.0, 4.5], [0.0, 0.5]]
    """

    def __init__(
        self,
        inputs: Sequence[RankingInput | dict[str, Any]],
        arms: Sequence[str],
        edges: Mapping[str, Sequence[float]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Codes and numbers must not be cast.
        self.inputs_of = [RankingInput(**one) if isinstance(one, dict) else one for one in inputs]
        self.arms = list(arms)
        self.edges = {name: [float(x) for x in ends] for name, ends in edges.items()}
        coded = [one for one in self.inputs_of if one.kind != "number"]
        self.starts, self.rows = first_rows(coded)
        for one in self.inputs_of:
            if one.kind == "number":
                self.starts[one.name] = self.rows
                # Of a missing number, and of each range.
                self.rows += len(self.edges[one.name]) + 2
        self.build()

    def build(self, input_shape: Any = None) -> None:
        shape = (self.rows, len(self.arms))
        # It is solved, not trained: its weights are not rounded by mixed precision.
        zeros: dict[str, Any] = {"initializer": "zeros", "autocast": False}
        self.table = self.add_weight(shape=shape, name="table", **zeros)
        self.bias = self.add_weight(shape=shape[1:], name="bias", **zeros)
        self.built = True

    def codes(self, inputs: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        """Rows of the table that count, int32 [batch, n], and their shares, float [batch, n]."""
        found = []
        for one in self.inputs_of:
            values = tf.convert_to_tensor(inputs[one.name])
            if one.kind == "number":
                values = tf.cast(values, tf.float32)
                known = tf.math.is_finite(values)
                ends = tf.constant(self.edges[one.name], tf.float32)
                above = tf.reduce_sum(tf.cast(values[:, None] > ends, tf.int32), axis=1)
                values = tf.where(known, 1 + above, 0)
            values = tf.cast(values, tf.int32)
            start = self.starts[one.name if one.kind == "number" else one.table_name]
            if one.kind != "codes":
                found.append((values[:, None] + start, tf.ones_like(values[:, None], tf.float32)))
                continue
            counts = tf.cast(values != 0, tf.float32)
            share = counts / tf.maximum(tf.reduce_sum(counts, axis=1, keepdims=True), 1.0)
            found.append((values + start, share))
        return found

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        logits = self.bias[None]
        for rows, shares in self.codes(inputs):
            logits += ops.sum(ops.take(self.table, rows, axis=0) * shares[..., None], axis=1)
        return ops.cast(logits, "float32")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "inputs": [asdict(one) for one in self.inputs_of],
            "arms": self.arms,
            "edges": self.edges,
        }


def campaign_encoder(data: CampaignData) -> TableEncoder:
    """The encoder of a campaign's features, fitted on train.

    Args:
        data: the split campaign.
    """
    rare = 10 if data.options is None else data.options.rare
    return TableEncoder.fit(data.schema, data.train.features, fewest=rare)


def encoded_inputs(encoder: TableEncoder) -> list[RankingInput]:
    """The inputs of a model of the features that an encoder encodes.

    Args:
        encoder: fitted.
    """

    def kind(feature: Feature) -> Any:
        return "codes" if feature.kind in ("list", "text") else "code"

    return [
        RankingInput(feature.name, "number")
        if feature.kind == "number"
        else RankingInput(feature.name, kind(feature), encoder.size(feature), feature.table)
        for feature in encoder.schema.features
    ]


def number_ranges(
    encoded: Mapping[str, NDArray[Any]], encoder: TableEncoder, ranges: int = BINS
) -> dict[str, list[float]]:
    """Ends of ranges with equally many rows each, by number.

    Args:
        encoded: what the encoder gave of train.
        encoder: fitted.
        ranges: their number.
    """
    found: dict[str, list[float]] = {}
    for feature in encoder.schema.of_kind("number"):
        values = encoded[feature.name][np.isfinite(encoded[feature.name])]
        inner = np.linspace(0, 1, ranges + 1)[1:-1]
        ends = np.unique(np.quantile(values, inner)) if len(values) else np.zeros(0)
        found[feature.name] = ends.astype(np.float32).tolist()
    return found
