"""Pictures and texts of items, read by an encoder that was trained before."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.console._bundle import Function, bundled
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.artefact.content import ItemContent
    from kit.data import Dataset


@dataclass(frozen=True)
class ContentOptions:
    """Which column of the items holds pictures, and what encodes them."""

    item_image: str | None
    image_encoder: str | None

    def __post_init__(self) -> None:
        if (self.item_image is None) != (self.image_encoder is None):
            raise UserError(
                "A column of pictures and its encoder belong together.",
                where="--item-image, --image-encoder",
                expected="both or neither",
                remedy="Train an encoder: kit train image-classification",
            )

    def joined(self, dataset: "Dataset", file: str | None) -> "Dataset":
        """The data set with vectors among the features of its items; see `of_items`."""
        for part in self.of_items(file):
            if dataset.items is None:
                raise UserError(
                    "Without features of items there are no pictures of them.",
                    where=f"--item-image {self.item_image}",
                    expected="a table of items with a column of paths",
                    remedy="Give --items FILE.",
                )
            dataset = replace(dataset, items=part.joined(dataset.items))
        return dataset

    def of_items(self, file: str | None) -> "list[ItemContent]":
        """What has to be encoded.

        Args:
            file: of the items; paths of pictures start from its folder.
        """
        from kit.artefact.content import ItemContent

        if self.item_image is None or self.image_encoder is None:
            return []
        folder = Path(file).parent if file else Path()
        return [ItemContent(self.item_image, self.image_encoder, str(folder))]


_OPTIONS = [
    click.option(
        "--item-image",
        metavar="COLUMN",
        help="Column of --items with paths of pictures, from that file's folder.",
    ),
    click.option(
        "--image-encoder",
        metavar="FOLDER",
        help="Export that encodes them, such as saved_models/image-classification; the vectors are "
        "computed once and kept.",
    ),
]


def content_options(function: Function) -> Function:
    """Add --item-image and --image-encoder; the command gets them as `content`."""
    return bundled(function, _OPTIONS, "content", ContentOptions)
