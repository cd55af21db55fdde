"""SciTLDR's abstracts and their summaries as a TFDS builder, from the Parquet file beside it.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.scitldr_part
    import tensorflow_datasets as tfds

    rows = tfds.load("scitldr_part", split="train", data_dir="somewhere")
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import tensorflow_datasets as tfds

_FOLDER = Path(__file__).parent
_CITATION = """@inproceedings{cachola2020tldr,
  title = {{TLDR}: Extreme Summarization of Scientific Documents},
  author = {Cachola, Isabel and Lo, Kyle and Cohan, Arman and Weld, Daniel S.},
  booktitle = {Findings of the Association for Computational Linguistics: EMNLP 2020},
  year = {2020},
}"""


class ScitldrPart(tfds.core.GeneratorBasedBuilder):
    """Abstracts of papers on computer science with summaries of one sentence.

    Features: source, an abstract, a sentence a line; target, a summary. An abstract of "test" has
    several rows, one for each of its summaries. Splits "train" and "test", which is SciTLDR's dev.

    Source: Cachola et al. (2020), https://github.com/allenai/scitldr, Apache-2.0.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}  # noqa: RUF012 (the base class has it so)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {"source": tfds.features.Text(), "target": tfds.features.Text()}
            ),
            supervised_keys=("source", "target"),
            homepage="https://github.com/allenai/scitldr",
            citation=_CITATION,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {part: self._generate_examples(part) for part in ("train", "test")}

    def _generate_examples(self, part: str) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "scitldr_part.parquet")
        rows = rows.filter(pl.col("part") == part).drop("part")
        yield from enumerate(rows.iter_rows(named=True))
