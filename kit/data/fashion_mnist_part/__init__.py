"""A part of Fashion-MNIST as a TFDS builder, from the Parquet file beside it.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.fashion_mnist_part
    import tensorflow_datasets as tfds

    images = tfds.load("fashion_mnist_part", split="train", data_dir="somewhere")
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow_datasets as tfds

_FOLDER = Path(__file__).parent
_CITATION = """@article{xiao2017fashion,
  author = {Xiao, Han and Rasul, Kashif and Vollgraf, Roland},
  title = {Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms},
  journal = {arXiv:1708.07747},
  year = {2017},
}"""


class FashionMnistPart(tfds.core.GeneratorBasedBuilder):
    """Ten kinds of clothes, 28 by 28 grey pixels: 6,000 images for train and 1,000 for test.

    Source: Xiao, Rasul and Vollgraf (2017), https://github.com/zalandoresearch/fashion-mnist, MIT.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}  # noqa: RUF012 (the base class has it so)

    def _info(self) -> tfds.core.DatasetInfo:
        labels = _rows()["label"].unique(maintain_order=True).sort().to_list()
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(28, 28, 1)),
                    "label": tfds.features.ClassLabel(names=labels),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://github.com/zalandoresearch/fashion-mnist",
            citation=_CITATION,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {part: self._generate_examples(part) for part in ("train", "test")}

    def _generate_examples(self, part: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, row in enumerate(_rows().filter(part=part).iter_rows(named=True)):
            pixels = np.frombuffer(row["pixels"], np.uint8).reshape(28, 28, 1)
            yield number, {"image": pixels, "label": row["label"]}


def _rows() -> pl.DataFrame:
    return pl.read_parquet(_FOLDER / "fashion_mnist_part.parquet")
