"""Options of recommenders: images and texts of the items, the index, and what is answered."""

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config._options import Options, option
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.exports import ItemContent
    from kit.retrieval import IndexSettings


@dataclass(frozen=True, kw_only=True)
class AnswerOptions(Options):
    """What is exported: whether lists hold what a user has already, their length, the refit."""

    group: ClassVar[str] = "Export"

    include_seen: bool = option(
        False, "Also recommend items the user has already seen.", names=("--include-seen",)
    )
    top: int = option(100, "Number of items the export recommends (k).", min=1)
    known_users: bool = option(
        True,
        "Answer requests by user id. Without, no user is in the export, neither id nor history: "
        "it answers histories alone.",
    )
    refit: bool = option(
        False,
        "Train again on all rows, valid and test included, with the epochs and settings found, and "
        "export that model; the metrics are those of the model before.",
        names=("--refit",),
    )


@dataclass(frozen=True, kw_only=True)
class IndexOptions(Options):
    """How the export finds the best items."""

    group: ClassVar[str] = "Export"

    index: str = option(
        "auto",
        "How the export finds the best items; auto is exact up to 50,000 items and an inverted "
        "file above. ScaNN needs a server that has its operations.",
        choices=("auto", "exact", "inverted-file", "scann"),
    )
    recall: float = option(
        0.95, "Recall@10 that an inverted file has to reach.", above=0, max=1, metavar="SHARE"
    )
    index_rows: str = option(
        "float32",
        "How an inverted file keeps its vectors; the short ones are scored again in float32.",
        choices=("float32", "bfloat16", "int8"),
    )

    def settings(self) -> "IndexSettings":
        """The same for `kit.exporting`."""
        import numpy as np

        from kit.retrieval import IndexSettings, index_for

        settings = IndexSettings(self.index, self.recall, self.index_rows)  # type: ignore[arg-type]
        # Whether its libraries load is an error before training, not after it.
        index_for(settings, np.eye(16, dtype=np.float32))
        return settings


@dataclass(frozen=True, kw_only=True)
class ContentOptions(Options):
    """Which columns of the items hold images and texts, and what encodes them."""

    group: ClassVar[str] = "Items"
    of_model: ClassVar[bool] = True

    item_image: str | None = option(
        None,
        "Column of --items with paths of images, from that file's folder; the model learns to "
        "read them, at 32x32 pixels.",
        metavar="COLUMN",
    )
    image_encoder: str | None = option(
        None,
        "Export that reads them instead, such as saved_models/image-classification; its vectors "
        "are computed once and kept.",
        metavar="FOLDER",
    )
    item_text: str | None = option(
        None,
        "Column of --items with texts; the model learns to read them, word by word in order.",
        metavar="COLUMN",
    )
    text_encoder: str | None = option(
        None,
        "Export that reads them instead, such as saved_models/encoder, which kit encoder makes of "
        "a pretrained BERT; its vectors are computed once and kept.",
        metavar="FOLDER",
    )
    hide_ids: float = option(
        0.0,
        "Dropout of whole item ids in training, so that features, images and texts have to speak "
        "for the items: items added later are served better.",
        min=0,
        below=1,
        metavar="SHARE",
    )
    trust: bool = option(
        False,
        "Load the encoders even if they were changed or could do what no export of this kit does, "
        "such as write files; only if you know who made them.",
        names=("--trust",),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for column, encoder, kind in (
            (self.item_image, self.image_encoder, "image"),
            (self.item_text, self.text_encoder, "text"),
        ):
            if encoder is not None and column is None:
                raise UserError(
                    "There is an encoder, and nothing for it to encode.",
                    where=f"--{kind}-encoder",
                    expected=f"--item-{kind} COLUMN beside it",
                    remedy="Name the column of --items, or leave the encoder out.",
                )

    def joined(self, dataset: "Dataset", items: Any) -> "Dataset":
        """What an encoder reads as features of the items, and what the model learns to read.

        Args:
            dataset: the split data.
            items: file of the items; paths of images start from its folder.

        Returns:
            The data set with vectors among the features of its items, and without paths; its
            `contents` are images and texts of the items, its `encoded` tells what encoders read.

        Raises:
            UserError: there are no features of items, no such column, or an image cannot be read.
        """
        named = [name for name in (self.item_image, self.item_text) if name is not None]
        if not named:
            return dataset
        if dataset.items is None:
            raise UserError(
                "Without a table of items there are no images and texts of them.",
                where=f"column {named[0]}",
                expected="a table of items with that column",
                remedy="Give --items FILE.",
            )
        from kit.data import TrainableColumn

        table, folder, contents = dataset.items, _folder(items), []
        if self.item_image is not None and self.image_encoder is None:
            images = TrainableColumn(self.item_image)
            contents.append((images, images.read(table, folder)))
            table = table.drop(self.item_image)
        if self.item_text is not None and self.text_encoder is None:
            texts = TrainableColumn.of_texts(table[: dataset.num_items], self.item_text)
            contents.append((texts, texts.read(table)))
        encoders = self.encoders(folder)
        for encoder in encoders:
            table = encoder.joined(table)
        return replace(
            dataset,
            items=table,
            contents=tuple(contents),
            encoded=tuple(encoder.card() for encoder in encoders),
        )

    def encoders(self, folder: Path) -> "list[ItemContent]":
        """What reads images and texts and was trained before."""
        pairs = [
            (column, encoder)
            for column, encoder in (
                (self.item_image, self.image_encoder),
                (self.item_text, self.text_encoder),
            )
            if column is not None and encoder is not None
        ]
        if not pairs:
            return []
        from kit.exports import ItemContent

        return [
            ItemContent(column, encoder, str(folder), trust=self.trust) for column, encoder in pairs
        ]


def _folder(items: Any) -> Path:
    return Path(items).parent if isinstance(items, str | PathLike) else Path()
