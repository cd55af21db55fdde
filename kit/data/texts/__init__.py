"""Open a source of texts with a class each, split it."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.texts._source import TextSource as TextSource
    from kit.data.texts._source import open_texts as open_texts
    from kit.data.texts._split import TextData as TextData
    from kit.data.texts._split import Texts as Texts
    from kit.data.texts._split import split_texts as split_texts

__getattr__, __dir__ = lazy_names(__name__, __file__)
