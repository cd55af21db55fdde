"""Decide from its files whether a version may be loaded, before TensorFlow reads them."""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from google.protobuf import message

from kit.errors import UserError
from kit.exports._card import CARD
from kit.exports._card_check import check_card, check_version
from kit.exports._graph import meta_graphs, parsed
from kit.exports._json_file import json_object
from kit.exports._program import program_problems
from kit.exports._signing import signature_problem
from kit.exports._version_folder import MANIFEST, certified_digests, damages

LOG = logging.getLogger(__name__)
# Other forms of saved_model.pb; TensorFlow prefers the first to it.
OTHER_FORMS = ("saved_model.cpb", "saved_model.pbtxt")
WARMUP = Path("assets.extra", "tf_serving_warmup_requests")
WARMUP_BYTES, WARMUP_RECORDS = 64 * 1024 * 1024, 1000
RECORD_HEAD, RECORD_TAIL = 12, 4  # length and its checksum; the content's checksum
SHOWN = 3

# Cache of the versions that passed, keyed by their path and file metadata.
_fit: set[tuple[str, frozenset[tuple[str, int, int]]]] = set()


def check_operations(folder: Path, *, trust: bool = False, public_key: Path | None = None) -> None:
    """Reject a version that could do what no export of this kit does, or that was changed.

    A SavedModel is a program. Before TensorFlow reads it, its files are compared with its manifest,
    if it has one, its graph with the operations of the recipes' exports, and its card with the
    expected types. Nothing is loaded or run for that. See SECURITY.md for the guarantees.

    Args:
        folder: of the version.
        trust: accept it nevertheless; the problems are logged as warnings.
        public_key: PEM file of the key that has to have signed it, with `trust`, too.

    Raises:
        UserError: the version is rejected, with the file and the reason. Or its card has a newer
            version than this kit, or the key cannot be used.
    """
    version = folder.resolve()
    try:
        state = version.as_posix(), _state(version)
        if public_key is None and state in _fit:
            return
        problems = list(_problems(version))
        if public_key is not None:
            _check_signature(version, public_key, is_certified=not problems)
    except OSError as error:
        raise UserError(f"It cannot be read: {error.strerror}.", where=str(version)) from error
    if not problems:
        _fit.add(state)
        return
    for file, problem in problems if trust else []:
        LOG.warning("%s is loaded on trust although %s.", version / file, problem)
    if not trust:
        file = problems[0][0]
        shown = "; ".join(problem for _, problem in problems[:SHOWN])
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(
            f"The model is not loaded: {shown}{more}.",
            where=str(version / file),
            expected="an export of this kit, as it was written: a model is a program",
            remedy="Export it again. If you know who made it, --trust loads it nevertheless.",
        )


def _check_signature(version: Path, public_key: Path, *, is_certified: bool) -> None:
    is_certified = is_certified and (version / MANIFEST).is_file()
    found = certified_digests(version) if is_certified else None
    if problem := signature_problem(version, public_key, found):
        raise UserError(
            f"The model is not loaded: {problem}.",
            where=str(version),
            expected=f"a version as the owner of {public_key} signed it",
            remedy="Sign it, if it is yours: kit sign FOLDER --key KEY. --trust does not help.",
        )


def _problems(version: Path) -> Iterator[tuple[str, str]]:
    found = list(problems_of_files(version))
    yield from found
    if found:
        return
    if (version / MANIFEST).is_file():
        yield from ((MANIFEST.as_posix(), damage) for damage in damages(version))
    yield from problems_of_graph(version)
    if (version / CARD).is_file():
        try:
            card = json_object(version / CARD)
        except UserError as error:
            yield CARD.as_posix(), f"its card is damaged: {error.what.rstrip('.')}"
            return
        # Also with trust: a newer card cannot be validated.
        check_version(card, str(version / CARD))
        try:
            check_card(card, str(version / CARD))
        except UserError as error:
            yield CARD.as_posix(), f"{error.what.rstrip('.')} (expected: {error.expected})"


def problems_of_files(version: Path) -> Iterator[tuple[str, str]]:
    """Problems of the files: file and sentence."""
    for name, status in _entries(version):
        path = version / name
        if stat.S_ISLNK(status.st_mode):
            if not path.resolve().is_relative_to(version):
                yield name, f"{name} is a link to outside of it"
            elif path.is_dir():
                yield name, f"{name} is a link to a folder"
        elif not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
            yield name, f"{name} is no regular file"
    for name in OTHER_FORMS:
        if (version / name).exists():
            yield name, f"{name} would be loaded beside or instead of saved_model.pb"
    if (version / WARMUP).is_file():
        yield from ((WARMUP.as_posix(), problem) for problem in _problems_of_warmup(version))


def _problems_of_warmup(version: Path) -> Iterator[str]:
    """Problems of the warm-up requests, from the record lengths that a TFRecord file states."""
    file = version / WARMUP
    size = file.stat().st_size
    if size > WARMUP_BYTES:
        yield f"the warm-up requests have {size:,} bytes"
        return
    content, place, records = file.read_bytes(), 0, 0
    while place < size and records <= WARMUP_RECORDS:
        length = int.from_bytes(content[place : place + 8], "little")
        place += RECORD_HEAD + length + RECORD_TAIL
        records += 1
    if records > WARMUP_RECORDS:
        yield f"there are more than {WARMUP_RECORDS:,} warm-up requests"
    elif place != size:
        yield "the warm-up requests are no file of records"


def problems_of_graph(version: Path) -> Iterator[tuple[str, str]]:
    """Problems of the graph: file and sentence."""
    file = "saved_model.pb"
    try:
        yield from ((file, problem) for problem in program_problems(version))
        assets = [
            parsed("AssetFileDef", asset).filename
            for graph in meta_graphs(version)
            for asset in graph.asset_file_def
        ]
    except (UserError, message.DecodeError) as error:
        yield file, error.what.rstrip(".") if isinstance(error, UserError) else "it is damaged"
        return
    for asset in assets:
        path = PurePosixPath(asset)
        if path.is_absolute() or ".." in path.parts or "\\" in asset or ":" in asset:
            yield file, f"it reads the file {asset!r}"
        elif not (version / "assets" / path).is_file():
            yield file, f"its file assets/{asset} is missing"


def _entries(version: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, folders, names in os.walk(version):
        for name in (*folders, *names):
            path = Path(folder, name)
            yield path.relative_to(version).as_posix(), path.lstat()


def _state(version: Path) -> frozenset[tuple[str, int, int]]:
    return frozenset((name, s.st_size, s.st_mtime_ns) for name, s in _entries(version))
