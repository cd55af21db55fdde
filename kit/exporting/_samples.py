"""Synthetic texts, images and rows for recorded requests."""

from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.table import Feature, RankingData

UNKNOWN = "\N{WHITE QUESTION MARK ORNAMENT} nothing"
# A value of fewer rows could identify a user.
FEWEST_ROWS = 10
ROWS = 100_000
# Invented sentences in several scripts.
TEXTS = (
    "The train to the coast leaves at nine in the morning and arrives before noon.",
    "It is a good book. I would read it again.",
    "This was not what we had hoped for.",
    "Where is the nearest station?",
    "Das Wetter ist heute schön, morgen soll es regnen.",
    "Le chat dort sur la chaise pendant que la pluie tombe.",
    "El museo abre todos los días a las diez.",
    "Вода в море сегодня тёплая.",
)
LONG_TEXT = (
    "The bridge was closed on Monday. Engineers had found cracks in two of its pillars. They will "
    "be repaired within three weeks, the city said. Until then buses take another way. Many people "
    "walk instead, and some say that they like it. A ferry crosses the river every ten minutes."
)


def sample_images(shape: tuple[int, ...], count: int, seed: int = 0) -> list[bytes]:
    """Encoded images of coloured rectangles on a gradient, PNG.

    Args:
        shape: height, width and channels.
        count: number of images.
        seed: random seed.
    """
    rng = np.random.default_rng(seed)
    return [tf.io.encode_png(tf.constant(_image(shape, rng))).numpy() for _ in range(count)]


def sample_rows(data: RankingData, count: int, seed: int = 0) -> pl.DataFrame:
    """Rows whose values are sampled independently, from values that many rows of train have.

    Ids are unknown ones, except those of ranked items. A row of missing values and a row of unseen
    values follow.

    Args:
        data: the training data.
        count: rows to sample.
        seed: random seed.
    """
    rng = np.random.default_rng(seed)
    some = data.train.features.head(ROWS)
    items = {data.target, data.history} - {None}
    columns: dict[str, list[Any]] = {}
    for feature in data.schema.features:
        unseen: Any = [UNKNOWN] if feature.kind == "list" else UNKNOWN
        is_item = bool({feature.name, feature.table_name} & items)
        is_private = feature.name == data.group or (feature.kind == "id" and not is_item)
        drawn = (
            [UNKNOWN] * count
            if is_private and feature.kind != "list"
            else _drawn(some[feature.name], feature, count, rng)
        )
        columns[feature.name] = [*drawn, None, 1e9 if feature.kind == "number" else unseen]
    return pl.DataFrame(columns, schema={name: some.schema[name] for name in columns})


def _drawn(values: pl.Series, feature: Feature, count: int, rng: np.random.Generator) -> list[Any]:
    values = values.drop_nulls()
    if feature.kind == "number":
        finite = values.cast(pl.Float64).to_numpy()
        finite = finite[np.isfinite(finite)]
        low, high = np.quantile(finite, [0.05, 0.95]) if len(finite) else (0.0, 1.0)
        numbers: list[float] = rng.uniform(low, high, count).astype(np.float32).tolist()
        return numbers
    if feature.kind == "list":
        parts = _frequent(values.explode().drop_nulls())
        lengths = rng.integers(1, 5, count)
        return [rng.choice(parts, length).tolist() for length in lengths]
    if feature.kind == "text":
        words = _frequent(values.str.split(" ").explode().drop_nulls())
        return [" ".join(rng.choice(words, 5)) for _ in range(count)]
    chosen: list[Any] = rng.choice(_frequent(values), count).tolist()
    return chosen


def _frequent(values: pl.Series) -> list[str]:
    """Values that many rows have, in a fixed order."""
    counts = values.value_counts()
    name = values.name
    frequent = counts.filter(pl.col("count") >= FEWEST_ROWS)[name].to_list()
    return sorted(map(str, frequent)) or [UNKNOWN]


def _image(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width, channels = shape
    across = np.linspace(0, 1, width)[None, :, None] * rng.uniform(0, 128, channels)
    down = np.linspace(0, 1, height)[:, None, None] * rng.uniform(0, 128, channels)
    image = across + down
    for _ in range(3):
        top, left = rng.integers(0, height), rng.integers(0, width)
        bottom = top + rng.integers(1, max(2, height // 2))
        right = left + rng.integers(1, max(2, width // 2))
        image[top:bottom, left:right] = rng.uniform(0, 255, channels)
    return image.astype(np.uint8)
