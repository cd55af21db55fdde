"""The data sets that come with the kit."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data.builtin._campaign import LICENCE, campaign_frame

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class BuiltIn:
    """A data set that comes with the kit, as its files hold it.

    Args:
        frame: user_id and item_id as Categorical, time in microseconds, weight.
        items: item_id and features.
        cleaning: what was dropped when the file was made.
        licence: attribution.
        names: role -> column of the data set.
    """

    frame: pl.DataFrame
    items: pl.DataFrame
    cleaning: tuple[CleaningStep, ...]
    licence: str
    names: dict[str, str]


def online_retail() -> BuiltIn:
    """UCI Online Retail without cancellations, rows without customer and codes of no product."""
    folder = _FOLDER / "online_retail"
    rows = pl.read_parquet(folder / "online_retail.parquet")
    dropped = json.loads(pl.read_parquet_metadata(folder / "online_retail.parquet")["dropped"])
    steps = [CleaningStep(name, count) for name, count in dropped.items()]
    frame = rows.select(
        user_id=pl.col("customer_id").cast(pl.String).cast(pl.Categorical),
        item_id=pl.col("stock_code").cast(pl.String).cast(pl.Categorical),
        time=pl.col("invoice_date").cast(pl.Datetime("us")).to_physical(),
        weight=pl.col("quantity").cast(pl.Float64),
    )
    items = rows.group_by("stock_code", maintain_order=True).agg(
        title=pl.col("description").first().cast(pl.String),
        price=pl.col("unit_price").median().cast(pl.Float64).round(2),
    )
    items = items.rename({"stock_code": "item_id"}).cast({"item_id": pl.String})
    names = {
        "user": "customer_id",
        "item": "stock_code",
        "time": "invoice_date",
        "weight": "quantity",
    }
    return BuiltIn(frame, items, tuple(steps), (folder / "LICENCE.txt").read_text(), names)


@dataclass(frozen=True)
class BuiltInTable:
    """A table of examples with a label that comes with the kit.

    Args:
        frame: its columns.
        part: PART of each row of a given split, or None.
        licence: attribution.
    """

    frame: pl.DataFrame
    part: pl.Series | None
    licence: str


def in_vehicle_coupon() -> BuiltInTable:
    """UCI In-Vehicle Coupon Recommendation: would a driver take the coupon?"""
    folder = _FOLDER / "in_vehicle_coupon"
    rows = pl.read_parquet(folder / "in_vehicle_coupon.parquet")
    return BuiltInTable(rows, None, (folder / "LICENCE.txt").read_text())


def tatoeba_eng_fra_part() -> BuiltInTable:
    """English sentences of Tatoeba and their French translations."""
    folder = _FOLDER / "tatoeba_eng_fra_part"
    rows = pl.read_parquet(folder / "tatoeba_eng_fra_part.parquet")
    return BuiltInTable(rows, None, (folder / "LICENCE.txt").read_text())


def scitldr_part() -> BuiltInTable:
    """Abstracts of papers and summaries of a sentence: SciTLDR's train and dev."""
    folder = _FOLDER / "scitldr_part"
    rows = pl.read_parquet(folder / "scitldr_part.parquet")
    part = rows["part"].cast(pl.Enum(["train", "valid", "test"]))
    return BuiltInTable(rows.drop("part"), part, (folder / "LICENCE.txt").read_text())


@dataclass(frozen=True)
class BuiltInImages:
    """Images with a class that come with the kit.

    Args:
        pixels: uint8 [images, height, width, channels].
        labels: name of the class of each.
        parts: "train" or "test" of each.
        licence: attribution.
    """

    pixels: NDArray[np.uint8]
    labels: list[str]
    parts: list[str]
    licence: str


def fashion_mnist_part() -> BuiltInImages:
    """Of Fashion-MNIST 600 images of each class for train and 100 for test."""
    folder = _FOLDER / "fashion_mnist_part"
    rows = pl.read_parquet(folder / "fashion_mnist_part.parquet")
    pixels = np.frombuffer(b"".join(rows["pixels"]), np.uint8).reshape(-1, 28, 28, 1)
    licence = (folder / "LICENCE.txt").read_text()
    return BuiltInImages(pixels, rows["label"].to_list(), rows["part"].to_list(), licence)


def sentiment_labelled_sentences() -> BuiltInTable:
    """UCI Sentiment Labelled Sentences: is what a review says positive or negative?"""
    folder = _FOLDER / "sentiment_labelled_sentences"
    rows = pl.read_parquet(folder / "sentiment_labelled_sentences.parquet")
    return BuiltInTable(rows, None, (folder / "LICENCE.txt").read_text())


def bike_sharing() -> BuiltInTable:
    """UCI Bike Sharing: rentals and weather in Washington by the hour, 2011 and 2012."""
    folder = _FOLDER / "bike_sharing"
    rows = pl.read_parquet(folder / "bike_sharing.parquet")
    return BuiltInTable(rows, None, (folder / "LICENCE.txt").read_text())


def online_retail_demand() -> BuiltInTable:
    """Units of products that a British gift shop sold by the day, December 2010 to 2011."""
    folder = _FOLDER / "online_retail_demand"
    rows = pl.read_parquet(folder / "online_retail_demand.parquet")
    return BuiltInTable(rows, None, (folder / "LICENCE.txt").read_text())


def online_retail_purchases() -> BuiltInTable:
    """What the known customers of `online_retail` paid, a row for each line of an invoice."""
    folder = _FOLDER / "online_retail"
    rows = pl.read_parquet(folder / "online_retail.parquet")
    frame = rows.select(
        "customer_id",
        "invoice_date",
        amount=(pl.col("quantity") * pl.col("unit_price").cast(pl.Float64)).round(2),
    )
    return BuiltInTable(frame, None, (folder / "LICENCE.txt").read_text())


def synthetic_campaign() -> BuiltInTable:
    """Customers of an invented campaign, their arms and visits."""
    return BuiltInTable(campaign_frame(), None, LICENCE)


BUILT_IN = {"online-retail": online_retail}
CAMPAIGNS = {"synthetic-campaign": synthetic_campaign}
PURCHASES = {"online-retail": online_retail_purchases}
SERIES = {"bike-sharing": bike_sharing, "online-retail-demand": online_retail_demand}
TABLES = {"in-vehicle-coupon": in_vehicle_coupon}
TEXTS = {"sentiment-labelled-sentences": sentiment_labelled_sentences}
PICTURES = {"fashion-mnist-part": fashion_mnist_part}
TEXT2TEXT = {"tatoeba-eng-fra-part": tatoeba_eng_fra_part, "scitldr-part": scitldr_part}
# Images with boxes, read by `kit.data.detection`.
BOXES = ("bccd",)
