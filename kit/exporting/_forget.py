"""Take people out of an export, without training it again."""

import hmac
import json
import secrets
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kit import exports
from kit.data import clean_id
from kit.errors import UserError
from kit.exporting._find_ids import files_of, files_with, is_distinct
from kit.exporting._saved_model import DRAFT, VerificationError, publish
from kit.exports import (
    SIGNATURE,
    check_intact,
    check_operations,
    forgotten_user,
    read_card,
    version_folder,
    write_manifest,
)
from kit.progress import stage

PROOF = Path("assets.extra", "forgotten.json")
"""Where a version states who was forgotten, without naming anybody, see `write_proof`."""
VARIABLES = Path("variables", "variables")
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
# The table of users by task: its name in the graph, and the code of its first user.
TABLES = {"retrieval": ("_user_code", 0), "two-stage": ("_user_code", 0)}
TABLES["customer-value"] = ("_codes", 1)
METHOD = (
    "Strings of the graph, of its variables, of warm-up requests and of JSON, Parquet, CSV and "
    "NumPy files were compared with the ids, running text was searched for them as words."
)


@dataclass(frozen=True)
class Forgotten:
    """What `forget` did.

    Args:
        version: the folder of the new version; None where the newest one knew none of the people.
        people: how many of them were in the newest version.
        unknown: how many were not.
        scanned: files of the new version that were searched for their ids, without a hit.
        receipt: key of the proof, in hexadecimal; it is stored nowhere.
        older: other versions of the model that hold some of them, and how many.
        was_signed: whether the version before was signed; the new one is not.
    """

    version: Path | None
    people: int
    unknown: int
    scanned: int = 0
    receipt: str = ""
    older: dict[Path, int] = field(default_factory=dict)
    was_signed: bool = False


@stage("export")
def forget(folder: Path, user_ids: Collection[str], *, trust: bool = False) -> Forgotten:
    """Write the next version of an export without some people, and verify it.

    Their ids, vectors and histories leave the tables of the graph; rows stay, empty and under a
    random name, so that nobody else's answers change. Requests for them are answered as those for
    unknown users. What was learned from everybody together (vectors of items, popularity) is as it
    was: that takes training without them. A proof is written, see `write_proof`.

    Args:
        folder: the model's folder, or a version.
        user_ids: who is to be forgotten.
        trust: also if it was changed, or could do what no export of this kit does.

    Returns:
        The new version, and older ones that still hold somebody.

    Raises:
        UserError: the model has no table of users, was changed, or would still hold an id.
        VerificationError: the answers for others changed; the version is removed.
    """
    version = version_folder(folder).resolve()
    check_operations(version, trust=trust)
    if not trust:
        check_intact(version)
    ids = {clean_id(one) for one in user_ids} - {""}
    model = version.parent
    rows = _rows(version, ids)
    older = versions_with(model, ids, besides=version)
    if not len(rows):
        return Forgotten(None, 0, len(ids), older=older)
    draft = Path(mkdtemp(prefix=DRAFT, dir=model))
    try:
        draft.chmod(0o755)
        shutil.copytree(version, draft, dirs_exist_ok=True)
        # Checksums of the graph as it was; nothing needs them. The signature is of other files.
        for name in (Path("fingerprint.pb"), SIGNATURE):
            (draft / name).unlink(missing_ok=True)
        _edit_graph(draft, version, rows)
        _edit_variables(draft, version, rows)
        receipt, scanned = write_proof(draft, ids)
        # This process wrote the version, so it may be loaded whatever its operations can do.
        checks = exports.verify(draft, trust=True)
        if not all(check.passed for check in checks):
            raise VerificationError(checks)
        return Forgotten(
            publish(draft, model),
            len(rows),
            len(ids) - len(rows),
            scanned,
            receipt,
            older | {version: len(rows)},
            (version / SIGNATURE).is_file(),
        )
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_proof(version: Path, user_ids: Collection[str]) -> tuple[str, int]:
    """Search every file of a version for ids, write that there is none, and the manifest anew.

    The proof, `assets.extra/forgotten.json`, must not name anybody, and a hash does: ids are few
    enough to try them all, with any salt that lies beside. So it holds keyed hashes (HMAC-SHA256),
    and the key, the receipt, is returned and stored nowhere: whoever has it can show that an id is
    among those that were forgotten, nobody else can.

    Args:
        version: its folder.
        user_ids: that it must not hold.

    Returns:
        The receipt and the number of files.

    Raises:
        UserError: a file holds an id.

    Example:

    >>> receipt, user = "00" * 32, "42"
    >>> hmac.new(bytes.fromhex(receipt), user.encode(), "sha256").hexdigest()[:16]
    '96ce0a5a8208370a'
    """
    ids = {clean_id(one) for one in user_ids}
    # An item's id or title says nothing of the user of the same name: the table of users would.
    names = getattr(read_card(version), "names", {})
    shared = ids & {*names.keys(), *names.values()}
    found = files_with(version, ids - shared)
    if not found and len(_rows(version, ids)):
        found = {version / "saved_model.pb": 1}
    if found:
        file, count = next(iter(found.items()))
        raise UserError(
            f"{file.relative_to(version)} still holds {count:,} of the ids; nothing was written.",
            where=str(file),
            expected="ids in the table of users alone",
            remedy="Train the model again without these users: --retrain.",
        )
    scanned = [path.relative_to(version) for path in files_of(version)]
    key = secrets.token_bytes(32)
    file = version / PROOF
    before = json.loads(file.read_text())["forgotten"] if file.is_file() else []
    proof = {
        "date": datetime.now(UTC).date().isoformat(),
        "people": len(ids),
        "keyed_hashes": sorted(hmac.new(key, one.encode(), "sha256").hexdigest() for one in ids),
        "files_scanned": len(scanned),
        "hits": 0,
        "method": METHOD,
        "ids_not_searched_in_running_text": sum(not is_distinct(one) for one in ids),
        "ids_searched_in_the_table_of_users_alone": len(shared),
    }
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"forgotten": [*before, proof]}, indent=1))
    (version / SIGNATURE).unlink(missing_ok=True)
    write_manifest(version)
    return key.hex(), len(scanned)


