"""A part of BCCD as a TFDS builder, prepared from the Parquet file beside it.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.bccd
    import tensorflow_datasets as tfds

    images = tfds.load("bccd", split="train", data_dir="somewhere")

Once prepared in a folder, `tfds.load("bccd", data_dir=...)` finds it there without the import.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import tensorflow_datasets as tfds
from PIL import Image

_FOLDER = Path(__file__).parent
CLASSES = ["Platelets", "RBC", "WBC"]
"""Names of the classes, in the order of their numbers."""


class Bccd(tfds.core.GeneratorBasedBuilder):
    """Blood cells under the microscope, 60 images of 320 x 240 with 838 boxes.

    Features as those of "voc": image, image/filename, and objects with bbox and label. Splits
    "train", 40 images, and "test", 20.

    Source: https://github.com/Shenggan/BCCD_Dataset, MIT, made smaller by `prepare.py`.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}  # noqa: RUF012 (the base class has it so)

    def _info(self) -> tfds.core.DatasetInfo:
        box = {
            "bbox": tfds.features.BBoxFeature(),
            "label": tfds.features.ClassLabel(names=CLASSES),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(encoding_format="jpeg"),
                    "image/filename": tfds.features.Text(),
                    "objects": tfds.features.Sequence(box),
                }
            ),
            homepage="https://github.com/Shenggan/BCCD_Dataset",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {part: self._generate_examples(part) for part in ("train", "test")}

    def _generate_examples(self, part: str) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "bccd.parquet").filter(pl.col("part") == part)
        for number, row in enumerate(rows.iter_rows(named=True)):
            width, height = Image.open(io.BytesIO(row["image"])).size
            yield (
                number,
                {
                    "image": io.BytesIO(row["image"]),
                    "image/filename": row["name"],
                    "objects": [
                        {
                            "bbox": tfds.features.BBox(
                                box[1] / height, box[0] / width, box[3] / height, box[2] / width
                            ),
                            "label": label,
                        }
                        for box, label in zip(row["boxes"], row["labels"], strict=True)
                    ],
                },
            )
