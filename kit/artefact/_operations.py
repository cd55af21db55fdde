"""Operations beyond TensorFlow's core that an export needs."""

from importlib import import_module
from pathlib import Path
from typing import Any

from kit.artefact._json_object import json_object
from kit.errors import UserError

CARD = Path("assets.extra", "card.json")


def custom_operations(version: Path) -> dict[str, list[str]]:
    """Python module to the operations it registers, as the card of an export names them.

    Args:
        version: its folder.

    Raises:
        UserError: the card cannot be read.
    """
    file = version / CARD
    found = json_object(file).get("custom_ops", {})
    if not isinstance(found, dict) or not all(isinstance(names, list) for names in found.values()):
        raise UserError("custom_ops does not map modules to lists of names.", where=str(file))
    return found


def operations_needed(version: Path) -> dict[str, list[str]]:
    """`custom_operations`; none of what has no card, as it was not made by this kit."""
    return custom_operations(version) if (version / CARD).is_file() else {}


def register_operations(version: Path) -> None:
    """Load the operations that a version needs, before TensorFlow loads the version itself.

    Raises:
        UserError: a package that has them is not installed.
    """
    for module, names in operations_needed(version).items():
        try:
            import_module(module)
        except ImportError as error:
            raise UserError(
                f"The export needs operations of {module}, which cannot be imported: {error}.",
                where=str(version),
                expected=f"a package that has {', '.join(names)}",
                remedy="Install it in the version that goes with this TensorFlow.",
            ) from None


def load_version(version: Path) -> Any:
    """`tf.saved_model.load` with the operations that the version needs.

    Raises:
        UserError: a package that has them is not installed.
    """
    import tensorflow as tf

    register_operations(version)
    return tf.saved_model.load(str(version))
