"""A split source on disk, from which training streams without holding it."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.format import open_memmap

from kit.data._clean import CleaningStep
from kit.data._dataset import PARTS, Dataset
from kit.data._events import Events, iter_user_chunks
from kit.data._files import PREPARED_NOTE, require_regular_file, unreadable
from kit.data._histories import Histories, histories
from kit.errors import UserError

FORMAT = 1
_IN_NOTE = ("name", "num_users", "num_items", "split", "split_method", "cold", "licence")


@dataclass(frozen=True, repr=False)
class Prepared(Dataset):
    """A dataset whose events and histories are mapped from files, grouped by user.

    Args:
        histories: every training user's distinct items, as `kit.data.histories` of train.
        digest: SHA-256 of the histories.
    """

    histories: Histories
    digest: str


def prepare(dataset: Dataset, folder: Path) -> None:
    """Write a data set so that `open_prepared` need not read, split and encode it again.

    The folder appears when it is complete. Its arrays are plain .npy files.

    Args:
        dataset: the split data.
        folder: where; it must not exist.

    Raises:
        UserError: the folder exists or cannot be written.

    Example:

    >>> from tempfile import TemporaryDirectory
    >>> from kit.data._source import open_source
    >>> from kit.data._split import split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> with TemporaryDirectory() as place:
    ...     prepare(dataset, Path(place) / "shop")
    ...     len(open_prepared(Path(place) / "shop").train) == len(dataset.train)
    True
    """
    check_new_folder(folder)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _write(dataset, unfinished)
        unfinished.rename(folder)
    except OSError as error:
        raise UserError(
            f"The folder cannot be written: {error.strerror or error}.",
            where=str(folder),
            remedy="Name a folder you may write to, on a disk with room.",
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_new_folder(folder: Path) -> None:
    """Raise `UserError` where `prepare` could not write a folder, before anything is read.

    Example:

    >>> check_new_folder(Path("prepared/of-tomorrow"))
    """
    if folder.exists():
        raise UserError(
            "There is something already where the prepared data should go.",
            where=str(folder),
            expected="the name of a new folder",
            remedy="Name another, or remove it first.",
        )
    remedy = "Name a folder you may write to, on a disk with room."
    check_may_be_made(folder, str(folder), remedy)


def check_may_be_made(folder: Path, where: str, remedy: str) -> None:
    """Raise `UserError` where a folder that is not there cannot be made.

    Args:
        folder: the folder.
        where: it was named.
        remedy: what to do then.
    """
    above = next((one for one in folder.absolute().parents if one.exists()), folder)
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise UserError(
            "The folder cannot be written: Permission denied.", where=where, remedy=remedy
        )


def open_prepared(folder: str | Path) -> Prepared:
    """Open what `prepare` wrote; the arrays stay on disk until they are read.

    Raises:
        UserError: a file is missing or of another format.
    """
    folder = Path(folder)
    for file in folder.rglob("*"):
        if not file.is_dir():
            require_regular_file(file)
    try:
        note = json.loads((folder / PREPARED_NOTE).read_text())
        if note["format"] != FORMAT:
            raise UserError(
                f"The folder was prepared in format {note['format']}.",
                where=str(folder),
                expected=f"format {FORMAT}",
                remedy="Prepare it again with this version of kit.",
            )
        values: dict[str, Any] = {name: note[name] for name in _IN_NOTE}
        values["cleaning"] = tuple(CleaningStep(**step) for step in note["cleaning"])
        # Folders of earlier versions have neither.
        values["notes"] = tuple(note.get("notes", ()))
        values["rows_read"] = note.get("rows_read", 0)
        for part in PARTS:
            values[part] = _events(folder / part)
        for table, role in (("users", "user"), ("items", "item")):
            file = folder / f"{table}.parquet"
            values[table] = pl.read_parquet(file) if file.exists() else None
            values[f"{role}_ids"] = pl.read_parquet(folder / f"{role}_ids.parquet")["id"].to_numpy()
        owned = Histories(_mapped(folder / "offsets.npy"), _mapped(folder / "histories.npy"))
        return Prepared(**values, histories=owned, digest=note["digest"])
    except OSError as error:
        raise unreadable(folder, error) from None
    except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise UserError(
            "The prepared data are damaged.",
            where=str(folder),
            expected=f"the files that `kit prepare` wrote ({str(error).splitlines()[0]})",
            remedy="Prepare the source again.",
        ) from None


def _write(dataset: Dataset, folder: Path) -> None:
    for part in PARTS:
        _write_events(getattr(dataset, part), len(dataset.user_ids), folder / part)
    owned = histories([dataset.train], dataset.num_users)
    np.save(folder / "offsets.npy", owned.offsets)
    np.save(folder / "histories.npy", owned.items)
    digest = hashlib.sha256(owned.offsets.data)
    digest.update(owned.items.data)
    for role, ids in (("user", dataset.user_ids), ("item", dataset.item_ids)):
        column = pl.Series("id", ids, dtype=pl.String)
        column.to_frame().write_parquet(folder / f"{role}_ids.parquet")
    for name, table in (("users", dataset.users), ("items", dataset.items)):
        if table is not None:
            table.write_parquet(folder / f"{name}.parquet")
    note: dict[str, Any] = {name: getattr(dataset, name) for name in _IN_NOTE}
    note |= {"format": FORMAT, "digest": digest.hexdigest()}
    note |= {"notes": list(dataset.notes), "rows_read": dataset.rows_read}
    note["cleaning"] = [asdict(step) for step in dataset.cleaning]
    (folder / PREPARED_NOTE).write_text(json.dumps(note, indent=1, ensure_ascii=False) + "\n")


def _write_events(events: Events, num_users: int, folder: Path) -> None:
    """Each column as one array, grouped by user, of a user in the order they had."""
    folder.mkdir()
    columns = {name: column for name, column in _columns(events)}
    files = {
        name: open_memmap(folder / f"{name}.npy", "w+", column.dtype, column.shape)
        for name, column in columns.items()
        if len(column)
    }
    for name in columns.keys() - files.keys():
        np.save(folder / f"{name}.npy", columns[name])
    start = 0
    for _, [some] in iter_user_chunks([events], num_users):
        some = some.where(np.argsort(some.user, kind="stable"))
        for name, column in _columns(some):
            if name in files:
                files[name][start : start + len(some)] = column
        start += len(some)


def _columns(events: Events) -> Iterator[tuple[str, np.ndarray]]:
    for field in fields(events):
        if (column := getattr(events, field.name)) is not None:
            yield field.name, column


def _events(folder: Path) -> Events:
    found: dict[str, Any] = {
        field.name: _mapped(file) if (file := folder / f"{field.name}.npy").exists() else None
        for field in fields(Events)
    }
    return Events(**found)


def _mapped(file: Path) -> Any:
    """The array of a file, mapped, as a plain array."""
    return np.asarray(np.load(file, mmap_mode="r"))


def train_histories(dataset: Dataset) -> Histories:
    """Every user's items of train, with times where the data have any.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> len(train_histories(dataset)) == dataset.num_users
    True
    """
    if isinstance(dataset, Prepared):
        return dataset.histories
    return histories([dataset.train], dataset.num_users, with_times=True)
