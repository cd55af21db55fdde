"""UCI In-Vehicle Coupon Recommendation as a TFDS builder, from the Parquet file beside it.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.in_vehicle_coupon
    import tensorflow_datasets as tfds

    rows = tfds.load("in_vehicle_coupon", split="train", data_dir="somewhere")
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow_datasets as tfds

_FOLDER = Path(__file__).parent
_CITATION = """@article{wang2017bayesian,
  author = {Wang, Tong and Rudin, Cynthia and Doshi-Velez, Finale and Liu, Yimin and Klampfl, Erica
    and MacNeille, Perry},
  title = {A Bayesian Framework for Learning Rule Sets for Interpretable Classification},
  journal = {Journal of Machine Learning Research},
  volume = {18},
  year = {2017},
}"""


class InVehicleCoupon(tfds.core.GeneratorBasedBuilder):
    """Would a driver take a coupon? A survey of situations: who drives where, when, and which.

    Features: text and small integers as in the UCI file, "" where a cell is empty; Y is 1 where
    the coupon would be taken. One split, "train".

    Source: Wang, T. et al. (2017), https://doi.org/10.24432/C5GS4P, CC BY 4.0.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}  # noqa: RUF012 (the base class has it so)

    def _info(self) -> tfds.core.DatasetInfo:
        columns = pl.read_parquet_schema(_FOLDER / "in_vehicle_coupon.parquet")
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    name: tfds.features.Text() if dtype == pl.String else np.int32
                    for name, dtype in columns.items()
                }
            ),
            homepage="https://doi.org/10.24432/C5GS4P",
            citation=_CITATION,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "in_vehicle_coupon.parquet")
        yield from enumerate(
            rows.with_columns(pl.col(pl.String).fill_null("")).iter_rows(named=True)
        )