def versions_with(model: Path, user_ids: Collection[str], *, besides: Path) -> dict[Path, int]:
    """Other versions of a model whose tables hold some users.

    Returns:
        Version to how many of them; 0 of a version that cannot be searched.
    """
    ids = {clean_id(one) for one in user_ids}
    found = {}
    for version in sorted(model.iterdir()):
        is_version = version.name.isdecimal() and (version / "saved_model.pb").is_file()
        if is_version and version.resolve() != besides.resolve():
            try:
                rows = _rows(version, ids)
            except (UserError, DecodeError):
                found[version] = 0
                continue
            if len(rows):
                found[version] = len(rows)
    return found


def _rows(version: Path, ids: Collection[str]) -> NDArray[np.int64]:
    """Places of users in the table of a version."""
    names = [clean_id(one) for one in _table_of(version)[1]]
    return np.array([row for row, name in enumerate(names) if name in ids], np.int64)


def _table_of(version: Path) -> tuple[str, list[str]]:
    """The constant of the graph that holds the ids of the users, and the ids."""
    graph = SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0]
    constants = _string_constants(graph, TABLES[_task(version)][0])
    if not constants:
        raise UserError("The export has no table of users.", where=str(version))
    (name, tensor) = next(iter(constants.items()))
    return name, [value.decode() for value in tensor.string_val]


def _task(version: Path) -> str:
    card = read_card(version)
    if card.task not in TABLES:
        raise UserError(
            f"Nobody can be taken out of this model: it {card.purpose} and has no table of users.",
            where=str(version),
            expected="an export of a recommender, or of customer-value",
            remedy=f"Train it again without their rows: kit train {card.recipe or 'RECIPE'} --data "
            "FILE. In ranking models ids may be among the values of columns.",
        )
    return card.task


def _string_constants(graph: Any, table: str) -> dict[str, Any]:
    """The constants that a lookup table is filled with: node to tensor of strings."""
    objects = graph.object_graph_def
    nodes = {node.name: node for node in graph.graph_def.node}
    found = {}
    for child in objects.nodes[0].children:
        if child.local_name != table:
            continue
        for part in objects.nodes[child.node_id].children:
            for function in objects.nodes[part.node_id].function.concrete_functions:
                for bound in objects.concrete_functions[function].bound_inputs:
                    name = objects.nodes[bound].constant.operation
                    if name and nodes[name].attr["value"].tensor.string_val:
                        found[name] = nodes[name].attr["value"].tensor
    return found


def _edit_graph(draft: Path, version: Path, rows: NDArray[np.int64]) -> None:
    """Rename users in the table."""
    file = draft / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    (tensor,) = _string_constants(saved.meta_graphs[0], TABLES[_task(version)][0]).values()
    for row in rows:
        tensor.string_val[row] = forgotten_user(secrets.token_hex(8)).encode()
    file.write_bytes(saved.SerializeToString(deterministic=True))


def _edit_variables(draft: Path, version: Path, rows: NDArray[np.int64]) -> None:
    """Empty the rows of users in the variables that have some."""
    first = TABLES[_task(version)][1]
    reader = tf.train.load_checkpoint(str(version / VARIABLES))
    tensors = {name: reader.get_tensor(name) for name in reader.get_variable_to_dtype_map()}

    def edit(name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        if f"{name}{VALUE}" in tensors:
            tensors[f"{name}{VALUE}"] = change(tensors[f"{name}{VALUE}"].copy())

    def emptied(value: NDArray[Any]) -> NDArray[Any]:
        # Row 0 of customer values is what unknown ones get.
        value[rows + first] = value[0] if first else 0
        return value

    edit("_values" if first else "_users", emptied)
    if not first:
        edit("_offers/_visits", emptied)
        offsets = tensors[f"_owned_offsets{VALUE}"].copy()
        kept = np.ones(len(tensors[f"_owned_items{VALUE}"]), np.bool_)
        for row in rows:
            kept[offsets[row] : offsets[row + 1]] = False
        # What is free at the end belongs to nobody.
        free = int((~kept).sum())
        edit("_owned_items", lambda items: np.pad(items[kept], (0, free)))
        lengths = np.diff(offsets)
        lengths[rows] = 0
        edit("_owned_offsets", lambda _: np.concatenate([[0], np.cumsum(lengths)]))
    for file in (draft / VARIABLES.parent).iterdir():
        file.unlink()
    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(draft / VARIABLES),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.convert_to_tensor(tensors[name]) for name in names],
    )
