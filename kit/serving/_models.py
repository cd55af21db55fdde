"""Which versions of which models answer; the folder is looked at again and again."""

import gc
import logging
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from kit.errors import UserError
from kit.exports import Labels, read_labels
from kit.serving._budget import Budget
from kit.serving._limits import Limits
from kit.serving._log import log
from kit.serving._metrics import Metrics
from kit.serving._status import ServingError, from_exception, invalid
from kit.serving._version import Version, load_version
from kit.serving._warmup import warm_up

POLL_S = 1.0
# Threads that run one model; each model has its own, so that none waits for another.
WORKERS = min(8, max(2, os.cpu_count() or 2))
# What TensorFlow Serving parses as a version: a number of 64 bits.
NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class State:
    """Of one version, as GetModelStatus tells it."""

    state: str
    code: str = "OK"
    message: str = ""


@dataclass
class _Model:
    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(WORKERS, "kit-serving-run")
    )
    loaded: dict[int, Version] = field(default_factory=dict)
    # Labels by which requests reach a version; a label moves when its new version has loaded.
    labels: dict[str, int] = field(default_factory=dict)
    states: dict[int, State] = field(default_factory=dict)
    leaving: list[Version] = field(default_factory=list)
    # Files of versions that did not load; they are tried again when these change.
    failed: dict[int, frozenset[tuple[str, int, int]]] = field(default_factory=dict)

    @property
    def current(self) -> Version | None:
        """What answers where a request names none: the newest, as in TensorFlow Serving."""
        loaded = dict(self.loaded)
        return loaded[max(loaded)] if loaded else None


