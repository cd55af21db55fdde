"""UCI Sentiment Labelled Sentences as a TFDS builder, from the Parquet file beside it.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.sentiment_labelled_sentences
    import tensorflow_datasets as tfds

    rows = tfds.load("sentiment_labelled_sentences", split="train", data_dir="somewhere")
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import tensorflow_datasets as tfds

_FOLDER = Path(__file__).parent
_CITATION = """@inproceedings{kotzias2015group,
  author = {Kotzias, Dimitrios and Denil, Misha and de Freitas, Nando and Smyth, Padhraic},
  title = {From Group to Individual Labels Using Deep Features},
  booktitle = {Proceedings of KDD},
  year = {2015},
}"""


class SentimentLabelledSentences(tfds.core.GeneratorBasedBuilder):
    """Sentences of reviews of products, films and restaurants, half of them positive.

    Features: text; label, negative or positive; site, "amazon", "imdb" or "yelp", 1,000 sentences
    each. One split, "train".

    Source: Kotzias, D. (2015), https://doi.org/10.24432/C57604, CC BY 4.0.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}  # noqa: RUF012 (the base class has it so)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=["negative", "positive"]),
                    "site": tfds.features.Text(),
                }
            ),
            supervised_keys=("text", "label"),
            homepage="https://doi.org/10.24432/C57604",
            citation=_CITATION,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "sentiment_labelled_sentences.parquet")
        yield from enumerate(rows.iter_rows(named=True))
