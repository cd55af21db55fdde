"""A version of an export that tells the segment of a user."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from kit.errors import UserError
from kit.exporting._read_parts import read_parts
from kit.exporting._retrieval import export_recommender
from kit.exporting._segments import SegmentCentres
from kit.exports import Segments, SignatureCheck, check_can_hold_segments, version_folder
from kit.retrieval import IndexSettings


def export_segments(
    folder: Path | str, segments: Segments, *, force: bool = False, trust: bool = False
) -> tuple[Path, list[SignatureCheck]]:
    """Write the next version of an export, with the signatures `segment` and `segment_history`.

    Nothing is trained; what the export answered before, it answers still.

    Args:
        folder: of the version whose users were grouped, or of the model, for the latest one.
        segments: groups of their vectors.
        force: also if they do not repeat.
        trust: also if the export was changed, or could do what no export of this kit does.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the groups do not repeat or are not of vectors, or the export is a two-stage
            model, was changed, or cannot be written.
    """
    version = version_folder(Path(folder))
    card = check_can_hold_segments(version)
    segments.check_repeats(force=force)
    if segments.by != "vectors":
        raise _of_another(version)
    parts = read_parts(version, trust=trust)
    if segments.centres.shape[1] != parts.user_vectors.shape[1] - 1:
        raise _of_another(version)
    names = [
        ", ".join(item["name"] for item in row["items"]) or f"segment {row['segment']}"
        for row in segments.table.to_dicts()
    ]
    about = {
        "seeds": segments.seeds,
        "halves": segments.halves,
        "segments": [
            {"name": name, "users": users}
            for name, users in zip(names, segments.table["users"].to_list(), strict=True)
        ],
    }
    return export_recommender(
        replace(parts, segments=SegmentCentres(segments.centres.astype(np.float32), names)),
        version.parent,
        model=None,
        k=card.k,
        exclude_seen=card.exclude_seen,
        index=IndexSettings(**card.index.get("settings", {})),
        card=replace(card, segments=about),
    )


def _of_another(version: Path) -> UserError:
    return UserError(
        "The segments are not of this export's user vectors.",
        where=str(version),
        expected='kit.load(FOLDER).segments(COUNT, by="vectors") of the same export',
    )
