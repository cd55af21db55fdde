"""Checkpoints on disk, written atomically."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.errors import UserError
from kit.training._model_state import host_of

PREFIX = "step-"
PARTIAL = "partial-"
VARIABLES = "variables-"
STATE = "state.json"


class Checkpoint:
    """A checkpoint on disk, with verified checksums.

    Args:
        folder: of the checkpoint.

    Raises:
        OSError, ValueError, tf.errors.OpError: it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state: dict[str, Any] = json.loads((folder / STATE).read_text())
        # TensorFlow verifies checksums of values, but not of the index.
        if not isinstance(self.state, dict) or self.state.get("sums") != _sums(folder):
            raise ValueError(f"The checksum of {folder} does not match.")
        prefixes = sorted(path.with_suffix("") for path in folder.glob(f"{VARIABLES}*.index"))
        readers = [tf.train.load_checkpoint(str(prefix)) for prefix in prefixes]
        self._reader_of = {n: r for r in readers for n in r.get_variable_to_shape_map()}

    @property
    def names(self) -> list[str]:
        """Names of the tensors."""
        return sorted(self._reader_of)

    @property
    def kinds(self) -> dict[str, tuple[list[int], str]]:
        """Shape and type of each tensor."""
        return {
            name: (
                reader.get_variable_to_shape_map()[name],
                reader.get_variable_to_dtype_map()[name].name,
            )
            for name, reader in self._reader_of.items()
        }

    def read(self, name: str) -> NDArray[Any]:
        """A tensor."""
        return np.asarray(self._reader_of[name].get_tensor(name))


class CheckpointFolder:
    """The last checkpoints of one training.

    A checkpoint is written under a temporary name, synced to disk and then renamed, so that a kill
    leaves the earlier ones and no incomplete one.

    Args:
        folder: created if it does not exist.
        keep: number of checkpoints to keep.

    Raises:
        UserError: the folder cannot be written, or another training writes to it.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self._keep = folder, keep
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The lock is held until the process ends, however it ends.
            self._lock = (folder / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise UserError(
                "Another training keeps its checkpoints here.",
                where=str(folder),
                expected="a folder of this training alone",
                remedy="Wait for it to end, or name another: --checkpoints FOLDER",
            ) from None
        except OSError as error:
            raise unwritable(folder, error) from error
        for left in folder.glob(f"{PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)

    def newest(self) -> Checkpoint | None:
        """The last checkpoint that can be read, or None."""
        for folder in reversed(self._all()):
            try:
                return Checkpoint(folder)
            except (OSError, ValueError, tf.errors.OpError):
                # Damaged after it was written: the previous one is valid, only older. If it stayed,
                # the same step could not be written again.
                _remove(folder)
        return None

    def write(self, step: int, tensors: Mapping[str, tf.Tensor], state: Mapping[str, Any]) -> None:
        """Write a checkpoint and remove the oldest beyond `keep`.

        Every host writes the tensors in its memory.

        Raises:
            UserError: it cannot be written; the earlier ones are unchanged.
        """
        partial = self.folder / f"{PARTIAL}{step}"
        final = self.folder / f"{PREFIX}{step:012d}"
        if final.exists():
            return
        hosts: dict[str, list[str]] = {}
        for name, tensor in tensors.items():
            hosts.setdefault(host_of(tensor.device), []).append(name)
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            for place, (host, names) in enumerate(hosts.items()):
                with tf.device(host):
                    tf.raw_ops.SaveV2(
                        prefix=str(partial.absolute() / f"{VARIABLES}{place}"),
                        tensor_names=names,
                        shape_and_slices=[""] * len(names),
                        tensors=[tensors[name] for name in names],
                    )
            (partial / STATE).write_text(json.dumps({**state, "sums": _sums(partial)}))
            for path in (*partial.iterdir(), partial):
                _to_disk(path)
            partial.rename(final)
            _to_disk(self.folder)
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise unwritable(self.folder, error) from error
        for old in self._all()[: -self._keep]:
            shutil.rmtree(old, ignore_errors=True)

    def clear(self) -> None:
        """Remove the checkpoints of a training that is finished or abandoned."""
        for folder in self._all():
            shutil.rmtree(folder, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder, unless it contains other files."""
        self.clear()
        (self.folder / "lock").unlink(missing_ok=True)
        self.close()
        with suppress(OSError):
            self.folder.rmdir()

    def close(self) -> None:
        """Release the folder for another training."""
        self._lock.close()

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob(f"{PREFIX}*"))


def unwritable(folder: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    return UserError(
        f"A checkpoint cannot be written: {reason}.",
        where=str(folder),
        expected="a folder you may write to, on a disk with room",
        remedy="Make room and give the same command again: it resumes from the last checkpoint. "
        "Or name another folder: --checkpoints FOLDER",
    )


def _sums(folder: Path) -> dict[str, str]:
    sums = {}
    for path in sorted(folder.glob(f"{VARIABLES}*")):
        with path.open("rb") as file:
            sums[path.name] = hashlib.file_digest(file, "blake2b").hexdigest()
    return sums


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
