"""Options as dataclasses: one field is one option, of a command and of a Python function."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from os import PathLike
from typing import Any, ClassVar, Self

from kit.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Option:
    """What a field of an `Options` class says of itself.

    Args:
        help: a sentence. `{rows}` stands for what a batch is made of.
        choices: the allowed values, where there are few.
        min: the least value.
        max: the greatest value.
        above: an excluded lower bound.
        below: an excluded upper bound.
        metavar: what stands for the value in the help.
        names: of the command's option, where they do not follow from the field's name; a truth
            value of one name is a flag, else it has an opposite.
        default_help: the default in words, where it is not a value.
    """

    help: str = ""
    choices: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None
    metavar: str | None = None
    names: tuple[str, ...] = ()
    default_help: str | None = None

    def expected(self) -> str:
        """The allowed values in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        bounds = {
            "at least": self.min,
            "at most": self.max,
            "above": self.above,
            "below": self.below,
        }
        return ", ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)

    def allows(self, value: Any) -> bool:
        """Whether a value is one of the choices, or within the bounds."""
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.min is self.max is self.above is self.below is None
        return (
            (self.min is None or value >= self.min)
            and (self.max is None or value <= self.max)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


def option(default: Any = MISSING, help: str = "", **about: Any) -> Any:
    """A field of an `Options` class.

    Args:
        default: its value where none is given; without, the option is required.
        help: a sentence for the command's help.
        about: further arguments of `Option`.

    Example:

    >>> @dataclass(frozen=True, kw_only=True)
    ... class Search(Options):
    ...     beams: int = option(4, "Beam width; 1 is greedy decoding.", min=1, max=64)
    >>> Search().beams
    4
    >>> Search(beams=0)
    Traceback (most recent call last):
        ...
    kit.errors.UserError: Invalid value of beams: 0.
      where: Search
      expected: at least 1, at most 64
    """
    return field(default=default, metadata={"option": Option(help=help, **about)})


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of the classes of options.

    Raises:
        UserError: a value is none of the choices or out of bounds.
    """

    group: ClassVar[str] = "Model"
    # Whether they are arguments of the model, which exists when `kit.fit` is called.
    of_model: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, about in options_of(type(self)).items():
            value = getattr(self, name)
            if value is not None and not about.allows(value):
                raise UserError(
                    f"Invalid value of {name}: {value!r}.",
                    where=type(self).__name__,
                    expected=about.expected(),
                )

    @classmethod
    def of_card(cls, values: Mapping[str, Any]) -> Self:
        """From what `card` gave, after its way through JSON."""
        known = {one.name for one in fields(cls)}
        return cls(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in values.items()
                if name in known
            }
        )

    def card(self) -> dict[str, Any]:
        """The values, as the card of an export keeps them."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}


# What does not change what is learned: where data lie and results go, what is shown, who computes.
# That the data are the same their content says.
WITHOUT_EFFECT = {"data", "items", "users", "output", "report", "sign", "quiet", "strategy"}
WITHOUT_EFFECT |= {"promote_if_better", "keep_versions"}


def _plain(value: Any) -> Any:
    if isinstance(value, PathLike):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str | tuple):
        return value
    return repr(type(value).__name__)


def options_of(kind: type) -> dict[str, Option]:
    """Name to option of every field of a class of options."""
    return {one.name: one.metadata["option"] for one in fields(kind) if "option" in one.metadata}


def bundles(options: Any) -> Iterator[tuple[str, Options]]:
    """Name and value of the fields of a dataclass that are `Options` themselves."""
    for one in fields(options):
        value = getattr(options, one.name)
        if isinstance(value, Options):
            yield one.name, value


def override(options: Any, values: Mapping[str, Any], where: str = "options") -> Any:
    """The options of a recipe with some of them changed.

    Args:
        options: a dataclass whose fields are `Options`.
        values: name to value of options, whichever field they belong to.
        where: named in the error.

    Raises:
        UserError: there is no such option, or a value is not allowed.
    """
    left = dict(values)
    changed = {}
    for name, bundle in bundles(options):
        own = {key: left.pop(key) for key in options_of(type(bundle)) if key in left}
        if own:
            changed[name] = replace(bundle, **own)
    if left:
        known = sorted(key for _, bundle in bundles(options) for key in options_of(type(bundle)))
        raise unknown_option(next(iter(left)), known, where)
    return replace(options, **changed)


def override_chosen(options: Any, names: Sequence[str], settings: Mapping[str, Any]) -> Any:
    """The options of a recipe with what its training chose, to train once more in the same way.

    Args:
        options: a dataclass whose fields are `Options`.
        names: of the options that training chooses where they are not given.
        settings: of the run. Where an option was found to be None, none is asked for by 0.
    """
    return override(options, {name: settings[name] or 0 for name in names if name in settings})


def unknown_option(name: str, known: list[str], where: str) -> UserError:
    """An error that names what is close, and what there is."""
    close = get_close_matches(name, known, n=1)
    return UserError(
        f"Unknown argument {name!r}.",
        where=where,
        expected=", ".join(known),
        remedy=f"Did you mean {close[0]}?" if close else "Leave it out.",
    )


def changed_values(options: Any) -> dict[str, Any]:
    """Name to value of the options of a recipe that are not as they are by default.

    Those of the data are left out, as are those that have no effect on the model.
    """
    defaults = {one.name: one.default for one in fields(options)}
    return {
        name: _plain(getattr(bundle, name))
        for field, bundle in bundles(options)
        if field not in ("data", "checkpoint")
        for name in options_of(type(bundle))
        if name not in WITHOUT_EFFECT
        and getattr(bundle, name) != getattr(defaults[field], name, None)
    }


def as_values(options: Any) -> dict[str, Any]:
    """Name to value of every option of a recipe."""
    return {key: value for _, bundle in bundles(options) for key, value in asdict(bundle).items()}
