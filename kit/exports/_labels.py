"""Labels of versions: which versions are served, going back, removing old ones."""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kit.errors import UserError

LABELS = "labels.json"
STABLE = "stable"
"""The label of the version that answers for a model."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
NUMBER = re.compile(r"[0-9]{1,18}")
POLICY = re.compile(r"labelled|all|latest:([1-9][0-9]{0,5})")
# Ignored by TensorFlow Serving, and removed by the next export if a removal was interrupted.
REMOVED = ".draft-removed-"


@dataclass(frozen=True)
class Labels:
    """What `labels.json` in the folder of a model says.

    Args:
        versions: label to the number of its version.
        policy: "all", "latest:N" or "labelled", as the version policies of TensorFlow Serving;
            "labelled" serves the newest version as long as there is no label.
        before: label to the versions it had before, the last one at the end.

    Example:

    >>> Labels({"stable": 2}).served([1, 2, 3]), Labels().served([1, 2, 3])
    ([2], [3])
    >>> Labels({"stable": 1}, "latest:1").served([1, 2, 3])
    [1, 3]
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    policy: str = "labelled"
    before: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def served(self, numbers: Iterable[int]) -> list[int]:
        """Which of the versions that are there a server loads, in ascending order."""
        there = sorted(numbers)
        chosen = {number for number in self.versions.values() if number in there}
        latest = POLICY.fullmatch(self.policy)
        if self.policy == "all":
            chosen.update(there)
        elif latest and latest[1]:
            chosen.update(there[-int(latest[1]) :])
        elif not self.versions:
            chosen.update(there[-1:])
        return sorted(chosen)

    def of(self, version: int) -> list[str]:
        """The labels of a version."""
        return sorted(name for name, number in self.versions.items() if number == version)


def read_labels(folder: Path) -> Labels:
    """The labels of a model.

    Args:
        folder: of its versions.

    Raises:
        UserError: `labels.json` is not as the kit writes it.
    """
    file = folder / LABELS
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return _checked(found)
    except (FileNotFoundError, NotADirectoryError):
        return Labels()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"The labels of the versions cannot be read: {error}.",
            where=str(file),
            expected='{"labels": {"stable": 3}, "policy": "labelled", "before": {"stable": [2]}}',
            remedy="Remove the file and label the versions again: kit label DIR VERSION NAME",
        ) from error


def _checked(found: Any) -> Labels:
    versions = {str(name): number for name, number in found["labels"].items()}
    before = {str(name): tuple(numbers) for name, numbers in found.get("before", {}).items()}
    numbers = [*versions.values(), *(number for one in before.values() for number in one)]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError("a version is not a number")
    if strange := [name for name in versions if not NAME.fullmatch(name)]:
        raise ValueError(f"{strange[0]!r} is not a label")
    policy = found.get("policy", "labelled")
    if not POLICY.fullmatch(policy):
        raise ValueError(f"{policy!r} is not a policy")
    return Labels(versions, policy, before)


def version_numbers(folder: Path) -> dict[int, Path]:
    """The complete versions in the folder of a model, by number, in ascending order."""
    found = folder.iterdir() if folder.is_dir() else ()
    numbered = {int(f.name): f for f in found if NUMBER.fullmatch(f.name)}
    return {n: f for n, f in sorted(numbered.items()) if (f / "saved_model.pb").is_file()}


def live_version(folder: Path) -> Path | None:
    """The version that answers for a model: "stable", else the newest that is served.

    Args:
        folder: of its versions.

    Raises:
        UserError: the labels cannot be read.
    """
    there, labels = version_numbers(folder), read_labels(folder)
    if (stable := labels.versions.get(STABLE)) is not None and stable in there:
        return there[stable]
    served = labels.served(there)
    return there[served[-1]] if served else None


def label_version(
    folder: Path, version: int, name: str = STABLE, *, instead_of: int | None = None
) -> bool:
    """Give a version a label, which leaves the version that had it.

    Args:
        folder: of the versions of a model.
        version: number of one that is there.
        name: the label, such as "stable" or "canary".
        instead_of: change nothing unless this version has the label.

    Returns:
        Whether the version has the label now.

    Raises:
        UserError: there is no such version, the name cannot be a label, or the file of the labels
            cannot be read or written.
    """
    check_label(name)
    check_version(folder, version)
    with _changed(folder) as change:
        labels = change(
            lambda labels: (
                _moved(labels, name, version)
                if instead_of in (None, labels.versions.get(name))
                else labels
            )
        )
    return labels.versions.get(name) == version


