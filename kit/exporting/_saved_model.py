"""Write a SavedModel with its card, recorded answers and warm-up requests, and verify it."""

import errno
import json
import shutil
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp
from time import time
from typing import Any, Protocol

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit import __version__, exports
from kit.errors import UserError, is_disk_full
from kit.exporting._model_card import model_card
from kit.exporting._weights import StoredWeights
from kit.exports import (
    Card,
    Signature,
    SignatureCheck,
    problems_of_graph,
    read_graph,
    with_bytes,
    write_manifest,
)
from kit.progress import stage

# TensorFlow Serving looks for this name in assets.extra and reads at most 1,000 records of it.
WARMUP = "tf_serving_warmup_requests"


def write_warmup(
    file: Path, recorded: Mapping[str, Any], signatures: Mapping[str, Signature]
) -> None:
    """Write the recorded inputs as warm-up requests: the first row alone, then the whole batch.

    Args:
        file: the TFRecord file of PredictionLog to write.
        recorded: signature to `{"inputs": ...}`, as lists.
        signatures: of the SavedModel; their inputs define the types to send. Other names get no
            request.
    """
    with tf.io.TFRecordWriter(str(file)) as writer:
        for name in (name for name in recorded if name in signatures):
            for inputs in _batches(recorded[name]["inputs"], signatures[name]):
                log = prediction_log_pb2.PredictionLog()
                request = log.predict_log.request
                request.model_spec.signature_name = name
                for key, value in inputs.items():
                    spec = signatures[name].inputs[key]
                    request.inputs[key].CopyFrom(
                        tf.make_tensor_proto(with_bytes(value), spec.dtype)
                    )
                writer.write(log.SerializeToString(deterministic=True))


def _batches(inputs: Mapping[str, Any], signature: Signature) -> list[Mapping[str, Any]]:
    """The first row and all rows, if every input has rows; else the inputs unchanged."""
    shapes = [signature.inputs[key].shape for key in inputs]
    if all(shape and shape[0] is None for shape in shapes):
        return [{key: value[:1] for key, value in inputs.items()}, inputs]
    return [inputs]


LIBRARIES = ("tensorflow", "keras")
DRAFT = ".draft-"
A_DAY = 86_400


class Servable(Protocol):
    """A `tf.Module` with the signatures to serve."""

    def signatures(self) -> dict[str, Any]:
        """Functions by name."""


class VerificationError(RuntimeError):
    """The outputs of the export differ from those of the live model.

    Args:
        checks: the outcome for every signature.
    """

    def __init__(self, checks: list[SignatureCheck]) -> None:
        self.checks = checks
        failed = "; ".join(str(check) for check in checks if not check.passed)
        super().__init__(
            f"The outputs of the export differ from the model's; it was removed. {failed}"
        )


def export(
    module: Servable,
    folder: Path,
    *,
    recorded: dict[str, Any],
    card: Card,
    signatures: Mapping[str, Any] | None = None,
    stored: StoredWeights | None = None,
) -> tuple[Path, list[SignatureCheck]]:
    """Save, verify in fresh processes, then make it the next version.

    The version is written under a name that TensorFlow Serving ignores, and renamed when it is
    complete and verified.

    Args:
        module: the graph with its signatures.
        folder: the model's folder; versions are numbered in it.
        recorded: inputs and the live model's outputs, of every signature.
        card: of the export, written as JSON and, by `model_card`, as Markdown; date, versions of
            libraries and operations are filled in.
        signatures: to serve; None are those of the module.
        stored: weights for retraining.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written, or the disk is full.
        VerificationError: its outputs differ from the live model's; it is removed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=DRAFT, dir=folder))
    except OSError as error:
        raise UserError(
            f"The model cannot be written: {error.strerror}.",
            where=str(folder),
            remedy="Choose a folder you may write to: --output FOLDER",
        ) from error
    _remove_abandoned(folder)
    try:
        try:
            with stage("export"):
                draft.chmod(0o755)
                tf.saved_model.save(
                    module, str(draft), signatures=signatures or module.signatures()
                )
                _write_extra(draft, recorded, card)
                if stored is not None:
                    stored.write(draft)
                write_manifest(draft)
        except (OSError, tf.errors.OpError) as error:
            if not is_disk_full(error):
                raise
            raise UserError(
                "The model cannot be written: the disk is full.",
                where=str(folder),
                expected="room for another version; no incomplete version was left",
                remedy="Make room and give the same command again: it resumes from the last "
                "checkpoint. Or name a folder on another disk: --output FOLDER",
            ) from error
        _warn_of_operations(draft)
        # This process wrote the export, so it may be loaded whatever its operations can do.
        checks = exports.verify(draft, trust=True)
        if not all(check.passed for check in checks):
            raise VerificationError(checks)
        return publish(draft, folder), checks
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def custom_operations(part: Any) -> dict[str, list[str]] | None:
    """The operations beyond TensorFlow's core that a part of a graph needs, for the card.

    Args:
        part: may define `custom_ops`, Python module to the operations it registers.
    """
    return getattr(part, "custom_ops", None)


def _warn_of_operations(draft: Path) -> None:
    """Warn if loading the version will need --trust."""
    if problems := [problem for _, problem in problems_of_graph(draft)]:
        warnings.warn(
            f"Loading this export requires --trust: {'; '.join(problems)}.",
            UserWarning,
            stacklevel=3,
        )


def _write_extra(draft: Path, recorded: dict[str, Any], card: Card) -> None:
    graph = read_graph(draft)
    whole = replace(
        card,
        created=datetime.now(UTC).date().isoformat(),
        versions={"kit": __version__, **{name: version(name) for name in LIBRARIES}},
        operations=sorted(graph.operations),
    )
    extra = draft / "assets.extra"
    extra.mkdir(exist_ok=True)
    for name, content in (("recorded", recorded), ("card", whole.document())):
        (extra / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False))
    (extra / "model_card.md").write_text(model_card(whole, graph.signatures))
    write_warmup(extra / WARMUP, recorded, graph.signatures)


def _remove_abandoned(folder: Path) -> None:
    """Remove leftovers of killed exports; an export that still runs is younger than a day."""
    for draft in folder.glob(f"{DRAFT}*"):
        with suppress(FileNotFoundError):
            if time() - draft.stat().st_mtime > A_DAY:
                shutil.rmtree(draft, ignore_errors=True)


def publish(draft: Path, folder: Path) -> Path:
    """Make a complete draft the next version of a model's folder."""
    versions = [int(v.name) for v in folder.iterdir() if v.name.isdecimal()]
    version = max(versions, default=0) + 1
    while True:
        try:
            # Atomic: a server sees nothing or a complete version. Fails if the name exists by now.
            return draft.rename(folder / str(version))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            version += 1
