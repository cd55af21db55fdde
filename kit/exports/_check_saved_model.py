"""Run a SavedModel by the two loaders of TensorFlow for Python; needs TensorFlow only.

Run as a script in a separate process, with a request on standard input. Keras and this project
cannot be imported there, so the result is that of a server.
"""

import json
import sys
from base64 import b64decode
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOREIGN = ("kit", "keras", "tf_keras", "tensorflow_recommenders")
if __name__ == "__main__":
    # TensorFlow imports Keras if it is installed; None makes the import fail.
    sys.modules.update(dict.fromkeys(FOREIGN))  # type: ignore[arg-type]

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]


def by_load(version: str) -> Ask:
    """The functions that `tf.saved_model.load` returns."""
    signatures = tf.saved_model.load(version).signatures

    def ask(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        specs = signatures[name].structured_input_signature[1]
        tensors = {
            key: tf.constant(with_bytes(value), specs[key].dtype) for key, value in inputs.items()
        }
        outputs = signatures[name](**tensors)
        return {key: plain(t.dtype, t.numpy()) for key, t in outputs.items()}

    return ask


def by_session(version: str) -> Ask:
    """The session loader of TensorFlow 1, as `saved_model_cli run` uses it."""
    session = tf.compat.v1.Session(graph=tf.Graph())
    signatures = tf.compat.v1.saved_model.load(session, ["serve"], version).signature_def

    def ask(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        # As dicts: a protobuf map creates missing keys on access.
        signature = dict(signatures)[name]
        specs = dict(signature.inputs)
        tensors = {key: session.graph.get_tensor_by_name(specs[key].name) for key in inputs}
        feeds = {
            t: np.array(with_bytes(inputs[key]), t.dtype.as_numpy_dtype)
            for key, t in tensors.items()
        }
        fetches = {
            key: session.graph.get_tensor_by_name(spec.name)
            for key, spec in signature.outputs.items()
        }
        outputs = session.run(fetches, feeds)
        return {key: plain(fetches[key].dtype, value) for key, value in outputs.items()}

    return ask


def register(module: str) -> None:
    """Load the operations of a package, without its Python code if that needs Keras."""
    try:
        import_module(module)
    except ImportError:
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            raise
        for library in sorted(Path(spec.origin).parent.rglob("*.so")):
            tf.load_op_library(str(library))


def with_bytes(values: Any) -> Any:
    """As in `kit.exports`, which cannot be imported here."""
    if isinstance(values, list):
        return [with_bytes(value) for value in values]
    return b64decode(values["b64"]) if isinstance(values, dict) else values


def plain(dtype: Any, value: Any) -> dict[str, Any]:
    """A tensor's value as JSON."""
    values = np.asarray(value).tolist()
    return {"dtype": dtype.name, "values": _text(values) if dtype == tf.string else values}


def _text(values: Any) -> Any:
    return [_text(value) for value in values] if isinstance(values, list) else values.decode()


def main(request: dict[str, Any]) -> dict[str, Any]:
    """The "outputs" or "error" of each signature; only "error" if the model does not load.

    Args:
        request: "way" (load or session), "version", "modules" to import first, and "cases":
            signature to "inputs", as lists.
    """
    try:
        for module in request["modules"]:
            register(module)
        ask = {"load": by_load, "session": by_session}[request["way"]](request["version"])
    except Exception as error:  # A damaged file may fail anywhere.
        return {"error": f"{type(error).__name__}: {error}"}
    answers: dict[str, dict[str, Any]] = {}
    for name, case in request["cases"].items():
        try:
            answers[name] = {"outputs": ask(name, case["inputs"])}
        except KeyError as error:
            answers[name] = {"error": f"there is no {error}"}
        except (ValueError, TypeError, tf.errors.OpError) as error:
            answers[name] = {"error": str(error)}
    return {"answers": answers}


if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
