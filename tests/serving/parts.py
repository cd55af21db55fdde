"""Small SavedModels of every kind, and how to ask for their answers."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import tensorflow as tf

from kit.serving import Server
from tests.exporting.parts import ITEMS, USERS, recommender


class Kinds(tf.Module):
    """Signatures of many types, with and without a batch."""

    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
    def scale(self, x):
        return {"y": x * self.factor}

    @tf.function(
        input_signature=[
            tf.TensorSpec([], tf.int64, "n"),
            tf.TensorSpec([], tf.bool, "flag"),
            tf.TensorSpec([None], tf.string, "text"),
        ]
    )
    def mixed(self, n, flag, text):
        return {"n": n + 1, "flag": tf.logical_not(flag), "text_bytes": text}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float64, "d"),
            tf.TensorSpec([None, 2], tf.int32, "i"),
            tf.TensorSpec([None], tf.bool, "b"),
            tf.TensorSpec([None], tf.uint8, "u"),
            tf.TensorSpec([None], tf.string, "s"),
        ]
    )
    def rows(self, d, i, b, u, s):
        return {"d": d / 3, "i": i + 1, "b": tf.logical_not(b), "u": u + 1, "s": s + "!"}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def picky(self, x):
        """Fails when any row is negative."""
        with tf.control_dependencies([tf.debugging.assert_non_negative(x, "negative row")]):
            return {"y": tf.sqrt(x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "steps")])
    def slow(self, steps):
        """Takes its time: some microseconds a step."""
        most = tf.reduce_max(steps)
        value = tf.while_loop(lambda i, v: i < most, lambda i, v: (i + 1, v + 1.0), (0, 0.0))[1]
        return {"y": tf.cast(steps, tf.float32) + 0.0 * value}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def total(self, x):
        """Its first dimension is free and is not that of the input."""
        return {"y": tf.boolean_mask(x, x > 0)}


def save_kinds(path: Path, factor: float = 2.0) -> Path:
    """A version folder of `Kinds`, whole when it appears under its name."""
    module = Kinds(factor)
    signatures = {
        "serving_default": module.scale,
        **{n: getattr(module, n) for n in ("mixed", "rows", "picky", "slow", "total")},
    }
    return publish(module, signatures, path)


def save_shop(path: Path) -> Path:
    """A version folder of a recommender."""
    module = recommender()
    return publish(module, module.signatures(), path)


def publish(module, signatures, path: Path) -> Path:
    draft = path.parent / f".draft-{path.name}"
    tf.saved_model.save(module, str(draft), signatures=signatures)
    draft.rename(path)
    return path


def drop_in(version: Path, path: Path) -> Path:
    """A copy of a version under another number, whole when it appears."""
    draft = path.parent / f".draft-{path.name}"
    shutil.copytree(version, draft)
    draft.rename(path)
    return path


KINDS_INPUTS = {
    "serving_default": {"x": np.array([[1, 2], [0.2, -3e10]], np.float32)},
    "mixed": {
        "n": np.array(41),
        "flag": np.array(True),
        "text": np.array(["ä".encode(), b""], object),
    },
    "rows": {
        "d": np.array([0.1, 2e300]),
        "i": np.array([[1, 2], [3, -4]], np.int32),
        "b": np.array([True, False]),
        "u": np.array([7, 255], np.uint8),
        "s": np.array([b"a", "茶".encode()], object),
    },
    "picky": {"x": np.array([4, 9], np.float32)},
    "slow": {"steps": np.array([3, 4], np.int32)},
    "total": {"x": np.array([4, 9], np.float32)},
}
PEOPLE = [*USERS, "nobody", ""]
SHOP_INPUTS = {
    "serving_default": {"user_id": np.array([u.encode() for u in PEOPLE], object)},
    "embed_user": {"user_id": np.array([u.encode() for u in PEOPLE], object)},
    "from_history": {"history": np.array([[i.encode() for i in ITEMS[:3]], [b""] * 3], object)},
    "similar_items": {"item_id": np.array([i.encode() for i in ITEMS], object)},
    "embed_item": {"item_id": np.array([i.encode() for i in ITEMS], object)},
}
SIGNATURES = [
    *(("kinds", name) for name in KINDS_INPUTS),
    *(("shop", name) for name in SHOP_INPUTS),
]


def inputs_of(model: str, signature: str) -> dict[str, np.ndarray]:
    return {"kinds": KINDS_INPUTS, "shop": SHOP_INPUTS}[model][signature]


def url(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.rest_port}{path}"


def predict(server: Server, model: str, body: object, version: int | None = None) -> httpx.Response:
    """POST a body, given as JSON or as bytes."""
    place = f"/v1/models/{model}" + (f"/versions/{version}" if version else "") + ":predict"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(url(server, place), content=content, timeout=30)


def error_of(response: httpx.Response) -> str:
    return response.json()["error"]


def wait_until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def together(function: Callable[[int], object], count: int) -> list[object]:
    """Call a function in threads at once; results in order."""
    results: list[object] = [None] * count

    def one(place: int) -> None:
        results[place] = function(place)

    threads = [threading.Thread(target=one, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
