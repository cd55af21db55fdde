"""Years, prices and times rank as well in every precision; missing values get average answers."""

import keras
import numpy as np
import polars as pl
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

from kit.data.table import Feature, Schema, TableEncoder
from kit.losses import masked_binary_crossentropy
from kit.models import Ranking, RankingInput
from kit.optimizers import LazyAdam
from kit.training.batches import TableBatches

ROWS = 1500


def trained(schema, table, labels, policy="float32", epochs=12):
    """A ranking model as the recipe trains it, with its encoder."""
    keras.utils.set_random_seed(0)
    encoder = TableEncoder.fit(schema, table)
    features = encoder.encode(table)
    labels = labels.astype(np.float32)[:, None]
    batches = TableBatches(features, labels, 64, seed=0, absent=encoder.absent(features))
    inputs = [
        RankingInput(f.name, "number")
        if f.kind == "number"
        else RankingInput(f.name, "code", encoder.size(f))
        for f in schema.features
    ]
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    model = Ranking(inputs, hidden=[32], dropout=0.0)
    keras.config.set_dtype_policy(before)
    numbers = [f.name for f in schema.of_kind("number")]
    model.set_numbers(table.select(numbers).to_numpy())
    rate = keras.optimizers.schedules.CosineDecay(0.005, epochs * batches.steps_per_epoch)
    model.compile(LazyAdam(rate), masked_binary_crossentropy, jit_compile=False)
    model.fit(
        batches.stream(), steps_per_epoch=epochs * batches.steps_per_epoch, verbose=0, shuffle=False
    )
    return model, encoder


def probability(model, encoder, table):
    return tf.sigmoid(model(encoder.encode(table)))[:, 0].numpy()


def draw(chance, random):
    return random.random(len(chance)) < chance


# The chance changes within what bfloat16 rounds to one number: 8 years, 64 units, 97 days.
VALUES = {
    "year": lambda random: random.integers(1990, 2011, ROWS).astype(float),
    "price": lambda random: random.integers(9_990, 10_011, ROWS).astype(float),
    "time": lambda random: 1_700_000_000.0 + 86_400 * random.integers(0, 21, ROWS),
}


@pytest.mark.slow
@pytest.mark.parametrize("column", ["year", "price", "time"])
def test_mixed_precision_ranks_by_a_column_as_well_as_float32(column):
    random = np.random.default_rng(0)
    values = VALUES[column](random)
    step = np.ptp(values) / 20
    labels = draw(np.where(np.round((values - values.min()) / step) % 4 < 2, 0.9, 0.1), random)
    table = pl.DataFrame({column: values})
    schema = Schema((Feature(column, "number"),), {})
    found = [
        roc_auc_score(labels, probability(*trained(schema, table, labels, policy), table))
        for policy in ("float32", "mixed_bfloat16")
    ]
    assert found[0] > 0.85
    assert found[1] == pytest.approx(found[0], abs=0.01)


SHAPES = {
    "rising": lambda age, income, city: 1 / (1 + np.exp(-(age - 54) / 6)),
    "valley": lambda age, income, city: np.where(np.abs(age - 54) < 18, 0.05, 0.95),
    "step": lambda age, income, city: np.where(age > 70, 0.97, 0.03),
    "heavy tail": lambda age, income, city: 1 / (1 + np.exp(-3 * (np.log(income) - 10))),
    "category": lambda age, income, city: np.where(city == "a", 0.97, 0.03),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["rising", "category", "valley", "step", "heavy tail"])
def test_what_was_never_missing_or_unknown_in_training_gets_an_average_answer(shape):
    random = np.random.default_rng(1)
    age = random.integers(18, 91, ROWS).astype(float)
    income, city = random.lognormal(10, 1, ROWS), random.choice(["a", "b", "c", "d"], ROWS)
    labels = draw(SHAPES[shape](age, income, city), random)
    table = pl.DataFrame({"age": age, "income": income, "city": city})
    kinds = {"age": "number", "income": "number", "city": "category"}
    schema = Schema(tuple(Feature(name, kind) for name, kind in kinds.items()), {})
    model, encoder = trained(schema, table, labels)
    rows = table.head(200)
    base = labels.mean()
    # The answer averaged over the values that a column has.
    expected = {
        name: np.mean(
            [
                probability(model, encoder, rows.with_columns(pl.lit(v).alias(name)))
                for v in table[name].sort()[:: ROWS // 25]
            ],
            axis=0,
        )
        for name in kinds
    }
    for name, wrong in (
        *((name, value) for name in ("age", "income") for value in (np.nan, np.inf, -np.inf)),
        ("city", None),
        ("city", "elsewhere"),
    ):
        asked = rows.with_columns(pl.lit(wrong, table.schema[name]).alias(name))
        answer = probability(model, encoder, asked)
        assert np.abs(answer - expected[name]).mean() < 0.15, (name, wrong)
        assert answer.mean() == pytest.approx(base, abs=0.15), (name, wrong)
