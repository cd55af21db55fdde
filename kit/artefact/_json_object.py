"""Files of an export that hold one JSON object."""

import json
from pathlib import Path
from typing import Any

from kit.errors import UserError

# What a card or recorded answers may hold: they grow with the catalogue, as saved_model.pb does.
BYTES, TIMES_THE_GRAPH = 64 * 1024 * 1024, 16


def json_object(file: Path) -> dict[str, Any]:
    """What a file of assets.extra holds.

    Raises:
        UserError: it cannot be read, is far larger than an export writes it, or holds something
            else.
    """
    try:
        if not file.is_file():
            raise UserError("It cannot be read: it is missing or no file.", where=str(file))
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
        raise UserError("It holds no JSON object.", where=str(file))
    return content


def _most_bytes(file: Path) -> int:
    graph = file.parent.parent / "saved_model.pb"
    return BYTES + TIMES_THE_GRAPH * (graph.stat().st_size if graph.is_file() else 0)
