"""What a preset of keras-hub holds. Only this module imports it, when it is asked for."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kit.errors import UserError

Read = TypeVar("Read")


def read_preset(preset: str, read: Callable[[Any, str], Read]) -> Read:
    """What is read from a preset.

    Args:
        preset: its name, or a folder.
        read: takes the module keras_hub and the preset's place; may raise `UserError`.

    Raises:
        UserError: keras-hub is not installed, there is no such preset, it cannot be fetched or
            read, or `read` refuses it.
    """
    try:
        import keras_hub
    except ImportError:
        raise UserError(
            "A pretrained backbone needs keras-hub, which is not installed.",
            where="--backbone",
            remedy="Install it, pip install kit[pretrained], or leave --backbone out.",
        ) from None
    folder = Path(preset).expanduser()
    is_folder = folder.is_dir()
    if not is_folder and ("\\" in preset or preset.startswith((".", "/", "~"))):
        raise _no_preset(preset, "there is no such folder")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(keras_hub, os.fspath(folder) if is_folder else preset)
    except UserError:
        raise
    except Exception as error:  # Downloads and half a dozen formats fail in as many ways.
        raise _no_preset(preset, f"{type(error).__name__}: {str(error).splitlines()[0]}") from None


def _no_preset(preset: str, why: str) -> UserError:
    return UserError(
        f"The backbone cannot be loaded: {why}",
        where=f"--backbone {preset}",
        expected="a preset of keras-hub (https://keras.io/keras_hub/presets), or a folder that "
        "save_to_preset wrote",
        remedy="Check the name; a preset that is not on this machine needs a network.",
    )
