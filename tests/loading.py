"""Exports that are loaded once, however many commands a module of tests asks them by."""

import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest


@lru_cache(maxsize=4)
def _loaded(load: Callable[[str], Any], path: str, inode: int, changed: int) -> Any:
    return load(path)


def load_once(patch: pytest.MonkeyPatch) -> None:
    """Loading takes seconds, and `tf.saved_model.load` gives what nothing changes."""
    if "tensorflow" not in sys.modules:
        return
    import tensorflow as tf

    load = tf.saved_model.load

    def cached(path: str) -> Any:
        found = os.stat(Path(path) / "saved_model.pb")
        return _loaded(load, str(path), found.st_ino, found.st_mtime_ns)

    patch.setattr(tf.saved_model, "load", cached)
