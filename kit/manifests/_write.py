"""Write a folder of files that are ours to rewrite, and no others."""

import os
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
