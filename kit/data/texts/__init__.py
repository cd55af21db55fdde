"""Open a source of texts with a class each, split it."""

from kit.data.texts._open import open_texts as open_texts
from kit.data.texts._source import TextSource as TextSource
from kit.data.texts._split import TextData as TextData
from kit.data.texts._split import split_texts as split_texts
from kit.data.texts._texts import Texts as Texts
