"""The only module that imports TensorFlow Recommenders (TFRS).

TFRS is written for Keras 2, which it takes from `tf.keras`. That is Keras 3 unless an environment
variable selects Keras 2 at the first access. While TFRS runs, `tf.keras` is therefore Keras 2;
before and after it is whatever the user has.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

import tensorflow as tf

from kit.errors import UserError


@contextmanager
def tfrs() -> Iterator[ModuleType]:
    """Context manager that provides the module `tensorflow_recommenders`.

    Raises:
        UserError: TFRS is not installed or cannot be imported with this TensorFlow.
    """
    users_keras = vars(tf)["keras"]
    users_choice = os.environ.get("TF_USE_LEGACY_KERAS")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    try:
        # Replaced, not modified: the user's lazy loader stays as it was, resolved or not.
        vars(tf)["keras"] = _loaded("tf_keras.api._v2.keras")
        yield _library()
    finally:
        vars(tf)["keras"] = users_keras
        if users_choice is None:
            del os.environ["TF_USE_LEGACY_KERAS"]
        else:
            os.environ["TF_USE_LEGACY_KERAS"] = users_choice


def _library() -> ModuleType:
    """Import TFRS, treating a ScaNN that cannot be imported as not installed.

    By itself TFRS handles only an ImportError, but a ScaNN built for another TensorFlow raises
    other exceptions.
    """
    if "tensorflow_recommenders" in sys.modules or _scann_loads():
        return _loaded("tensorflow_recommenders")
    sys.modules["scann"] = None  # type: ignore[assignment]
    try:
        return _loaded("tensorflow_recommenders")
    finally:
        del sys.modules["scann"]


def _scann_loads() -> bool:
    try:
        import_module("scann")
    except Exception:
        return False
    return True


def _loaded(name: str) -> ModuleType:
    try:
        return import_module(name)
    except (ImportError, tf.errors.OpError) as error:
        raise UserError(
            f"TensorFlow Recommenders does not load: {error}",
            expected="tensorflow-recommenders 0.7.7 beside TensorFlow 2.21 (Linux)",
            remedy="Install it in the versions of constraints.txt.",
        ) from error
