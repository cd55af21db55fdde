"""Strip whitespace from ids in requests, as readers of files do."""

from typing import Any

import tensorflow as tf

from kit.data import BLANKS

_CLASS = "[" + "".join(rf"\x{{{ord(sign):x}}}" for sign in BLANKS) + "]+"
_AT_ENDS = f"^{_CLASS}|{_CLASS}$"


def without_blanks(text: Any) -> Any:
    """Strip whitespace at both ends, in operations that stock TensorFlow Serving has.

    Example:

    >>> without_blanks(tf.constant([" u1\\xa0"])).numpy().tolist()
    [b'u1']
    """
    return tf.strings.regex_replace(text, _AT_ENDS, "")


class IdTable(tf.lookup.StaticHashTable):
    """Id to code; ids are stripped of whitespace before lookup, as in files."""

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        return super().lookup(without_blanks(keys), name)
