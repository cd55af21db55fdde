"""Exports of models of table rows."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kit.data.table import Feature, RankingData, TableEncoder
from kit.exporting._blanks import without_blanks
from kit.exporting._samples import sample_rows
from kit.exporting._saved_model import export
from kit.exporting._weights import StoredWeights
from kit.exports import SignatureCheck, TabularCard, raw_inputs, tensor_names
from kit.models import Ranking
from kit.progress import stage

MISSING, RARE, FIRST_KNOWN = 0, 1, 2
# The words of `kit.data.table.TableEncoder`, in the syntax of TensorFlow's regular expressions.
NO_WORD = r"[^\p{L}\p{N}]+"
PROBABILITY = "probability"


class ServedTable(tf.Module):
    """The graph of an export, in operations that stock TensorFlow Serving has.

    Args:
        model: the trained model.
        encoder: the encoder of its codes.
        answer: of logits float32 [batch, n], the outputs by name.
    """

    def __init__(
        self,
        model: keras.Model,
        encoder: TableEncoder,
        answer: Callable[[Any], dict[str, Any]],
    ) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in model.variables]
        self._tables = {
            str(number): _table(values)
            for number, values in enumerate(encoder.vocabularies.values())
        }
        places = {name: str(number) for number, name in enumerate(encoder.vocabularies)}
        features = encoder.schema.features
        inputs_of = tensor_names([feature.name for feature in features])

        def predict(**columns: Any) -> dict[str, Any]:
            inputs = {
                feature.name: self._encoded(
                    columns[inputs_of[feature.name]], feature, places.get(feature.table_name, "")
                )
                for feature in features
            }
            return answer(tf.cast(model(inputs, training=False), tf.float32))

        specs = {name: _spec(f, name) for f, name in zip(features, inputs_of.values(), strict=True)}
        self._predict = tf.function(predict, autograph=False).get_concrete_function(**specs)

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {"serving_default": self._predict}

    def _encoded(self, column: Any, feature: Feature, table: str) -> Any:
        if feature.kind == "number":
            return tf.where(tf.math.is_finite(column), column, float("nan"))
        if feature.kind == "text":
            lower = tf.strings.lower(column, encoding="utf-8")
            words = tf.strings.split(tf.strings.regex_replace(lower, NO_WORD, " "))
            column = words.to_tensor(default_value="")
            # A batch of empty texts has no column, but the model needs one.
            column = tf.pad(column, [[0, 0], [0, 1]], constant_values="")
        return self._tables[table].lookup(without_blanks(column))


class Ranker(ServedTable):
    """The graph of the export of a ranking model: a probability for each label.

    Args:
        model: the trained model.
        encoder: the encoder of its codes.
    """

    def __init__(self, model: Ranking, encoder: TableEncoder) -> None:
        names = outputs_of(model.tasks)

        def answer(logits: Any) -> dict[str, Any]:
            probabilities = tf.unstack(tf.sigmoid(logits), num=len(names), axis=1)
            return dict(zip(names, probabilities, strict=True))

        super().__init__(model, encoder, answer)


def outputs_of(labels: Sequence[str]) -> list[str]:
    """Names of the outputs: "probability", or the names of the labels if there are several.

    Example:

    >>> outputs_of(["click"]), outputs_of(["click", "buy"])
    (['probability'], ['click', 'buy'])
    """
    return [PROBABILITY] if len(labels) == 1 else list(tensor_names(labels).values())


def _spec(feature: Feature, name: str) -> tf.TensorSpec:
    if feature.kind == "number":
        return tf.TensorSpec([None], tf.float32, name)
    return tf.TensorSpec([None, None] if feature.kind == "list" else [None], tf.string, name)


def _table(values: Sequence[str]) -> tf.lookup.StaticHashTable:
    codes = [MISSING, *range(FIRST_KNOWN, FIRST_KNOWN + len(values))]
    initializer = tf.lookup.KeyValueTensorInitializer(
        tf.constant(["", *values]), tf.constant(codes, tf.int32)
    )
    return tf.lookup.StaticHashTable(initializer, default_value=RARE)


CASES = 16


@stage("export")
def export_ranking(
    model: Ranking,
    data: RankingData,
    encoder: TableEncoder,
    folder: Path,
    *,
    card: dict[str, Any],
    stored: StoredWeights | None = None,
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model, computing in float32.
        data: its training data.
        encoder: encodes the table.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.
        stored: weights for retraining.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    rows = sample_rows(data, CASES)
    logits = model(encoder.encode(rows, whole=True), training=False)
    probabilities = tf.sigmoid(tf.cast(logits, tf.float32)).numpy()
    outputs = dict(zip(outputs_of(model.tasks), probabilities.T.tolist(), strict=True))
    recorded = {
        "serving_default": {"inputs": raw_inputs(rows, data.schema.features), "outputs": outputs}
    }
    schema = json.loads(data.schema.as_json())
    whole = TabularCard(**card, labels=dict(data.positives), schema=schema)
    return export(Ranker(model, encoder), folder, recorded=recorded, card=whole, stored=stored)
