"""Blanks at the ends of what servers are asked with, as of what files hold."""

from typing import Any

import tensorflow as tf

from kit.data import BLANKS

_CLASS = "[" + "".join(rf"\x{{{ord(sign):x}}}" for sign in BLANKS) + "]+"
_AT_ENDS = f"^{_CLASS}|{_CLASS}$"


def without_blanks(text: Any) -> Any:
    """Strings without blanks at their ends, in operations that every TensorFlow Serving has.

    Example:

    >>> without_blanks(tf.constant([" u1\\xa0"])).numpy().tolist()
    [b'u1']
    """
    return tf.strings.regex_replace(text, _AT_ENDS, "")


class IdTable(tf.lookup.StaticHashTable):
    """Id to code; ids are looked up as files are read, without blanks at their ends."""

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        return super().lookup(without_blanks(keys), name)
