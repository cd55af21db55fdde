"""Images and texts of items, read by what the model learns or by an encoder trained before."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.console._bundle import Function, bundled
from kit.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kit.artefact.content import ItemContent
    from kit.data import Dataset, TrainableColumn

    Contents = list[tuple[TrainableColumn, NDArray[Any]]]


@dataclass(frozen=True)
class ContentOptions:
    """Which columns of the items hold images and texts, and what encodes them."""

    item_image: str | None
    image_encoder: str | None
    item_text: str | None
    text_encoder: str | None
    hide_ids: float
    trust: bool = False

    def __post_init__(self) -> None:
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

    def joined(self, dataset: "Dataset", file: str | None) -> "tuple[Dataset, Contents]":
        """What an encoder reads as features of the items, and what the model learns to read.

        Args:
            dataset: the split data.
            file: of the items; paths of images start from its folder.

        Returns:
            The data set with vectors among the features of its items, and without paths; and
            images and texts of the items of train.

        Raises:
            UserError: there are no features of items, no such column, or an image cannot be read.
        """
        named = [name for name in (self.item_image, self.item_text) if name is not None]
        if not named:
            return dataset, []
        if dataset.items is None:
            raise UserError(
                "Without a table of items there are no images and texts of them.",
                where=f"column {named[0]}",
                expected="a table of items with that column",
                remedy="Give --items FILE.",
            )
        from kit.data import TrainableColumn

        table, folder, contents = dataset.items, _folder(file), []
        if self.item_image is not None and self.image_encoder is None:
            images = TrainableColumn(self.item_image)
            contents.append((images, images.read(table[: dataset.num_items], folder)))
            table = table.drop(self.item_image)
        if self.item_text is not None and self.text_encoder is None:
            known = table[: dataset.num_items]
            texts = TrainableColumn.of_texts(known, self.item_text)
            contents.append((texts, texts.read(known)))
        for part in self.encoded(file):
            table = part.joined(table)
        return replace(dataset, items=table), contents

    def encoded(self, file: str | None) -> "list[ItemContent]":
        """What an encoder reads that was trained before.

        Args:
            file: of the items.
        """
        from kit.artefact.content import ItemContent

        pairs = ((self.item_image, self.image_encoder), (self.item_text, self.text_encoder))
        return [
            ItemContent(column, encoder, str(_folder(file)), trust=self.trust)
            for column, encoder in pairs
            if column is not None and encoder is not None
        ]


def _folder(file: str | None) -> Path:
    return Path(file).parent if file else Path()


_OPTIONS = [
    click.option(
        "--item-image",
        metavar="COLUMN",
        help="Column of --items with paths of images, from that file's folder; the model learns "
        "to read them, at 32x32 pixels.",
    ),
    click.option(
        "--image-encoder",
        metavar="FOLDER",
        help="Export that reads them instead, such as saved_models/image-classification; its "
        "vectors are computed once and kept.",
    ),
    click.option(
        "--item-text",
        metavar="COLUMN",
        help="Column of --items with texts; the model learns to read them, word by word in order.",
    ),
    click.option(
        "--text-encoder",
        metavar="FOLDER",
        help="Export that reads them instead, such as saved_models/encoder, which kit encoder "
        "makes of a pretrained BERT; its vectors are computed once and kept.",
    ),
    click.option(
        "--hide-ids",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.0,
        show_default=True,
        metavar="SHARE",
        help="Of the items whose ids training leaves out at a step, so that their features, "
        "images and texts have to speak for them: items added later are served better.",
    ),
    click.option(
        "--trust",
        is_flag=True,
        help="Load the encoders even if they were changed or could do what no export of this kit "
        "does, such as write files; only if you know who made them.",
    ),
]


def content_options(function: Function) -> Function:
    """Add --item-image to --trust; the command gets them as `content`."""
    return bundled(function, _OPTIONS, "content", ContentOptions)
