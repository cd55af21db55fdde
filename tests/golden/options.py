"""Every option of every command, read from click: names, type, choices, bounds and default."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kit.cli import main

FILE = Path(__file__).with_name("options.json")
Options = dict[str, dict[str, dict[str, Any]]]


def current() -> Options:
    """The commands with their parameters: options by all their names, arguments by position."""
    return {name: _parameters(command) for name, command in _commands(main, "kit")}


def stored() -> Options:
    commands: Options = json.loads(FILE.read_text())
    return commands


def update() -> None:
    lines = []
    for command, parameters in current().items():
        rows = [f"    {json.dumps(n)}: {json.dumps(f)}" for n, f in sorted(parameters.items())]
        lines.append(f"  {json.dumps(command)}: {{\n" + ",\n".join(rows) + "\n  }")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for child in command.list_commands(context):
        found = command.get_command(context, child)
        assert found is not None
        yield from _commands(found, f"{name} {child}")


def _parameters(command: click.Command) -> dict[str, dict[str, Any]]:
    context = click.Context(command)
    described, position = {}, 0
    for parameter in command.params:
        facts = _facts(parameter, context)
        if isinstance(parameter, click.Option):
            described[" ".join([*parameter.opts, *parameter.secondary_opts])] = facts
        else:
            position += 1
            described[f"argument {position}"] = facts
    return described


def _facts(parameter: click.Parameter, context: click.Context) -> dict[str, Any]:
    facts = {
        "type": parameter.type.name,
        "default": _default(parameter, context),
        "required": parameter.required,
        "nargs": parameter.nargs,
        "multiple": parameter.multiple,
        "flag": isinstance(parameter, click.Option) and parameter.is_flag,
        "envvar": parameter.envvar,
        **_limits(parameter.type),
    }
    usual = {"required": False, "nargs": 1, "multiple": False, "flag": False, "envvar": None}
    return {name: value for name, value in facts.items() if usual.get(name, ...) != value}


def _default(parameter: click.Parameter, context: click.Context) -> Any:
    default = parameter.get_default(context)
    # No default is a value of its own in some versions of click.
    if repr(default).startswith("Sentinel."):
        default = None
    if parameter.multiple or parameter.nargs != 1:
        return list(default or [])
    if isinstance(default, Path):
        return str(default)
    if default is None and isinstance(parameter, click.Option) and parameter.is_flag:
        # Of --header and --no-header, neither; a flag alone is off.
        return None if parameter.secondary_opts else False
    return default


def _limits(of: click.ParamType) -> dict[str, Any]:
    if isinstance(of, click.Choice):
        return {"choices": list(of.choices)}
    if isinstance(of, click.Tuple):
        return {"types": [each.name for each in of.types]}
    if isinstance(of, click.Path):
        # Whether a missing or wrong kind of file is refused before the command begins.
        return {"exists": of.exists, "file": of.file_okay, "folder": of.dir_okay}
    bounds = {name: getattr(of, name, None) for name in ("min", "max", "min_open", "max_open")}
    return {
        name: bound for name, bound in bounds.items() if bound is not None and bound is not False
    }
