"""A part of Tatoeba's English-French pairs as a TFDS builder, from the Parquet file beside it.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.tatoeba_eng_fra_part
    import tensorflow_datasets as tfds

    rows = tfds.load("tatoeba_eng_fra_part", split="train", data_dir="somewhere")
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import tensorflow_datasets as tfds

_FOLDER = Path(__file__).parent
_CITATION = """@misc{tatoeba,
  title = {Tatoeba: collection of sentences and translations},
  howpublished = {https://tatoeba.org, pairs selected by https://www.manythings.org/anki},
}"""


class TatoebaEngFraPart(tfds.core.GeneratorBasedBuilder):
    """Short English sentences and their French translations.

    Features: en and fr, text; an English sentence may come with several French ones. One split,
    "train".

    Source: https://tatoeba.org and https://www.manythings.org/anki, CC BY 2.0.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}  # noqa: RUF012 (the base class has it so)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {"en": tfds.features.Text(), "fr": tfds.features.Text()}
            ),
            supervised_keys=("en", "fr"),
            homepage="https://tatoeba.org",
            citation=_CITATION,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "tatoeba_eng_fra_part.parquet")
        yield from enumerate(rows.iter_rows(named=True))