class Models:
    """The models of a folder, each with the versions that its labels and its policy name.

    Without them that is the newest. As in TensorFlow Serving, what answers goes on until one of
    those that are to be served has loaded; when the server starts, an older version is no stand-in
    for one that does not load.

    Args:
        folder: of models, or of one model's numbered versions.
        limits: the server's.
        metrics: told of runs and of changes.
    """

    def __init__(self, folder: Path, limits: Limits, metrics: Metrics) -> None:
        # What requests in flight hold, over both protocols.
        self.budget = Budget(limits)
        # Told whether a model answers, whenever that may have changed.
        self.on_change: Callable[[str, bool], None] = lambda name, answers: None
        self._folder, self._limits, self._metrics = folder, limits, metrics
        self._is_one_model = bool(numbered(folder))
        self._models: dict[str, _Model] = {}
        self._damaged: dict[str, str] = {}
        self._stopped = Event()
        self._watcher = Thread(target=self._watch, name="kit-serving-watch", daemon=True)

    def start(self) -> None:
        """Load what is there; from then on follow the folder."""
        self.refresh()
        self._watcher.start()

    def stop(self) -> None:
        """Free everything; what runs is waited for."""
        self._stopped.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for model in self._models.values():
            model.pool.shutdown(wait=True)
            for version in (*model.loaded.values(), *model.leaving):
                version.close()
            model.loaded = {}

    @contextmanager
    def use(self, name: str, version: int | None = None, label: str = "") -> Iterator[Version]:
        """The version that answers a request, held in memory for its length.

        Raises:
            ServingError: there is none.
        """
        if not name:
            raise invalid("ModelSpec has no name specified.")
        model = self._models.get(name)
        if label:
            version = self.labelled(name, label)
        while True:
            found = None
            if model:
                found = model.current if version is None else model.loaded.get(version)
            # A version that retires between these two lines has been replaced before.
            if found is None or found.acquire():
                break
        if found is None:
            asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise ServingError("NOT_FOUND", f"Servable not found for request: {asked}")
        try:
            yield found
        finally:
            found.release()

    def labelled(self, name: str, label: str) -> int:
        """The version that a label of a model stands for.

        Raises:
            ServingError: the label is unknown.
        """
        model = self._models.get(name)
        number = model.labels.get(label) if model else None
        if number is None:
            raise invalid(f"Unrecognized servable version label: {label}")
        return number

    def states(self, name: str, version: int | None = None) -> list[tuple[int, State]]:
        """States of a model's versions, newest first.

        Raises:
            ServingError: NOT_FOUND.
        """
        model = self._models.get(name)
        states = sorted(dict(model.states).items(), reverse=True) if model else []
        if version is not None:
            states = [entry for entry in states if entry[0] == version]
            if not states:
                message = f"Could not find version {version} of model {name}"
                raise ServingError("NOT_FOUND", message)
        if not states:
            raise ServingError("NOT_FOUND", f"Could not find any versions of model {name}")
        return states

    def label(self, name: str) -> str:
        """A model's name for metrics, "" for one that is not served."""
        return name if name in self._models else ""

    def names(self) -> dict[str, int | None]:
        """Models and the versions that answer requests without version or label."""
        current = {name: model.current for name, model in self._models.items()}
        return {name: one.number if one else None for name, one in current.items()}

    def versions(self) -> dict[str, dict[int, list[str]]]:
        """Models, their versions that answer, and the labels of these."""
        return {
            name: {
                number: sorted(label for label, at in dict(model.labels).items() if at == number)
                for number in sorted(dict(model.loaded))
            }
            for name, model in self._models.items()
        }

    def failures(self) -> dict[str, tuple[int, str]]:
        """Models of which a version does not load: the newest such number, and why."""
        found = {}
        for name, model in dict(self._models).items():
            states = dict(model.states)
            ended = [n for n, one in states.items() if one.state == "END" and one.message]
            # Older versions were dropped, whether they loaded or not.
            if ended and max(ended) > max(dict(model.loaded), default=-1):
                found[name] = max(ended), states[max(ended)].message
        return found

    def refresh(self) -> None:
        """Look at the folder once and follow it."""
        # What cannot be read now may be there again in a second.
        with suppress(OSError):
            found = self._found()
            for name in sorted(found.keys() | self._models.keys()):
                versions = found.get(name, {})
                if versions or name in self._models:
                    with suppress(OSError):
                        self._follow(name, self._models.setdefault(name, _Model()), versions)

    def _watch(self) -> None:
        while not self._stopped.wait(POLL_S):
            self.refresh()

    def _found(self) -> dict[str, dict[int, Path]]:
        if self._is_one_model:
            if not self._folder.is_dir():
                raise FileNotFoundError(self._folder)
            return {self._folder.resolve().name: numbered(self._folder)}
        folders = [f for f in self._folder.iterdir() if f.is_dir() and f.name[0] != "."]
        return {folder.name: numbered(folder) for folder in folders}

    def _follow(self, name: str, model: _Model, there: dict[int, Path]) -> None:
        labels = self._labels(name, there)
        wanted = model.loaded.keys() if labels is None else labels.served(there)
        for number in sorted(set(wanted) & there.keys(), reverse=True):
            if number not in model.loaded:
                self._load(name, model, number, there[number])
        if labels is not None:
            model.labels = {
                label: number if number in model.loaded else model.labels.get(label, number)
                for label, number in labels.versions.items()
            }
        # Something has to answer before another version goes.
        if not wanted or model.loaded.keys() & set(wanted):
            needed = {*wanted, *model.labels.values()} & there.keys()
            for number in [n for n in model.loaded if n not in needed]:
                self._drop(name, model, number)
        if any(version.idle for version in model.leaving):
            self._free(model)

    def _labels(self, name: str, there: dict[int, Path]) -> Labels | None:
        """What the labels of a model say; None, which changes nothing, where they are damaged."""
        if not there:
            return Labels()
        folder = next(iter(there.values())).parent
        try:
            labels = read_labels(folder)
        except UserError as error:
            if self._damaged.get(name) != error.what:
                log(logging.ERROR, "labels refused", model=name, reason=error.what[:2000])
            self._damaged[name] = error.what
            return None
        self._damaged.pop(name, None)
        return labels

    def _free(self, model: _Model) -> None:
        """Unload what nobody uses any more."""
        for version in [v for v in model.leaving if v.idle]:
            model.leaving.remove(version)
            version.close()
            if version.number not in model.loaded:
                model.states[version.number] = State("END")
        # A graph is a cycle of few Python objects and much memory: the collector sees no hurry.
        del version
        gc.collect()

    def _load(self, name: str, model: _Model, number: int, path: Path) -> None:
        attempt = _files(path)
        if model.failed.get(number) == attempt:
            return
        model.states[number] = State("LOADING")
        try:
            version = load_version(path, self._limits)
            try:
                warm_up(version, path, self._limits)
            except BaseException:
                version.close()
                raise
        except Exception as error:
            reason = from_exception(error)
            message = reason.message if reason.code != "INTERNAL" else str(error)
            model.states[number] = State("END", reason.code, message)
            model.failed[number] = attempt
            self._metrics.load_failed(name)
            log(logging.ERROR, "version refused", model=name, version=number, reason=message[:2000])
            self.on_change(name, model.current is not None)
            return
        model.failed.pop(number, None)
        version.serve_with(
            model.pool,
            WORKERS,
            self._limits,
            self.budget.runs,
            lambda signature, rows: self._metrics.ran(name, signature, rows),
        )
        model.loaded[number] = version
        model.states[number] = State("AVAILABLE")
        log(logging.INFO, "version loaded", model=name, version=number)
        self._changed(name, model)

    def _drop(self, name: str, model: _Model, number: int) -> None:
        """Let a version go when its requests are done."""
        version = model.loaded.pop(number)
        model.states[number] = State("UNLOADING")
        version.retire()
        model.leaving.append(version)
        log(logging.INFO, "version dropped", model=name, version=number)
        self._changed(name, model)

    def _changed(self, name: str, model: _Model) -> None:
        current = model.current
        self._metrics.serves(name, current.number if current else None)
        self.on_change(name, current is not None)


def numbered(folder: Path) -> dict[int, Path]:
    """Version folders by number; drafts, files and whatever else is passed over."""
    if not folder.is_dir():
        return {}
    return {int(f.name): f for f in folder.iterdir() if NUMBER.fullmatch(f.name) and f.is_dir()}


def _files(path: Path) -> frozenset[tuple[str, int, int]]:
    found = [(str(f.relative_to(path)), f.stat()) for f in sorted(path.rglob("*"))]
    return frozenset((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)
