"""Change the catalogue of a trained model without retraining."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf

from kit.data import FeatureEncoder, TrainableColumn, title_column
from kit.errors import UserError
from kit.exporting._read_parts import read_parts
from kit.exporting._recommender import RecommenderParts
from kit.exporting._retrieval import export_recommender
from kit.exports import RetrievalCard, SignatureCheck, recommender_card
from kit.retrieval import IndexSettings, ItemWeights

SHOWN = 5
CHANGED = "The catalogue was changed after training; the results are those of the one before."


@dataclass(frozen=True)
class Catalogue:
    """The parts of an export, so that its items can be changed.

    Args:
        version: the folder of the export.
        parts: the arrays of its graph.
        card: its card.
    """

    version: Path
    parts: RecommenderParts
    card: RetrievalCard

    @classmethod
    def of(cls, version: Path, *, trust: bool = False) -> "Catalogue":
        """Read the parts of an export.

        Args:
            version: its folder.
            trust: also if it was changed, or could do what no export of this kit does.

        Raises:
            UserError: it is not an export of this kit, is not a recommender, or was changed.
        """
        card = recommender_card(version)
        if not isinstance(card, RetrievalCard):
            raise UserError(
                "The catalogue of a two-stage model cannot be changed.",
                where=str(version),
                expected="a model of one stage, such as kit train two-tower makes",
                remedy="Train it again with the new catalogue.",
            )
        parts = read_parts(version, trust=trust)
        if parts.linear is not None:
            raise UserError(
                "The catalogue of a linear model cannot be changed: it recommends what users of "
                "train interacted with.",
                where=str(version),
                expected="a model that embeds items, such as kit train two-tower makes",
                remedy="Fit it again with the new interactions.",
            )
        # Prices hold for the catalogue that they were found with.
        parts, card = replace(parts, offers=None), replace(card, plan=None)
        return cls(version, parts, card)

    @property
    def encoder(self) -> FeatureEncoder:
        """Encoder of the item features.

        Raises:
            UserError: the model identifies items by id only.
        """
        saved = self.card.item_encoder
        if saved is None:
            raise UserError(
                "The model identifies items by id only, so it cannot embed new ones.",
                where=str(self.version),
                expected="a model trained with features: kit train two-tower --items FILE",
                remedy="Train it with the items' features, without --no-features.",
            )
        return FeatureEncoder(
            text=tuple(saved["text"]),
            numbers=tuple((name, mean, deviation) for name, mean, deviation in saved["numbers"]),
            vocabulary=tuple(saved["vocabulary"]),
            most_tokens=saved["most_tokens"],
        )

    @property
    def contents(self) -> list[TrainableColumn]:
        """Columns of images and texts whose encoders were trained with the model."""
        return [TrainableColumn.of_card(dict(saved)) for saved in self.card.learned_contents]

    def without(self, item_ids: Sequence[str]) -> "Catalogue":
        """Remove items; the queries of users do not change.

        Raises:
            UserError: an item is not in the catalogue, or none would be left.
        """
        unknown = sorted(set(item_ids) - set(self.parts.item_ids))
        if unknown:
            raise UserError(
                f"{len(unknown):,} items to remove are not in the catalogue: {_some(unknown)}",
                where=str(self.version),
                expected=f"ids such as {_some(self.parts.item_ids)}",
                remedy="Correct the list.",
            )
        kept = ~np.isin(np.array(self.parts.item_ids, object), list(item_ids))
        if not kept.any():
            raise UserError(
                "The catalogue would be empty.",
                where=str(self.version),
                remedy="Remove fewer items, or delete the version.",
            )
        parts = self.parts
        names = {k: v for k, v in self.card.names.items() if k not in set(item_ids)}
        kept_parts = replace(
            parts,
            item_ids=[item for item, keep in zip(parts.item_ids, kept, strict=True) if keep],
            item_vectors=parts.item_vectors[kept],
            owned=parts.owned.recoded(np.where(kept, np.cumsum(kept) - 1, -1)),
            popularity=parts.popularity[kept],
            attributes=parts.attributes.joined(kept, pl.DataFrame()),
            item_weights=(
                None if parts.item_weights is None else parts.item_weights[kept][:, kept]
            ),
        )
        return replace(self, parts=kept_parts, card=replace(self.card, names=names))

    def with_items(self, table: pl.DataFrame, folder: Path | str = ".") -> "Catalogue":
        """Add items, embedded from their features; no user has interacted with them yet.

        Args:
            table: `item_id` and features, as returned by `read_new_items`.
            folder: base of relative paths of images.

        Raises:
            UserError: an item is in the catalogue already, the model identifies items by id only,
                or an image cannot be read.
        """
        encoded = self.encoder.encode(table)
        new = table["item_id"].to_list()
        known = sorted(set(new) & set(self.parts.item_ids))
        if known:
            raise UserError(
                f"{len(known):,} items to add are in the catalogue already: {_some(known)}",
                where=str(self.version),
                remedy="Leave them out, or remove them in the same command: --remove FILE",
            )
        features: Any = self.parts.item_features
        read = [tf.constant(content.read(table, folder)) for content in self.contents]
        vectors = features.vectors(tf.constant(encoded.tokens), tf.constant(encoded.numbers), *read)
        table = table.drop(one.column for one in self.contents if not one.vocabulary)
        parts = self.parts
        everything = np.ones(len(parts.item_ids), np.bool_)
        names = dict.fromkeys(new, "")
        title = title_column(table)
        if title is not None:
            names |= {item: text or "" for item, text in zip(new, table[title], strict=True)}
        joined = replace(
            parts,
            item_ids=[*parts.item_ids, *new],
            item_vectors=np.concatenate([parts.item_vectors, vectors.numpy()]),
            popularity=np.pad(parts.popularity, (0, len(new))),
            attributes=parts.attributes.joined(everything, table),
            item_weights=_with_room(parts.item_weights, len(new)),
        )
        named = {**self.card.names, **{item: name or item for item, name in names.items()}}
        return replace(self, parts=joined, card=replace(self.card, names=named))

    def export(self, folder: Path, index: IndexSettings) -> tuple[Path, list[SignatureCheck]]:
        """Write the next version and verify it.

        Args:
            folder: the model's folder.
            index: how the top items are found.

        Raises:
            UserError: the folder cannot be written.
            VerificationError: its outputs differ from those of its parts; it is removed.
        """
        limits = dict.fromkeys([*self.card.limits, CHANGED])
        return export_recommender(
            self.parts,
            folder,
            model=None,
            k=self.card.k,
            exclude_seen=self.card.exclude_seen,
            index=index,
            card=replace(self.card, limits=list(limits)),
        )


def _with_room(weights: ItemWeights | None, items: int) -> ItemWeights | None:
    """Weights of a catalogue with so many more items, theirs zero."""
    if weights is None:
        return None
    if isinstance(weights, np.ndarray):
        return np.pad(weights, (0, items))
    larger = weights.copy()
    larger.resize((weights.shape[0] + items, weights.shape[1] + items))
    return larger


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:SHOWN]) + (" ..." if len(items) > SHOWN else "")
