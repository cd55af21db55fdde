"""Verify an export: compare the answers of three loaders with those of the live model."""

import math
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.errors import UserError
from kit.exports._card import CARD
from kit.exports._card_check import check_card
from kit.exports._check import problems_of_files, problems_of_graph
from kit.exports._graph import SavedGraph, Signature, names_of_operations, read_graph
from kit.exports._json_file import json_object
from kit.exports._loaders import C_LIBRARY, LOADERS, ask
from kit.exports._operations import custom_operations
from kit.exports._signing import signature_problem
from kit.exports._version_folder import certified_digests, damages, version_folder
from kit.progress import stage

TOLERANCE = 1e-5


def compare(expected: dict[str, Any], answer: dict[str, NDArray[Any]]) -> tuple[float, int]:
    """Compare a signature's outputs with the recorded ones.

    Real numbers may differ by `TOLERANCE`, times the largest of their output if that is above one:
    a result near zero of operands of about ten is as inexact as they are. Text and whole numbers
    are ids, which must be equal; in a list of ids with a "score" or "probability" of the same
    shape, items of equal scores may swap.

    Args:
        expected: recorded outputs by name, as lists.
        answer: outputs by name, text as `str`.

    Returns:
        The largest difference of real numbers, relative to the largest of their output if that is
        above 1, and the count of ids that differ.

    Raises:
        ValueError: outputs, shapes or types differ from the recorded ones.

    Example:

    >>> compare({"word": ["a", "b"]}, {"word": np.array(["a", "x"])})
    (0.0, 1)
    """
    if set(expected) != set(answer):
        raise ValueError(f"outputs {sorted(answer)}, recorded were {sorted(expected)}")
    difference, ids_differ = 0.0, 0
    for name, theirs in answer.items():
        ours = np.asarray(expected[name])
        if ours.shape != theirs.shape:
            raise ValueError(f"{name} has shape {theirs.shape}, recorded was {ours.shape}")
        if ours.size and (ours.dtype.kind == "U") != (theirs.dtype.kind == "U"):
            raise ValueError(
                f"{name} is of another kind: {theirs.dtype}, recorded was {ours.dtype}"
            )
        lists = (answer.get(one) for one in ("score", "probability", "contribution"))
        score = next((x for x in lists if x is not None and x.shape == theirs.shape), None)
        if np.issubdtype(theirs.dtype, np.floating):
            ours = ours.astype(np.float64)
            gap = np.abs(ours - theirs) / np.maximum(_scale(ours), np.abs(ours))
            # Not the built-in max, which ignores nan.
            difference = float(np.max([difference, np.max(gap, initial=0.0)]))
        elif score is not None and score.ndim == 2:
            ids_differ += _ids_that_differ(ours, theirs, score)
        else:
            ids_differ += int(np.sum(ours != theirs))
    return difference, ids_differ


def agrees(difference: float, ids_differ: int) -> bool:
    """Whether the result of `compare` passes; nan does not."""
    return difference <= TOLERANCE and ids_differ == 0


def _scale(numbers: NDArray[Any]) -> float:
    """The largest magnitude, at least one, placeholders left out."""
    sizes = np.abs(numbers)
    return float(np.max(sizes, initial=1.0, where=sizes < np.finfo(np.float32).max))


def _ids_that_differ(ours: NDArray[Any], theirs: NDArray[Any], score: NDArray[Any]) -> int:
    """Count of ids [rows, k] that differ; items of equal scores may swap."""
    apart = np.abs(np.diff(score, axis=1)) > 2 * TOLERANCE * _scale(score)
    tie = np.pad(np.cumsum(apart, axis=1), ((0, 0), (1, 0)))
    # An item may tie with the last one and be cut off; not so past the end of a shorter list.
    free = (tie == tie[:, -1:]) & (score > np.finfo(score.dtype).min)
    differ = 0
    for row, fixed in enumerate(~free):
        places = tie[row, fixed].tolist()
        pairs = [
            Counter(zip(places, ids[row, fixed].tolist(), strict=True)) for ids in (ours, theirs)
        ]
        differ += (pairs[0] - pairs[1]).total()
    return differ


FILES = "(files)"
SIGNATURE = "(signature)"
OPERATIONS = "(operations)"
LOADING = "(loading)"


@dataclass(frozen=True)
class SignatureCheck:
    """Outcome for one signature and one loader.

    Args:
        signature: its name; in parentheses other checks: files, signature, operations, loading.
        passed: whether the check passed.
        difference: largest difference of numbers, relative to the largest of their output if that
            is above 1; nan if none was measured.
        ids_differ: count of ids that differ.
        reason: why it failed; or why a loader was skipped.
        loader: name of the loader; "" if the check needs none.
    """

    signature: str
    passed: bool
    difference: float
    ids_differ: int
    reason: str
    loader: str = ""

    def __str__(self) -> str:
        measured = f"largest difference {self.difference:.1e}, {self.ids_differ} ids differ"
        where = f"{self.signature}, {self.loader}" if self.loader else self.signature
        return f"{where}: {self.reason or measured}"


