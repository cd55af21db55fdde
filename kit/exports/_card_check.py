"""Validate the fields of a card that the kit reads.

A card may come from an untrusted source. Its types are validated here, once, so that no other code
has to handle a list in place of a number.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from kit.errors import UserError
from kit.exports._program import MODULES

Check = Callable[[Any], str]
# Version of the card format. 1: no version and no task, other names of keys. 2: both are stated.
VERSION = 2
MOST = 2**31 - 1
MOST_PIXELS = 16_384
MOST_TOKENS = 65_536


def check_card(card: Mapping[str, Any], file: str) -> None:
    """Reject a card with a field of an invalid type or value.

    Args:
        card: the content of the file.
        file: its path.

    Raises:
        UserError: it names the file and the key; or the card has a newer version.
    """
    check_version(card, file)
    for key, check in CARD.items():
        if key in card and (wrong := check(card[key])):
            raise UserError(
                f"The card of the export is damaged: {key}{wrong}.",
                where=file,
                expected="what the export wrote",
                remedy="Export the model again; kit verify names what else was changed.",
            )


def check_version(card: Mapping[str, Any], file: str) -> None:
    """Reject a card of a newer version, whose keys may have another meaning.

    Args:
        card: the content of the file.
        file: its path.

    Raises:
        UserError: it is newer than this kit.
    """
    version = card.get("version", VERSION)
    if _whole(1)(version) == "" and version > VERSION:
        raise UserError(
            f"The card of the export has version {version}, which is newer than this kit.",
            where=file,
            expected=f"version {VERSION} or an earlier one",
            remedy="Update the kit to the version that made the export.",
        )


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else " is no text"


def _moment(value: Any) -> str:
    try:
        is_zoned = datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        is_zoned = False
    return "" if is_zoned else " is no date and time of a time zone"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else " is neither true nor false"


def _whole(least: int = 0, most: int = MOST) -> Check:
    def check(value: Any) -> str:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return (
            "" if is_whole and least <= value <= most else f" is no number from {least} to {most}"
        )

    return check


def _number(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if is_number and abs(value) <= 1e300 else " is no number"


def _measured(value: Any) -> str:
    # Metrics that could not be measured are null or nan.
    is_nan = isinstance(value, float) and not isfinite(value)
    return "" if value is None or is_nan else _number(value)


def _share(value: Any) -> str:
    return _number(value) or ("" if 0 <= value <= 1 else " is no share from 0 to 1")


def _one_of(*names: str) -> Check:
    def check(value: Any) -> str:
        known = isinstance(value, str) and value in names
        return "" if known else f" is none of {', '.join(names)}"

    return check


def _maybe(check: Check) -> Check:
    return lambda value: "" if value is None else check(value)


def _list(check: Check, length: int | None = None) -> Check:
    def check_all(value: Any) -> str:
        if not isinstance(value, list):
            return " is no list"
        if length is not None and len(value) != length:
            return f" has {len(value)} entries, not {length}"
        wrong = ((place, check(entry)) for place, entry in enumerate(value))
        return next((f"[{place}]{what}" for place, what in wrong if what), "")

    return check_all


def _unique(value: Any) -> str:
    wrong = _list(_text)(value)
    return wrong or ("" if len({*value}) == len(value) else " has one name twice")


def _map(check: Check) -> Check:
    def check_all(value: Any) -> str:
        if not isinstance(value, dict):
            return " is not an object"
        wrong = ((key, check(entry)) for key, entry in value.items())
        return next((f".{key[:40]}{what}" for key, what in wrong if what), "")

    return check_all


def _fields(needed: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys, and possibly others."""

    def check_all(value: Any) -> str:
        if not isinstance(value, dict):
            return " is not an object"
        if missing := [key for key in needed if key not in value]:
            return f".{missing[0]} is missing"
        checks = {**needed, **(optional or {})}
        wrong = ((key, check(value[key])) for key, check in checks.items() if key in value)
        return next((f".{key}{what}" for key, what in wrong if what), "")

    return check_all


def _triple(value: Any) -> str:
    """Column, mean and deviation."""
    wrong = _list(lambda _: "", 3)(value)
    return wrong or _text(value[0]) or _number(value[1]) or _number(value[2])


def _option(value: Any) -> str:
    """The value of a command's option."""
    if isinstance(value, list):
        return _list(_text)(value)
    return "" if value is None or isinstance(value, str | bool) else _number(value)


def _modules(value: Any) -> str:
    if wrong := _map(_list(_text))(value):
        return f" does not map modules to lists of names: custom_ops{wrong}"
    for module, names in value.items():
        if module not in MODULES or not {*names} <= {*MODULES[module]}:
            return f" names {module[:40]!r}, of which no export needs {', '.join(names)[:80]}"
    return ""


