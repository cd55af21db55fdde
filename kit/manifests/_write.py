"""Write deployment manifests as YAML."""

import os
import re
import shutil
from pathlib import Path
from tempfile import mkdtemp

from kit.errors import UserError


def write(folder: Path, files: dict[str, str], mark: str) -> None:
    """Put files in a folder; earlier ones of this command are replaced or removed.

    A folder that is new appears whole; in one that is there each file changes as a whole.

    Args:
        folder: made if it is not there.
        files: contents by path inside it; each begins with the mark, maybe after a `#!` line.
        mark: by which a file is known as one this command wrote.

    Raises:
        UserError: something else is there, or it cannot be written.
    """
    folder = folder.resolve()
    before = _own_files(folder, mark)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=".draft-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        draft.chmod(0o755)
        for name, content in files.items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_text(content)
        if not folder.exists():
            draft.rename(folder)
            return
        for name in files:
            (folder / name).parent.mkdir(exist_ok=True)
            os.replace(draft / name, folder / name)
        for old in before - {folder / name for name in files}:
            old.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _own_files(folder: Path, mark: str) -> set[Path]:
    if not folder.exists():
        return set()
    files = {f for f in folder.rglob("*") if not f.is_dir()} if folder.is_dir() else {folder}
    foreign = sorted(f for f in files if not f.is_file() or mark.encode() not in _head(f))
    if foreign:
        raise UserError(
            "The output folder holds something that this command did not write.",
            where=str(foreign[0]),
            expected="a new or empty folder, or one that this command wrote",
            remedy="Choose another: --output FOLDER",
        )
    return files


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(200)


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"The files cannot be written: {error.strerror}.",
        where=str(folder),
        remedy="Choose a folder you may write to: --output FOLDER",
    )


def pinned_image(image: str) -> str:
    """The same name, if it says which version is meant.

    Raises:
        UserError: it has no version as its tag.

    Example:

    >>> pinned_image("host:5000/shop/kit:1.0")
    'host:5000/shop/kit:1.0'
    """
    tag = re.fullmatch(r"[a-z0-9][a-z0-9._/:-]*[a-z0-9]:([A-Za-z0-9_][A-Za-z0-9_.-]*)", image)
    if not tag or tag[1].startswith(("latest", "nightly")) or "/" in tag[1]:
        raise UserError(
            f"{image!r} does not say which version is meant.",
            where="--image",
            expected="an image with a version as its tag, such as tensorflow/serving:2.21.0",
            remedy="Add the tag.",
        )
    return image


def mebibytes(memory: str) -> int:
    """MiB of an amount as Kubernetes writes it.

    Raises:
        UserError: it is no such amount.

    Example:

    >>> mebibytes("512Mi"), mebibytes("2Gi")
    (512, 2048)
    """
    quantity = re.fullmatch(r"([1-9][0-9]*)(Mi|Gi)", memory)
    if not quantity:
        raise UserError(
            f"{memory!r} is no amount of memory.",
            where="--memory",
            expected="a whole number with Mi or Gi, such as 512Mi or 2Gi",
            remedy="Leave --memory out for the default.",
        )
    return int(quantity[1]) * (1024 if quantity[2] == "Gi" else 1)


def kubernetes_name(name: str) -> str:
    """The nearest name that every kind of Kubernetes object takes (RFC 1035 label).

    Short enough for a suffix such as "-models".

    Example:

    >>> kubernetes_name("Two_Tower.v2"), kubernetes_name("20newsgroups")
    ('two-tower-v2', 'model-20newsgroups')
    """
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    label = label if label[:1].isalpha() else f"model-{label}"
    return label[:50].rstrip("-")
