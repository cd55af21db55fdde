"""TFDS builders of the data sets that come with the kit; importing this module registers them.

Each is prepared from the Parquet file in its folder; nothing is downloaded. Once prepared,
`tfds.load(name, data_dir=...)` finds a data set without the import.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.bccd
    import tensorflow_datasets as tfds

    images = tfds.load("bccd", split="train", data_dir="somewhere")

Once prepared in a folder, `tfds.load("bccd", data_dir=...)` finds it there without the import.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.fashion_mnist_part
    import tensorflow_datasets as tfds

    images = tfds.load("fashion_mnist_part", split="train", data_dir="somewhere")

Importing this module registers the builder; nothing is downloaded.

    import kit.data.in_vehicle_coupon
    import tensorflow_datasets as tfds

    rows = tfds.load("in_vehicle_coupon", split="train", data_dir="somewhere")

Importing this module registers the builder; nothing is downloaded.

    import kit.data.online_retail
    import tensorflow_datasets as tfds

    rows = tfds.load("online_retail", split="train", data_dir="somewhere")

Once prepared in a folder, `tfds.load("online_retail", data_dir=...)` finds it there without the
import.

Importing this module registers the builder; nothing is downloaded.

    import kit.data.scitldr_part
    import tensorflow_datasets as tfds

    rows = tfds.load("scitldr_part", split="train", data_dir="somewhere")

Importing this module registers the builder; nothing is downloaded.

    import kit.data.sentiment_labelled_sentences
    import tensorflow_datasets as tfds

    rows = tfds.load("sentiment_labelled_sentences", split="train", data_dir="somewhere")

Importing this module registers the builder; nothing is downloaded.

    import kit.data.tatoeba_eng_fra_part
    import tensorflow_datasets as tfds

    rows = tfds.load("tatoeba_eng_fra_part", split="train", data_dir="somewhere")
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
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

    Source: https://github.com/Shenggan/BCCD_Dataset, MIT; made smaller
    by `scripts/builtin/bccd.py`.
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
            description=(_FOLDER / "bccd" / "LICENCE.txt").read_text(),
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
        rows = pl.read_parquet(_FOLDER / "bccd" / "bccd.parquet").filter(pl.col("part") == part)
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


_CITATION_OF_FASHION_MNIST_PART = """@article{xiao2017fashion,
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
            description=(_FOLDER / "fashion_mnist_part" / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(28, 28, 1)),
                    "label": tfds.features.ClassLabel(names=labels),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://github.com/zalandoresearch/fashion-mnist",
            citation=_CITATION_OF_FASHION_MNIST_PART,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {part: self._generate_examples(part) for part in ("train", "test")}

    def _generate_examples(self, part: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, row in enumerate(_rows().filter(part=part).iter_rows(named=True)):
            pixels = np.frombuffer(row["pixels"], np.uint8).reshape(28, 28, 1)
            yield number, {"image": pixels, "label": row["label"]}


def _rows() -> pl.DataFrame:
    return pl.read_parquet(_FOLDER / "fashion_mnist_part" / "fashion_mnist_part.parquet")


_CITATION_OF_IN_VEHICLE_COUPON = """@article{wang2017bayesian,
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
        columns = pl.read_parquet_schema(
            _FOLDER / "in_vehicle_coupon" / "in_vehicle_coupon.parquet"
        )
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "in_vehicle_coupon" / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    name: tfds.features.Text() if dtype == pl.String else np.int32
                    for name, dtype in columns.items()
                }
            ),
            homepage="https://doi.org/10.24432/C5GS4P",
            citation=_CITATION_OF_IN_VEHICLE_COUPON,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "in_vehicle_coupon" / "in_vehicle_coupon.parquet")
        yield from enumerate(
            rows.with_columns(pl.col(pl.String).fill_null("")).iter_rows(named=True)
        )


_CITATION_OF_ONLINE_RETAIL = """@misc{chen2015onlineretail,
  author = {Chen, Daqing},
  title = {Online Retail},
  year = {2015},
  publisher = {UCI Machine Learning Repository},
  doi = {10.24432/C5BW33},
}"""


class OnlineRetail(tfds.core.GeneratorBasedBuilder):
    """Lines of invoices of a British gift shop, December 2010 to December 2011.

    Features: customer_id, stock_code, description (one for each code), quantity, unit_price in
    GBP, invoice_date in seconds since 1970 (the shop's clock taken as UTC), country. One split,
    "train".

    Source: Chen, D. (2015), https://doi.org/10.24432/C5BW33, CC BY 4.0; cleaned
    by `scripts/builtin/online_retail.py`.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}  # noqa: RUF012 (the base class has it so)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(_FOLDER / "online_retail" / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    "customer_id": tfds.features.Text(),
                    "stock_code": tfds.features.Text(),
                    "description": tfds.features.Text(),
                    "quantity": np.int32,
                    "unit_price": np.float32,
                    "invoice_date": np.int64,
                    "country": tfds.features.Text(),
                }
            ),
            homepage="https://doi.org/10.24432/C5BW33",
            citation=_CITATION_OF_ONLINE_RETAIL,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "online_retail" / "online_retail.parquet").with_columns(
            pl.col("customer_id", "stock_code", "description", "country").cast(pl.String),
            pl.col("invoice_date").dt.epoch("s"),
        )
        yield from enumerate(rows.iter_rows(named=True))


_CITATION_OF_SCITLDR_PART = """@inproceedings{cachola2020tldr,
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
            description=(_FOLDER / "scitldr_part" / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {"source": tfds.features.Text(), "target": tfds.features.Text()}
            ),
            supervised_keys=("source", "target"),
            homepage="https://github.com/allenai/scitldr",
            citation=_CITATION_OF_SCITLDR_PART,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {part: self._generate_examples(part) for part in ("train", "test")}

    def _generate_examples(self, part: str) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "scitldr_part" / "scitldr_part.parquet")
        rows = rows.filter(pl.col("part") == part).drop("part")
        yield from enumerate(rows.iter_rows(named=True))


_CITATION_OF_SENTIMENT_LABELLED_SENTENCES = """@inproceedings{kotzias2015group,
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
            description=(_FOLDER / "sentiment_labelled_sentences" / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=["negative", "positive"]),
                    "site": tfds.features.Text(),
                }
            ),
            supervised_keys=("text", "label"),
            homepage="https://doi.org/10.24432/C57604",
            citation=_CITATION_OF_SENTIMENT_LABELLED_SENTENCES,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(
            _FOLDER / "sentiment_labelled_sentences" / "sentiment_labelled_sentences.parquet"
        )
        yield from enumerate(rows.iter_rows(named=True))


_CITATION_OF_TATOEBA_ENG_FRA_PART = """@misc{tatoeba,
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
            description=(_FOLDER / "tatoeba_eng_fra_part" / "LICENCE.txt").read_text(),
            features=tfds.features.FeaturesDict(
                {"en": tfds.features.Text(), "fr": tfds.features.Text()}
            ),
            supervised_keys=("en", "fr"),
            homepage="https://tatoeba.org",
            citation=_CITATION_OF_TATOEBA_ENG_FRA_PART,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rows = pl.read_parquet(_FOLDER / "tatoeba_eng_fra_part" / "tatoeba_eng_fra_part.parquet")
        yield from enumerate(rows.iter_rows(named=True))
