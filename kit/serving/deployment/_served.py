"""What a server will find in a model's folder."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kit.errors import UserError
from kit.exports import (
    Labels,
    TensorSpec,
    operations_needed,
    read_graph,
    read_labels,
    version_folder,
    version_numbers,
)


@dataclass(frozen=True)
class Served:
    """One model of a server.

    Args:
        name: as clients call it: `/v1/models/NAME`.
        folder: holds the numbered versions.
        pinned: the one version to serve; None for the newest.
        size: bytes that are loaded of a version: graph, variables, assets.
        variable_length: inputs with an unknown dimension after the batch, as `signature.input`.
        labels: of the model; None of one that has none.
        versions: the numbers of those that the labels and the policy name.
    """

    name: str
    folder: Path
    pinned: int | None
    size: int
    variable_length: tuple[str, ...]
    labels: Labels | None = None
    versions: tuple[int, ...] = ()


def find_models(folder: Path, model_name: str | None) -> tuple[str, tuple[Served, ...]]:
    """The model a path means, or every model in a folder of models, under what all are called.

    Args:
        folder: a version, a model's folder of numbered versions, or a folder of such folders.
        model_name: what to call it; None for the folder's name. For one model only.

    Raises:
        UserError: no model is there, or one that stock TensorFlow Serving cannot serve.
    """
    try:
        version = version_folder(folder)
    except UserError:
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        models = tuple(_model(f, version_folder(f), None) for f in inside if _has_versions(f))
        if not models:
            raise
        if model_name is not None:
            raise UserError(
                "One name cannot be given to a folder of models.",
                where=f"--model-name {model_name}",
                expected=f"one of {', '.join(str(m.folder) for m in models)}",
                remedy="Deploy one model's folder, or leave --model-name out.",
            ) from None
        return _absolute(folder).name, models
    model = _model(folder, version, model_name)
    return model.name, (model,)


def _has_versions(folder: Path) -> bool:
    # What starts with a dot is a draft of an export that is under way or was interrupted.
    visible = folder.is_dir() and not folder.name.startswith(".")
    return visible and any(v.parent.name.isdecimal() for v in folder.glob("*/saved_model.pb"))


def _model(given: Path, version: Path, name: str | None) -> Served:
    pinned = None
    given, version = _absolute(given), _absolute(version)
    folder = version.parent
    if given == version:
        if not version.name.isdecimal():
            raise UserError(
                "TensorFlow Serving loads numbered versions only.",
                where=str(given),
                expected="a folder such as NAME/1 with the SavedModel in it",
                remedy=f"Move it: mkdir NAME && mv {given} NAME/1",
            )
        pinned = int(version.name)
    name = folder.name if name is None else name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UserError(
            f"{name!r} cannot be a model's name: it is part of a URL.",
            where=str(folder),
            expected="letters, digits, dots, dashes and underscores",
            remedy="Give another: --model-name NAME",
        )
    _refuse_custom_ops(version)
    variable_length = tuple(
        f"{called}.{key}"
        for called, signature in read_graph(version).signatures.items()
        for key, spec in signature.inputs.items()
        if _varies(spec)
    )
    size, labels = _loaded_size(version), read_labels(folder)
    if pinned is not None or labels == Labels():
        return Served(name, folder, pinned, size, variable_length)
    there = version_numbers(folder)
    versions = labels.served(there)
    for number in versions:
        _refuse_custom_ops(there[number])
    # Memory is for two versions at a time.
    size = max(size, sum(_loaded_size(there[number]) for number in versions))
    return Served(name, folder, None, size, variable_length, labels, tuple(versions))


def _absolute(path: Path) -> Path:
    # Without following links: they are called what they are called here.
    return Path(os.path.abspath(path))


def _refuse_custom_ops(version: Path) -> None:
    custom = operations_needed(version)
    if custom:
        names = ", ".join(op for package in custom.values() for op in package)
        raise UserError(
            f"Stock TensorFlow Serving does not have the operations {names}.",
            where=str(version / "assets.extra" / "card.json"),
            expected="a graph of core TensorFlow operations",
            remedy="Export it with --index exact or inverted-file.",
        )


def _varies(spec: TensorSpec) -> bool:
    return spec.shape is None or None in spec.shape[1:]


def _loaded_size(version: Path) -> int:
    """Bytes without assets.extra, which a server does not keep."""
    loaded = [version / "saved_model.pb"]
    loaded += [f for part in ("variables", "assets") for f in (version / part).rglob("*")]
    return sum(f.stat().st_size for f in loaded if f.is_file())
