"""Versions of an export with and without a plan."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kit.errors import UserError
from kit.exporting import OfferPlan, RecommenderParts, export_recommender, read_parts
from kit.exports import RetrievalCard, recommender_card, version_folder
from kit.planning._limits import Limits
from kit.planning._values import Scores
from kit.retrieval import IndexSettings

DAY = 86_400
# Numbers of users times items above which only the best items of each user are candidates.
LARGE = 1 << 28
CANDIDATES = 400
VALUES = (
    "Values of recommend_within are expected ones, by the model's own calibrated probabilities; "
    "only an experiment shows what the plan brings."
)


def opened(folder: Path, trust: bool) -> tuple[Path, RetrievalCard, RecommenderParts]:
    version = version_folder(folder)
    card = recommender_card(version)
    if not isinstance(card, RetrievalCard):
        raise UserError(
            "A two-stage model cannot be planned with: its graph does not score a catalogue.",
            where=str(version),
            expected="a model of one stage, such as kit train two-tower or linear makes",
            remedy="Train one on the same data.",
        )
    return version, card, read_parts(version, trust=trust)


def planned(
    version: Path, card: RetrievalCard, parts: RecommenderParts
) -> tuple[OfferPlan, dict[str, Any]]:
    if parts.offers is None or card.plan is None:
        raise UserError(
            "The export has no plan.",
            where=str(version),
            expected="a version that kit plan wrote",
            remedy="Make one: kit plan FOLDER --offers FILE --arrivals LOG",
        )
    return parts.offers, dict(card.plan)


def with_budget(about: dict[str, Any], budget: float | None, version: Path) -> dict[str, Any]:
    if budget is None:
        return about
    if about["budget"] is None:
        raise UserError(
            "The plan has no budget.",
            where=str(version),
            expected="a plan that was made with --budget",
            remedy="Leave --budget out, or plan again with one.",
        )
    return {**about, "budget": budget}


def limits_of(made: OfferPlan, about: dict[str, Any]) -> Limits:
    return Limits(
        made.stock,
        made.cost,
        about.get("budget"),
        made.member,
        np.array(list(about["shares"].values()), np.float32),
        list(about["shares"]),
        made.contacts,
        about["window_days"] * DAY,
    )


def scores_of(
    parts: RecommenderParts, card: RetrievalCard, candidates: int | None, users: int
) -> Scores:
    """Scores of the catalogue; of the best items alone where it is large or cannot be scanned."""
    if candidates is not None and candidates >= len(parts.item_ids):
        candidates = None
    is_large = users * len(parts.item_ids) > LARGE
    if candidates is None and (is_large or not _is_exact(card)):
        candidates = min(CANDIDATES, len(parts.item_ids))
    return Scores(parts, card, candidates)


def _is_exact(card: RetrievalCard) -> bool:
    return card.index.get("kind") == "exact"


def export_plan(
    parts: RecommenderParts,
    card: RetrievalCard,
    made: OfferPlan,
    about: dict[str, Any],
    version: Path,
) -> Path:
    new, _ = export_recommender(
        replace(parts, offers=made),
        version.parent,
        model=None,
        k=card.k,
        exclude_seen=card.exclude_seen,
        index=IndexSettings(**card.index.get("settings", {})),
        card=replace(card, plan=about, limits=list(dict.fromkeys([*card.limits, VALUES]))),
    )
    return new