def check_label(name: str) -> None:
    """Raise `UserError` where a name cannot be a label."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot be a label: it is part of a URL.",
            where="NAME",
            expected="a letter, then letters, digits, dots, dashes and underscores",
            remedy="Choose another, such as stable or canary.",
        )


def check_version(folder: Path, version: int) -> None:
    """Raise `UserError` where a model has no such version."""
    there = version_numbers(folder)
    if version not in there:
        raise UserError(
            f"There is no version {version}.",
            where=str(folder),
            expected=f"one of {', '.join(map(str, there))}" if there else "a folder of versions",
            remedy=f"List them: kit versions {folder}",
        )


def _moved(labels: Labels, name: str, version: int) -> Labels:
    old = labels.versions.get(name)
    if old == version:
        return labels
    history = [n for n in labels.before.get(name, ()) if n != version]
    history += [] if old is None else [old]
    versions = {**labels.versions, name: version}
    return replace(labels, versions=versions, before={**labels.before, name: tuple(history)})


def remove_label(folder: Path, name: str) -> None:
    """Take a label from its version.

    Raises:
        UserError: no version has it, or the file of the labels cannot be read or written.
    """
    with _changed(folder) as change:

        def without(labels: Labels) -> Labels:
            if name not in labels.versions:
                raise UserError(
                    f"No version has the label {name!r}.",
                    where=str(folder / LABELS),
                    expected=", ".join(labels.versions) or "a label; there is none",
                    remedy=f"List them: kit versions {folder}",
                )
            kept = {n: v for n, v in labels.versions.items() if n != name}
            earlier = {n: v for n, v in labels.before.items() if n != name}
            return replace(labels, versions=kept, before=earlier)

        change(without)


def set_policy(folder: Path, policy: str) -> None:
    """Say which versions of a model are served beside the labelled ones.

    Args:
        folder: of its versions.
        policy: "labelled", "latest:N" or "all".

    Raises:
        UserError: it is none of them, or the file of the labels cannot be read or written.
    """
    if not POLICY.fullmatch(policy):
        raise UserError(
            f"Unknown version policy {policy!r}.",
            where="--policy",
            expected="labelled, all, or latest:N such as latest:2",
        )
    with _changed(folder) as change:
        change(lambda labels: replace(labels, policy=policy))


def rollback(folder: Path, name: str = STABLE) -> tuple[int, int]:
    """Give a label back to the version that had it before.

    Without labels the version before the newest one gets the label, and is served.

    Args:
        folder: of the versions of a model.
        name: the label.

    Returns:
        The version that had the label, and the one that has it now.

    Raises:
        UserError: there is no earlier version.
    """
    there, moved = version_numbers(folder), []

    def back(labels: Labels) -> Labels:
        now = labels.versions.get(name, max(labels.served(there), default=0))
        history = [n for n in labels.before.get(name, ()) if n in there]
        earlier = history[-1:] or [n for n in there if n < now][-1:]
        if not earlier:
            raise UserError(
                "There is no version to go back to.",
                where=str(folder),
                expected=f"a version before {now}" if now else "a folder of versions",
                remedy=f"List them: kit versions {folder}",
            )
        moved.extend([now, earlier[0]])
        versions = {**labels.versions, name: earlier[0]}
        return replace(labels, versions=versions, before={**labels.before, name: (*history[:-1],)})

    with _changed(folder) as change:
        change(back)
    return moved[0], moved[1]


def remove_old_versions(folder: Path, keep: int) -> list[int]:
    """Remove all but the newest versions of a model, and those that labels need.

    A version leaves under another name before its files go, so no server sees a part of it.

    Args:
        folder: of its versions.
        keep: the number of newest versions that stay; labelled ones, and those that `rollback`
            would go back to, stay as well.

    Returns:
        The numbers of the removed versions.

    Raises:
        UserError: the labels cannot be read.
    """
    removed = []
    with _changed(folder) as change:
        labels = change(lambda labels: labels)
        there = version_numbers(folder)
        needed = {*labels.versions.values(), *(one[-1] for one in labels.before.values() if one)}
        for number in list(there)[:-keep]:
            if number not in needed:
                away = Path(tempfile.mkdtemp(prefix=REMOVED, dir=folder))
                there[number].rename(away / str(number))
                shutil.rmtree(away, ignore_errors=True)
                removed.append(number)
    return removed


@contextmanager
def _changed(folder: Path) -> Iterator[Callable[[Callable[[Labels], Labels]], Labels]]:
    """Change the labels of a model: one process at a time, and as a whole or not at all."""
    if not folder.is_dir():
        check_version(folder, 0)
    lock = None
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)

        def change(new: Callable[[Labels], Labels]) -> Labels:
            before = read_labels(folder)
            labels = new(before)
            if labels != before:
                _write(folder, labels)
            return labels

        yield change
    except OSError as error:
        raise UserError(
            f"The labels of the versions cannot be written: {error.strerror}.",
            where=str(folder / LABELS),
            expected="a folder you may write to, on a disk with room",
        ) from error
    finally:
        if lock is not None:
            os.close(lock)


def _write(folder: Path, labels: Labels) -> None:
    content = {"labels": labels.versions, "policy": labels.policy, "before": labels.before}
    handle, draft = tempfile.mkstemp(prefix=".labels-", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)
        os.replace(draft, folder / LABELS)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
