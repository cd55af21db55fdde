"""A small SavedModel of every kind of input, and what spoils one."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kit.exports import _verify, agrees, compare, read_graph, write_manifest
from kit.exports._check_saved_model import plain

WORDS = ["tea", "čaj 茶", "🫖"]


class Shelf(tf.Module):
    """Looks words up in a vocabulary and prices them; an asset lies beside it."""

    def __init__(self, vocabulary: Path, price: float = 2.5) -> None:
        super().__init__()
        vocabulary.write_text("\n".join(WORDS) + "\n")
        self.vocabulary = tf.saved_model.Asset(str(vocabulary))
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant(WORDS), tf.range(len(WORDS), dtype=tf.int64)
        )
        self.table = tf.lookup.StaticHashTable(initializer, default_value=-1)
        self.words = tf.constant([*WORDS, ""])
        self.price = tf.Variable([price, 2 * price, 3 * price, 0.0])

    def signatures(self) -> dict[str, Any]:
        return {"serving_default": self.buy, "word": self.word}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "word"),
            tf.TensorSpec([None], tf.int64, "count"),
            tf.TensorSpec([None, 2], tf.float32, "rebate"),
            tf.TensorSpec([], tf.bool, "gift"),
        ]
    )
    def buy(self, word: Any, count: Any, rebate: Any, gift: Any) -> dict[str, Any]:
        code = self.table.lookup(word)
        price = tf.gather(self.price, tf.where(code < 0, tf.constant(3, tf.int64), code))
        total = price * tf.cast(count, tf.float32) - tf.reduce_sum(rebate, axis=1)
        return {"total": total, "code": code, "free": total <= 0, "gift": gift}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "code")])
    def word(self, code: Any) -> dict[str, Any]:
        return {"word": tf.gather(self.words, code)}


RECORDED: dict[str, Any] = {
    "serving_default": {
        "inputs": {
            "word": ["tea", "čaj 茶", "nothing"],
            "count": [1, 3, 2],
            "rebate": [[0.5, 0.5], [0.0, 1.0], [0.0, 0.0]],
            "gift": True,
        },
        "outputs": {
            "total": [1.5, 14.0, 0.0],
            "code": [0, 1, -1],
            "free": [False, False, True],
            "gift": True,
        },
    },
    "word": {"inputs": {"code": [2, 3, 1]}, "outputs": {"word": ["🫖", "", "čaj 茶"]}},
}


def saved_shelf(folder: Path, *, price: float = 2.5) -> Path:
    """The version, without what verification needs beside it."""
    version = folder / "1"
    version.mkdir(parents=True)
    shelf = Shelf(folder / "words.txt", price)
    tf.saved_model.save(shelf, str(version), signatures=shelf.signatures())
    (folder / "words.txt").unlink()
    return version


def complete(version: Path) -> Path:
    """Add recorded answers, card and manifest."""
    extra = version / "assets.extra"
    extra.mkdir()
    (extra / "recorded.json").write_text(json.dumps(RECORDED))
    (extra / "card.json").write_text(json.dumps({"recipe": "shelf"}))
    write_manifest(version)
    return version


def request(version: Path) -> dict[str, Any]:
    """What a loader's script is asked."""
    signatures = read_graph(version).signatures
    return {
        "version": str(version),
        "modules": [],
        "signatures": {name: asdict(signature) for name, signature in signatures.items()},
        "cases": {name: {"inputs": case["inputs"]} for name, case in RECORDED.items()},
    }


def compared(expected: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Tensors beside what was recorded, after the way through JSON that both take."""
    outputs = {name: plain(tensor.dtype, tensor.numpy()) for name, tensor in answer.items()}
    arrays = {name: _verify._array(json.loads(json.dumps(o))) for name, o in outputs.items()}
    difference, ids_differ = compare(json.loads(json.dumps(expected)), arrays)
    passed = agrees(difference, ids_differ)
    return {"difference": difference, "ids_differ": ids_differ, "passed": passed}


def edit_graph(version: Path, change: Callable[[Any], object]) -> None:
    """Change the MetaGraphDef of saved_model.pb."""
    file = version / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    change(saved.meta_graphs[0])
    file.write_bytes(saved.SerializeToString())


def edit_json(version: Path, name: str, change: Callable[[Any], object]) -> None:
    """Change a JSON file of assets.extra."""
    file = version / "assets.extra" / f"{name}.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def variables(version: Path) -> Path:
    (file,) = (version / "variables").glob("*.data-*")
    return file


def truncate(version: Path) -> None:
    content = variables(version).read_bytes()
    variables(version).write_bytes(content[: len(content) // 2])


def flip(version: Path) -> None:
    """One bit of one weight, the length kept."""
    content = bytearray(variables(version).read_bytes())
    content[2] ^= 64
    variables(version).write_bytes(content)


def drop_asset(version: Path) -> None:
    (version / "assets" / "words.txt").unlink()


def rename_signature(version: Path) -> None:
    def change(graph: Any) -> None:
        graph.signature_def["words"].CopyFrom(graph.signature_def["word"])
        del graph.signature_def["word"]

    edit_graph(version, change)


def drop_signature(version: Path) -> None:
    edit_graph(version, lambda graph: graph.signature_def.pop("word"))


def retype_input(version: Path) -> None:
    def change(graph: Any) -> None:
        graph.signature_def["word"].inputs["code"].dtype = tf.string.as_datatype_enum

    edit_graph(version, change)


def retype_output(version: Path) -> None:
    def change(graph: Any) -> None:
        graph.signature_def["serving_default"].outputs["total"].dtype = tf.int64.as_datatype_enum

    edit_graph(version, change)


def rename_tensor(version: Path) -> None:
    def change(graph: Any) -> None:
        graph.signature_def["word"].inputs["code"].name = "elsewhere:0"

    edit_graph(version, change)
