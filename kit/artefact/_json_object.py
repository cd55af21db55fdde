"""Files of an export that hold one JSON object."""

import json
from pathlib import Path
from typing import Any

from kit.errors import UserError


def json_object(file: Path) -> dict[str, Any]:
    """What a file holds.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"It cannot be read: {error}.", where=str(file)) from error
    if not isinstance(content, dict):
        raise UserError("It holds no JSON object.", where=str(file))
    return content
