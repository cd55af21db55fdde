"""Operations beyond TensorFlow's core that an export needs."""

from importlib import import_module
from pathlib import Path
from typing import Any

from kit.errors import UserError
from kit.exports._card import CARD
from kit.exports._check import check_operations
from kit.exports._graph import read_graph
from kit.exports._program import MODULES
from kit.exports._read_card import read_card


def custom_operations(version: Path) -> dict[str, list[str]]:
    """Python module to its operations in the graph.

    The possible modules are fixed: a module that only a card names is never imported.

    Args:
        version: its folder.

    Raises:
        UserError: the graph cannot be read.
    """
    has = read_graph(version).operations
    found = {module: sorted(has.intersection(names)) for module, names in MODULES.items()}
    return {module: names for module, names in found.items() if names}


def operations_needed(version: Path) -> dict[str, list[str]]:
    """The custom operations that the card of an export states: Python module to their names.

    Raises:
        UserError: the card cannot be read.
    """
    if not (version / CARD).is_file():
        return {}
    return {module: list(names) for module, names in (read_card(version).custom_ops or {}).items()}


def register_operations(version: Path) -> None:
    """Load the operations that a version needs, before TensorFlow loads the version.

    Raises:
        UserError: a package that registers them is not installed.
    """
    for module, names in custom_operations(version).items():
        try:
            import_module(module)
        except ImportError as error:
            raise UserError(
                f"The export needs operations of {module}, which cannot be imported: {error}.",
                where=str(version),
                expected=f"a package that has {', '.join(names)}",
                remedy="Install it in the version that goes with this TensorFlow.",
            ) from None


def load_version(version: Path, *, trust: bool = False) -> Any:
    """`tf.saved_model.load` with the operations that the version needs.

    Args:
        version: its folder.
        trust: load it whatever it could do, see `check_operations`.

    Raises:
        UserError: it could do what no export of this kit does, or a package is not installed.
    """
    check_operations(version, trust=trust)
    import tensorflow as tf

    register_operations(version)
    return tf.saved_model.load(str(version))
