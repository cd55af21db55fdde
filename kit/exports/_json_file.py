"""JSON files in assets.extra of an export: its card, recorded answers, the manifest."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

from kit.errors import UserError

# Maximum sizes of a card and of recorded answers, which grow with the catalogue.
BYTES, TIMES_THE_GRAPH = 64 * 1024 * 1024, 16


def json_object(file: Path) -> dict[str, Any]:
    """The JSON object in a file of assets.extra.

    Raises:
        UserError: it cannot be read, is far larger than any export writes, or is not a JSON object.
    """
    try:
        if not file.is_file():
            raise UserError("It cannot be read: it is missing or not a file.", where=str(file))
        size, most = file.stat().st_size, _most_bytes(file)
        if size > most:
            raise UserError(
                f"It cannot be read: it has {size:,} bytes, far more than an export writes.",
                where=str(file),
                expected=f"at most {most:,}",
            )
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"It cannot be read: {error}.", where=str(file)) from error
    except RecursionError:
        raise UserError("It cannot be read: it is nested too deeply.", where=str(file)) from None
    if not isinstance(content, dict):
        raise UserError("It is not a JSON object.", where=str(file))
    return content


def _most_bytes(file: Path) -> int:
    graph = file.parent.parent / "saved_model.pb"
    return BYTES + TIMES_THE_GRAPH * (graph.stat().st_size if graph.is_file() else 0)


def with_bytes(values: Any) -> Any:
    """Decode `{"b64": ...}` in nested lists to bytes.

    Args:
        values: recorded inputs; other values do not change.

    Example:

    >>> with_bytes([{"b64": "aGk="}, "hi"])
    [b'hi', 'hi']
    """
    if isinstance(values, list):
        return [with_bytes(value) for value in values]
    return b64decode(values["b64"]) if isinstance(values, dict) else values
