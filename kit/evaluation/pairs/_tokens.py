"""Tokens of texts in any script, for metrics and baselines."""

import unicodedata
from functools import lru_cache

import regex
from rouge_score.tokenizers import DefaultTokenizer

# Scripts that put no space between words.
CONTINUOUS = [
    "Han",
    "Hiragana",
    "Katakana",
    "Bopomofo",
    "Yi",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
    "Tai_Le",
    "New_Tai_Lue",
    "Tai_Tham",
    "Tai_Viet",
    "Javanese",
    "Balinese",
    "Tibetan",
]
_SCRIPTS = "".join(f"\\p{{scx={script}}}" for script in CONTINUOUS)
LETTER = rf"[\p{{L}}&&[{_SCRIPTS}]]"
# A letter of such a script with its marks; else a run of letters, marks and digits.
WORDS = regex.compile(rf"{LETTER}\p{{M}}*|(?:(?!{LETTER})[\p{{L}}\p{{N}}]\p{{M}}*)+", regex.V1)


def words_of(text: str) -> list[str]:
    """Words of letters, marks and digits, in lower case; scripts without spaces by the character.

    Compatible forms of a character (NFKC) are one. Joiners, soft hyphens and other characters that
    are not seen part no word.

    Example:

    >>> words_of("Über 3 Märkte: 北京, สวัสดี")
    ['über', '3', 'märkte', '北', '京', 'ส', 'วั', 'ส', 'ดี']
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
        # In lower case, a sign and its mark may be one again.
        return list(WORDS.findall(unicodedata.normalize("NFC", text.lower())))
    return list(WORDS.findall(text.lower()))


class RougeTokenizer:
    """The tokenizer of `RougeScorer`, for texts in any script.

    ASCII text and ASCII words have the tokens of the scorer's default tokenizer, which stems
    English.

    Example:

    >>> RougeTokenizer().tokenize("The models of Märkte")
    ['the', 'model', 'of', 'märkte']
    """

    NAME = (
        "Unicode words in lower case, scripts without spaces by the character, ASCII words stemmed"
    )

    def __init__(self) -> None:
        self._ascii = DefaultTokenizer(use_stemmer=True)
        self._stemmed = lru_cache(maxsize=1 << 16)(self._ascii.tokenize)

    def tokenize(self, text: str) -> list[str]:
        """Tokens of a text."""
        if text.isascii():
            return list(self._ascii.tokenize(text))
        return [
            token
            for word in words_of(text)
            for token in (self._stemmed(word) if word.isascii() else [word])
        ]
