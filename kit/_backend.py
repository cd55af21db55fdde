"""Keras has to run on TensorFlow; importing this module says so if it does not.

Packages whose modules import Keras import it first.
"""

import json
import os
import sys
from pathlib import Path

from kit.errors import UserError


def check_backend() -> None:
    """Look up which backend Keras has or will have, without importing it.

    Raises:
        UserError: it is not TensorFlow.
    """
    keras = sys.modules.get("keras")
    folder = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    if keras is not None and hasattr(keras, "config"):
        backend, where = keras.config.backend(), "Keras, which is imported already"
    elif backend := os.environ.get("KERAS_BACKEND", ""):
        where = "KERAS_BACKEND in the environment"
    else:
        backend, where = _configured(folder / "keras.json"), str(folder / "keras.json")
    if backend not in ("", "tensorflow"):
        raise UserError(
            f"Keras is set to run on {backend!r}; this kit needs it to run on TensorFlow.",
            where=where,
            expected="the backend tensorflow",
            remedy="Set KERAS_BACKEND=tensorflow in the environment before Keras is imported: "
            "export KERAS_BACKEND=tensorflow",
        )


def _configured(file: Path) -> str:
    try:
        settings = json.loads(file.read_text())
    except (OSError, ValueError):
        return ""
    backend = settings.get("backend", "") if isinstance(settings, dict) else ""
    return backend if isinstance(backend, str) else ""


check_backend()
