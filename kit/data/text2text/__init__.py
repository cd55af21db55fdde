"""Pairs of texts, the one to be generated from the other: open a source and split it."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.text2text._source import Text2TextSource as Text2TextSource
    from kit.data.text2text._source import open_text2text as open_text2text
    from kit.data.text2text._split import Text2TextData as Text2TextData
    from kit.data.text2text._split import TextPairs as TextPairs
    from kit.data.text2text._split import split_text2text as split_text2text

__getattr__, __dir__ = lazy_names(__name__, __file__)
