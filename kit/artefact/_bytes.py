"""Bytes in JSON, as TensorFlow Serving's REST API writes them."""

from base64 import b64decode
from typing import Any


def with_bytes(values: Any) -> Any:
    """Lists in which `{"b64": ...}` has become the bytes it stands for.

    Args:
        values: recorded inputs; everything else stays.

    Example:

    >>> with_bytes([{"b64": "aGk="}, "hi"])
    [b'hi', 'hi']
    """
    if isinstance(values, list):
        return [with_bytes(value) for value in values]
    return b64decode(values["b64"]) if isinstance(values, dict) else values
