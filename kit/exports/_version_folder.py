"""Version folders: the one that answers for a model, and the checksums of its files.

It guards against accidents: an attacker who can change a file can change the manifest, too, but
not the signature.
"""

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

from kit.errors import UserError
from kit.exports._json_file import json_object
from kit.exports._labels import STABLE, read_labels, version_numbers

MANIFEST = Path("assets.extra", "manifest.json")
SIGNATURE = Path("assets.extra", "model.sig")
"""Where the signature of a version lies, see `sign`."""


def write_manifest(version: Path) -> None:
    """Write size and SHA-256 of every file of a version to its manifest, the last file written.

    Args:
        version: the folder, complete but for this file.
    """
    files = {name: _facts(version / name) for name in _files(version)}
    (version / MANIFEST).write_text(json.dumps({"files": files}, indent=1, ensure_ascii=False))


def check_intact(
    version: Path,
    *,
    expected: str = "the files of its manifest",
    remedy: str = "Export it again. If you know who changed it, give --trust.",
) -> None:
    """Refuse a version that is not as it was written.

    Args:
        version: folder of the version.
        expected: of the error.
        remedy: of the error.

    Raises:
        UserError: a file deviates from the manifest.
    """
    if damaged := damages(version):
        raise UserError(
            f"The export is not as it was written: {damaged[0]}.",
            where=str(version),
            expected=expected,
            remedy=remedy,
        )


def damages(version: Path) -> list[str]:
    """Deviations from the manifest; empty if there is none.

    Args:
        version: folder of the version.

    Returns:
        One sentence for each file, with its name.
    """
    try:
        if not (version / MANIFEST).exists():
            raise FileNotFoundError
        expected = json_object(version / MANIFEST)["files"]
        noted = {str(name): (fact["bytes"], fact["sha256"]) for name, fact in expected.items()}
    except FileNotFoundError:
        return [f"{MANIFEST} is missing, so the files cannot be checked: export the model again"]
    except UserError as error:
        return [f"{MANIFEST} cannot be read: {error.what}"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"{MANIFEST} cannot be read: {type(error).__name__}: {error}"]
    found = _files(version)
    return [
        *(f"{name} is missing" for name in sorted(noted.keys() - found)),
        *(f"{name} is not part of the export" for name in sorted(found - noted.keys())),
        *(
            reason
            for name in sorted(noted.keys() & found)
            if (reason := _damage(version / name, name, *noted[name]))
        ),
    ]


def digests(version: Path) -> dict[str, str]:
    """SHA-256 of every file of a version but its signature.

    Raises:
        UserError: a file cannot be read.
    """
    names = _files(version) | ({MANIFEST.as_posix()} if (version / MANIFEST).is_file() else set())
    try:
        return {name: _facts(version / name)["sha256"] for name in names}
    except OSError as error:
        raise UserError(f"It cannot be read: {error.strerror}.", where=str(version)) from error


def certified_digests(version: Path) -> dict[str, str]:
    """The same, by the manifest: for a version in which `damages` found nothing.

    Raises:
        UserError: the manifest cannot be read.
    """
    noted = json_object(version / MANIFEST)["files"]
    found = {str(name): str(fact["sha256"]) for name, fact in noted.items()}
    return found | {MANIFEST.as_posix(): _facts(version / MANIFEST)["sha256"]}


def _damage(file: Path, name: str, size: object, digest: object) -> str:
    try:
        if file.stat().st_size != size:
            return f"{name} has {file.stat().st_size:,} bytes, {size} were written"
        if _facts(file)["sha256"] != digest:
            return f"{name} was changed after the export"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    return ""


def _files(version: Path) -> set[str]:
    """Paths in the version, with forward slashes, without those of manifest and signature."""
    paths = {path.relative_to(version) for path in version.rglob("*") if not path.is_dir()}
    return {path.as_posix() for path in paths - {MANIFEST, SIGNATURE}}


def _facts(file: Path) -> dict[str, Any]:
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError(0, "it is no regular file")
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def version_folder(folder: Path) -> Path:
    """The version folder of a path: the path itself, or the version that answers for a model.

    Args:
        folder: a version; the folder of a model, which means the version with the label stable or,
            where none has it, the newest; or that folder with a label, "saved_models/shop/canary".

    Raises:
        UserError: there is no SavedModel, or the labels cannot be read.
    """
    if not folder.exists() and (labelled := read_labels(folder.parent).versions.get(folder.name)):
        folder = folder.parent / str(labelled)
    if (folder / "saved_model.pb").is_file():
        return folder
    there = version_numbers(folder)
    stable = read_labels(folder).versions.get(STABLE)
    if there:
        return there.get(max(there) if stable is None else stable, there[max(there)])
    raise UserError(
        "No exported model here.",
        where=str(folder),
        expected="a folder with saved_model.pb, or one with numbered versions such as 1/",
        remedy="Train one: kit train two-tower --data online-retail",
    )
