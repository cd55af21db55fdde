"""Examples in docstrings become blocks of code on the site."""

import re
from typing import Any

import griffe

# From a prompt to the next empty line.
EXAMPLE = re.compile(r"^>>> .*(?:\n[^\n]+)*", flags=re.MULTILINE)


def fenced(docstring: str) -> str:
    return EXAMPLE.sub(lambda example: f"```pycon\n{example[0]}\n```", docstring)


class Doctests(griffe.Extension):
    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