_metrics = _map(_fields({}, {"mean": _measured, "low": _measured, "high": _measured}))
_sentences: Check = lambda value: _text(value) and _list(_text)(value)  # noqa: E731
_settings = _fields(
    {},
    {
        "kind": _one_of("auto", "exact", "inverted-file", "scann"),
        "recall": _share,
        "rows": _one_of("float32", "bfloat16", "int8"),
    },
)
_dataset = _fields(
    {},
    {
        "name": _text,
        "rows": _whole(0, 2**53),
        "users": _maybe(_whole(0, 2**53)),
        "items": _maybe(_whole(0, 2**53)),
        "rows_of_part": _map(_whole(0, 2**53)),
        "cleaning": _list(_fields({"rows": _whole(0, 2**53), "dropped": _text})),
        "split": _maybe(_text),
        "licence": _text,
    },
)
_plan = _fields(
    {
        "visits": _whole(1),
        "made": _moment,
        "ends": _maybe(_moment),
        "budget": _maybe(_number),
        "contacts": _maybe(_whole(1)),
        "window_days": _whole(),
        "shares": _map(_share),
    }
)
CARD: dict[str, Check] = {
    "version": _whole(1),
    **dict.fromkeys(
        ("task", "noun", "recipe", "model", "how", "generation", "preset", "created"), _text
    ),
    # Keys of version 1 are validated, too.
    **dict.fromkeys(("writes", "output"), _one_of("translation", "summary")),
    # sacreBLEU's other tokenizers download models.
    "bleu_tokenizer": _one_of("13a", "intl", "char", "zh", "ja-mecab", "ko-mecab", "none"),
    "data": _map(_option),
    "options": _maybe(_map(_option)),
    "dataset": _maybe(_dataset),
    "results": _maybe(_fields({}, {"protocol": _text, "metrics": _metrics})),
    "baselines": _maybe(_map(_fields({"metrics": _metrics}))),
    "robustness": _maybe(
        _fields(
            {"protocol": _text, "metrics": _metrics},
            {"differences": _metrics, "left_out": _map(_text)},
        )
    ),
    "intended_use": _sentences,
    "limits": _sentences,
    "versions": _map(_text),
    "operations": _list(_text),
    "custom_ops": _modules,
    "names": _map(_maybe(_text)),
    "k": _whole(1),
    **dict.fromkeys(("exclude_seen", "known_users"), _flag),
    "index": _fields(
        {"kind": _one_of("exact", "inverted-file", "scann")},
        {
            "settings": _settings,
            "recall": _share,
            "recall_similar": _share,
            "probes": _whole(1),
            "lists": _whole(1),
        },
    ),
    "plan": _maybe(_plan),
    "segments": _maybe(
        _fields(
            {
                "seeds": _number,
                "halves": _number,
                "segments": _list(_fields({"name": _text, "users": _whole(0, 2**53)})),
            }
        )
    ),
    "privacy": _maybe(
        _fields(
            {"epsilon": _number, "delta": _number, "unit": _text, "method": _text},
            {"noise": _number, "noise_of_items": _number, "threshold": _number},
        )
    ),
    "item_contents": _list(_fields({"column": _text, "encoder": _text})),
    "learned_contents": _list(
        _fields(
            {
                "column": _text,
                "shape": _list(_whole(1, MOST_PIXELS)),
                "vocabulary": _unique,
            }
        )
    ),
    "item_encoder": _maybe(
        _fields(
            {
                "text": _list(_text),
                "numbers": _list(_triple),
                "vocabulary": _unique,
                "most_tokens": _whole(0, MOST_TOKENS),
            }
        )
    ),
    "second_stage": _fields({"category_column": _maybe(_text), "diversity": _share}),
    "labels": _map(lambda _: ""),
    "schema": _map(lambda _: ""),
    "classes": _unique,
    "shape": _list(_whole(1, MOST_PIXELS), 3),
    **dict.fromkeys(("picture_shape", "image_shape"), _list(_whole(1, MOST_PIXELS), 2)),
    **dict.fromkeys(("pieces", "length"), _whole(1)),
    "least_score": _maybe(_measured),
    "every": _one_of("hour", "day", "week", "month"),
    **dict.fromkeys(("horizon", "lookback"), _whole(1)),
    "levels": _list(_share),
    "series": _unique,
    **dict.fromkeys(
        ("known", "static"),
        _list(_fields({"name": _text, "kind": _one_of("number", "text")}, {"values": _unique})),
    ),
    "start": _text,
    "arms": _unique,
    "outcome": _text,
    "share": _share,
}
