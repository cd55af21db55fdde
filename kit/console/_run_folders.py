"""The folders of a training run: writable, and of this run alone until the command ends."""

import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from kit.cluster import is_chief
from kit.config import CheckpointOptions, RunOptions
from kit.errors import UserError

LOCK = ".run.lock"


@dataclass(frozen=True)
class RunFolders:
    """Where a run's results go.

    Args:
        report: folder of the report, and by default of the checkpoints.
        output: folder of the model's versions.
    """

    report: Path
    output: Path


def claim_folders(recipe: str, training: RunOptions, checkpoint: CheckpointOptions) -> RunFolders:
    """Check that a run's folders can be written, and lock them until the command ends.

    Two runs in one report folder would remove each other's checkpoints and overwrite each other's
    report, also while one of them evaluates or exports. Of several processes the chief locks, as
    it alone writes. To be called before data are read, within a click command.

    Args:
        recipe: its name.
        training: names the folders, or leaves them to the recipe.
        checkpoint: may name a folder of its own.

    Raises:
        UserError: a folder cannot be written, or another run uses it.
    """
    folders = RunFolders(
        report=Path(training.report or f"reports/{recipe}"),
        output=Path(training.output or f"saved_models/{recipe}"),
    )
    if not is_chief():
        return folders
    locked = {"--report": folders.report}
    if checkpoint.checkpoints is not None and Path(checkpoint.checkpoints) != folders.report:
        locked["--checkpoints"] = Path(checkpoint.checkpoints)
    for option, folder in {"--output": folders.output, **locked}.items():
        check_writable(folder, option)
    context = click.get_current_context()
    for option, folder in locked.items():
        context.with_resource(_locked(folder, option))
    return folders


def check_writable(folder: Path, option: str) -> None:
    """Write a file, which goes at once, in a folder or where it is to be made.

    Permissions alone do not tell: not of a read-only or full disk, and not the superuser.

    Raises:
        UserError: it cannot be written.
    """
    places = (folder.absolute(), *folder.absolute().parents)
    nearest = next(place for place in places if os.path.lexists(place))
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"0")
    except OSError as error:
        raise _unwritable(folder, option, error) from error


@contextmanager
def _locked(folder: Path, option: str) -> Iterator[None]:
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _lock(folder / LOCK)
    except BlockingIOError:
        raise UserError(
            f"Another run uses this folder{_holder(folder / LOCK)}.",
            where=f"{option} {folder}",
            expected="one run at a time in a folder",
            remedy=f"Wait for it to end, or name another folder: {option} FOLDER",
        ) from None
    except OSError as error:
        raise _unwritable(folder, option, error) from error
    try:
        yield
    finally:
        (folder / LOCK).unlink(missing_ok=True)
        file.close()
        with suppress(OSError):  # Not empty, unless the run came to nothing.
            for place in made:
                place.rmdir()


def _lock(path: Path) -> IO[str]:
    """The file, locked until it is closed or the process ends, however it ends."""
    while True:
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it may have removed it between the opening and the locking.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                break
        except BaseException:
            file.close()
            raise
        file.close()
    holder = {"process": os.getpid(), "host": socket.gethostname()}
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    file.truncate(0)
    file.write(json.dumps({**holder, "since": since}))
    file.flush()
    return file


def _holder(path: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        holder = json.loads(path.read_text())
        return f": process {holder['process']} on {holder['host']}, since {holder['since']}"
    return ""


def _unwritable(folder: Path, option: str, error: OSError) -> UserError:
    return UserError(
        f"The folder of {option} cannot be written: {error.strerror}.",
        where=str(folder),
        expected="a folder you may write to, on a disk with room",
        remedy=f"Name another: {option} FOLDER",
    )
