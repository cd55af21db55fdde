"""Several options that reach a command as one value."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

Function = Callable[..., Any]


def bundled(
    function: Function, options: Sequence[Callable[..., Any]], name: str, kind: type
) -> Function:
    """Add options to a command, which gets them as `name`, a `kind`.

    Args:
        function: the command.
        options: one for each field of the kind.
        name: parameter of the command.
        kind: a dataclass.
    """

    @functools.wraps(function)
    def call(**values: Any) -> Any:
        bundle = kind(**{field.name: values.pop(field.name) for field in fields(kind)})
        return function(**{name: bundle}, **values)

    decorated: Function = call
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
