"""Options of a command, made from classes of options."""

import functools
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import click

from kit.config import Option, Options

Function = Callable[..., Any]


class GroupedOption(click.Option):
    """An option that the help shows under a heading."""

    def __init__(self, *args: Any, group: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


def options(
    kind: type[Options],
    name: str,
    *,
    defaults: Options | None = None,
    source_is_argument: bool = False,
    rows: str = "rows",
) -> Callable[[Function], Function]:
    """Add an option for each field of a class; the command gets them as one value.

    Args:
        kind: a class of options.
        name: parameter of the command that takes a `kind`.
        defaults: other defaults than those of the class.
        source_is_argument: whether the field `data` is the command's argument, not an option.
        rows: what a batch is made of, in the plural.
    """
    made = _click_options(kind, defaults, source_is_argument, rows)
    names = [field.name for field in fields(kind)]

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def call(**values: Any) -> Any:
            bundle = kind(**{key: values.pop(key) for key in names if key in values})
            return function(**{name: bundle}, **values)

        decorated: Function = call
        for add in reversed(made):
            decorated = add(decorated)
        return decorated

    return decorate


def recipe_options(kind: type, *, rows: str) -> Callable[[Function], Function]:
    """Add the options of a recipe; the command gets them as its argument, a `kind`.

    Args:
        kind: a dataclass whose fields are `Options`; their defaults are those of the command.
        rows: what a batch is made of, in the plural.
    """
    hints = typing.get_type_hints(kind)

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def call(**values: Any) -> Any:
            return function(kind(**values))

        decorated: Function = call
        for bundle in reversed(fields(kind)):
            own = None if bundle.default is MISSING else bundle.default
            add = options(hints[bundle.name], bundle.name, defaults=own, rows=rows)
            decorated = add(decorated)
        return decorated

    return decorate


def _click_options(
    kind: type[Options], defaults: Options | None, source_is_argument: bool, rows: str
) -> list[Callable[[Function], Function]]:
    hints = typing.get_type_hints(kind)
    made: list[Callable[[Function], Function]] = []
    # Those of the base class, which are the same everywhere, come last.
    for field in sorted(fields(kind), key=lambda field: field.name not in kind.__annotations__):
        about: Option = field.metadata["option"]
        if source_is_argument and field.name == "data":
            made.append(click.argument("data", metavar=about.metavar))
            continue
        default = field.default if defaults is None else getattr(defaults, field.name)
        made.append(_click_option(field.name, about, hints[field.name], default, rows, kind.group))
    return made


def _click_option(
    name: str, about: Option, hint: Any, default: Any, rows: str, group: str
) -> Callable[[Function], Function]:
    words = {"rows": rows, "Rows": rows.capitalize(), "ROWS": rows.upper()}
    long = f"--{name.replace('_', '-')}"
    kinds = [one for one in _alternatives(hint) if one is not type(None)]
    settings: dict[str, Any] = {"help": about.help.format(**words), "group": group}
    if kinds == [bool]:
        names = about.names or (f"{long}/--no-{long[2:]}",)
        if "/" not in names[0]:
            return click.option(*names, name, is_flag=True, cls=GroupedOption, **settings)
        shown = default is not None
        return click.option(
            *names, name, default=default, show_default=shown, cls=GroupedOption, **settings
        )
    if about.metavar:
        settings["metavar"] = about.metavar.format(**words)
    if kinds and typing.get_origin(kinds[0]) is tuple:
        settings["multiple"] = True
    elif default is MISSING:
        settings["required"] = True
    else:
        settings["default"] = default
        settings["show_default"] = about.default_help or default is not None
    return click.option(
        *(about.names or (long,)), name, type=_type(about, kinds), cls=GroupedOption, **settings
    )


def _alternatives(hint: Any) -> tuple[Any, ...]:
    if isinstance(hint, types.UnionType):
        return typing.get_args(hint)
    return (hint,)


def _type(about: Option, kinds: list[Any]) -> Any:
    if about.choices:
        return click.Choice(list(about.choices))
    if kinds not in ([int], [float]):
        return str
    low = about.min if about.above is None else about.above
    high = about.max if about.below is None else about.below
    if low is high is None:
        return kinds[0]
    bounds: dict[str, Any] = {
        "min": low,
        "max": high,
        "min_open": about.above is not None,
        "max_open": about.below is not None,
    }
    return click.IntRange(**bounds) if kinds == [int] else click.FloatRange(**bounds)