def verify(
    folder: Path, *, trust: bool = False, public_key: Path | None = None
) -> list[SignatureCheck]:
    """Check a version's files and graph, load it in three ways and compare every signature.

    The loaders are `tf.saved_model.load`, the session loader of TensorFlow 1 and TensorFlow's C
    library, each in a separate process in which neither Keras nor this project can be imported.
    They run one after another, so the memory needed is that of one. Real numbers must agree to 1e-5
    of the largest of their output, or to 1e-5 if that is below 1, and ids must be equal.

    Args:
        folder: a version folder, or the model's folder for its newest version.
        trust: load it also if its graph could do what no export of this kit does.
        public_key: PEM file of the key that has to have signed it; None does not ask.

    Returns:
        One check for each signature and loader. Other failed checks are added or replace them:
        "(files)" for a file that is missing, changed or unreadable, "(signature)" for a version
        that is not signed by the key, "(operations)" for what no
        export of this kit can do (nothing is loaded in these cases), "(loading)" for a loader
        without an answer.

    Raises:
        UserError: there is no export, or the key cannot be used.
    """
    version = version_folder(folder).resolve()
    problems = [] if trust else list(problems_of_files(version))
    damaged = [problem for _, problem in problems] or damages(version)
    if damaged:
        return [_failed(FILES, reason) for reason in damaged]
    if public_key is not None:
        problem = signature_problem(version, public_key, certified_digests(version))
        if problem:
            return [_failed(SIGNATURE, problem)]
    try:
        graph = read_graph(version)
        recorded = _recorded(version)
        custom = custom_operations(version)
        check_card(json_object(version / CARD), str(version / CARD))
    except UserError as error:
        return [_failed(FILES, f"{Path(error.where).relative_to(version)}: {error.what}")]
    if problems := [] if trust else list(problems_of_graph(version)):
        return [_failed(OPERATIONS, f"{file}: {problem}") for file, problem in problems]
    request = {
        "version": str(version),
        "modules": sorted(custom),
        "signatures": {name: asdict(signature) for name, signature in graph.signatures.items()},
        "cases": {name: {"inputs": case["inputs"]} for name, case in recorded.items()},
    }
    checks = []
    for number, loader in enumerate(LOADERS, start=1):
        with stage("verify") as asked:
            asked.note = f"{loader.name} (loader {number} of {len(LOADERS)})"
            answer = ask(loader, request)
        foreign = _foreign(graph, answer) if loader is C_LIBRARY else frozenset()
        if foreign:
            checks += _passed_over(graph, foreign, custom, loader.name)
        elif "error" in answer:
            checks.append(_failed(LOADING, answer["error"], loader.name))
        else:
            checks += [
                _compared(name, recorded, graph.signatures, answer["answers"], loader.name)
                for name in [*recorded, *(graph.signatures.keys() - recorded.keys())]
            ]
    return checks


def _compared(
    name: str,
    recorded: Mapping[str, Any],
    signatures: Mapping[str, Signature],
    answers: Mapping[str, Any],
    loader: str,
) -> SignatureCheck:
    if name not in signatures:
        return _failed(name, "the signature is missing", loader)
    if name not in recorded:
        return _failed(name, "no answers were recorded to compare with", loader)
    answer = answers[name]
    if "error" in answer:
        return _failed(name, answer["error"], loader)
    try:
        outputs = {key: _array(output) for key, output in answer["outputs"].items()}
        difference, ids_differ = compare(recorded[name]["outputs"], outputs)
    except (ValueError, TypeError, OverflowError) as error:
        return _failed(name, str(error), loader)
    for key, spec in signatures[name].outputs.items():
        dtype = answer["outputs"][key]["dtype"]
        if dtype != spec.dtype:
            return _failed(name, f"{key} is {dtype}, the signature says {spec.dtype}", loader)
    passed = agrees(difference, ids_differ)
    return SignatureCheck(name, passed, difference, ids_differ, "", loader)


def _array(output: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    dtype = {"string": "str", "bfloat16": "float32"}.get(output["dtype"], output["dtype"])
    return np.array(output["values"], dtype)


def _foreign(graph: SavedGraph, answer: Mapping[str, Any]) -> frozenset[str]:
    """Operations the C library lacks, if it got as far as listing its own."""
    if "op_list" not in answer:
        return frozenset()
    return graph.operations - names_of_operations(b64decode(answer["op_list"]))


def _passed_over(
    graph: SavedGraph, foreign: frozenset[str], custom: Mapping[str, list[str]], loader: str
) -> list[SignatureCheck]:
    """The C library cannot load custom operations; passes only if known modules register them."""
    unnamed = sorted(foreign - {name for names in custom.values() for name in names})
    if unnamed:
        reason = f"not in core TensorFlow and of no known module: {', '.join(unnamed)}"
        return [_failed(OPERATIONS, reason, loader)]
    reason = f"not possible, it needs {', '.join(sorted(foreign))} of {', '.join(sorted(custom))}"
    return [SignatureCheck(name, True, math.nan, 0, reason, loader) for name in graph.signatures]


def _recorded(version: Path) -> dict[str, Any]:
    file = version / "assets.extra" / "recorded.json"
    recorded = json_object(file)
    if not recorded:
        raise UserError("It holds no recorded answers to compare with.", where=str(file))
    for case in recorded.values():
        parts = [case.get(part) for part in ("inputs", "outputs")] if isinstance(case, dict) else []
        if not parts or not all(isinstance(part, dict) for part in parts):
            raise UserError("It is not what an export records.", where=str(file))
    return recorded


def _failed(signature: str, reason: str, loader: str = "") -> SignatureCheck:
    brief = " ".join(reason.split())
    brief = brief if len(brief) <= 300 else f"{brief[:300]} ..."
    return SignatureCheck(signature, False, math.nan, 0, brief, loader)
