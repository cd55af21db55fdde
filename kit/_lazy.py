"""Packages whose modules are imported when a name is first used."""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def lazy_names(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package that imports its names under `TYPE_CHECKING`.

    A type checker reads these imports; at run time each is made when its name is asked for, so
    that what needs neither TensorFlow nor Keras does not wait for them.

    Args:
        package: `__name__` of the package.
        file: its `__file__`.
    """
    block = next(
        node for node in ast.parse(Path(file).read_text()).body if isinstance(node, ast.If)
    )
    modules = {
        name.asname or name.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module
        for name in statement.names
    }

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
        if modules[name] == package:
            return import_module(f"{package}.{name}")
        value = getattr(import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted(modules)
