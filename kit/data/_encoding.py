"""Text as UTF-8, whatever encoding its file has."""

import codecs
import difflib
import encodings.aliases
import itertools
import re
import shlex
import unicodedata
from collections import Counter
from pathlib import Path

from kit.data._compression import compression_of, plain_copy, start_of
from kit.errors import UserError

_BLOCK = 1 << 24
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# By how often they are met.
_CANDIDATES = (
    "windows-1252",
    "windows-1251",
    "windows-1250",
    "shift_jis",
    "gb18030",
    "euc-kr",
    "euc-jp",
    "big5",
    "koi8-r",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "cp850",
    "cp866",
    "mac-roman",
    "latin-1",
)
_RARE = ("cp850", "cp866", "mac-roman", "latin-1")
_COMMON = set(
    "éèàçêâîôûëïüöäßñáíóúãõåøæąćęłńśźżčďěňřšťůžőűşğı°\u2019\u2018“”\u2013…€£"
    "оеаинтсрвлкмдпуяαιτοςενσρ"
    "יולהאםמרתاليمنرتبعد的一是了不人大中年本이다는가의을를에서세요안하고지の"
)
_WORD = re.compile(r"\w*[^\W\x00-\x7f]\w*|[^\x00-\x7f]")


def check_encoding(name: str, option: str) -> str:
    """The name of an encoding of text, as Python knows it.

    Raises:
        UserError: there is none of that name.
    """
    try:
        found = codecs.lookup(name)
        if found._is_text_encoding and found.name != "undefined":
            return found.name
    except (LookupError, ValueError):
        pass
    near = difflib.get_close_matches(name.lower(), encodings.aliases.aliases, n=1)
    raise UserError(
        f"There is no encoding '{name}'.",
        where=option,
        expected="a name such as windows-1252, windows-1251, shift_jis or utf-16",
        remedy=f"Did you mean {option} {near[0]}?" if near else "Check the name.",
    )


def to_utf8(content: bytes, path: Path, encoding: str | None, option: str | None) -> bytes:
    """A text in UTF-8, without byte order mark.

    What is UTF-8, or UTF-16 or UTF-32 with a byte order mark, is so whatever is named; an encoding
    is for the others.

    Args:
        content: of a file.
        path: of the file, for errors.
        encoding: of text that is not UTF-8, or None.
        option: that names an encoding, for errors; None where there is no such option.

    Raises:
        UserError: another encoding than it should be, or bytes of no text.
    """
    mark, marked = next((one for one in _MARKS if content.startswith(one[0])), (b"", None))
    content = content[len(mark) :]
    if marked is None:
        marked = _without_mark(content)
    if marked not in (None, "utf-8"):
        return _recoded(content, path, marked)
    bad = None if content.isascii() else _first_bad_byte(content)
    if encoding is not None and (bad is not None or _hides_text(content, encoding)):
        content = _recoded(content, path, encoding)
    elif bad is not None:
        raise _not_utf8(content, path, bad, option)
    if (zero := content.find(b"\0")) >= 0:
        command, new = _through(path, "tr -d '\\000'")
        raise UserError(
            "The file holds NUL bytes, which no text has.",
            where=f"{path}, line {content.count(10, 0, zero) + 1}, byte offset {zero}",
            expected="text, in UTF-8 or an encoding that is named",
            remedy=f"Write it again, or remove them: {command}, and use {new}",
        )
    return content


def _without_mark(content: bytes) -> str | None:
    """UTF-16 is known by its NUL bytes, which are all at even or all at odd places."""
    sample = content[:4096]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if not (high or low) or (high and low) or max(high, low) * 10 < len(sample) // 2:
        return None
    name = "utf-16-be" if high else "utf-16-le"
    try:
        content.decode(name)
    except UnicodeDecodeError:
        return None
    return name


def _hides_text(content: bytes, encoding: str) -> bool:
    """Whether bytes that look like ASCII may be other text in an encoding."""
    return content.isascii() and (
        b"\0" in content or b"\x1b" in content or encoding in ("utf-7", "hz")
    )


def _recoded(content: bytes, path: Path, encoding: str) -> bytes:
    try:
        return content.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        raise UserError(
            f"The file is not {encoding}: {getattr(error, 'reason', error)}.",
            where=f"{path}, byte offset {start}",
            expected=f"text in {encoding}",
            remedy="Name another encoding, or write the file again as UTF-8.",
        ) from None


def _first_bad_byte(content: bytes) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    for start in range(0, len(content), _BLOCK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _BLOCK], final=start + _BLOCK >= len(content))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


def _not_utf8(content: bytes, path: Path, bad: int, option: str | None) -> UserError:
    where = f"{path}, line {content.count(10, 0, bad) + 1}, byte offset {bad}"
    found = likely_encodings(content, bad)
    if not found:
        return UserError(
            f"The file is not text: byte 0x{content[bad]:02x}.",
            where=where,
            expected="text in UTF-8",
            remedy="Write the table again as CSV in UTF-8.",
        )
    if option is not None:
        first, *others = (f"{option} {name} if '{word}' is right" for name, word in found)
        return UserError(
            f"The file is not UTF-8: byte 0x{content[bad]:02x}.",
            where=where,
            expected="text in UTF-8, or the name of its encoding",
            remedy=f"Add {first}" + "".join(f", or {other}" for other in others) + ".",
        )
    name, word = found[0]
    command, new = _through(path, f"iconv -f {name.upper()} -t UTF-8")
    return UserError(
        f"The file is not UTF-8: byte 0x{content[bad]:02x}.",
        where=where,
        expected="text in UTF-8",
        remedy=f"If '{word}' is right, convert it: {command}, and use {new}",
    )


def likely_encodings(content: bytes, bad: int, most: int = 3) -> list[tuple[str, str]]:
    """Encodings a text may have, the likeliest first, and how a word of it reads in each.

    Args:
        content: the text.
        bad: place of the first byte that is not UTF-8.
        most: so many at most.

    Example:

    >>> likely_encodings("u1,café au lait\\n".encode("windows-1252"), 6, most=1)
    [('windows-1252', 'café')]
    """
    start = content.rfind(b"\n", 0, bad) + 1
    lines = content[start : start + (1 << 16)].split(b"\n")
    sample = b"\n".join([line for line in lines if not line.isascii()][:200])
    found: dict[str, tuple[float, str]] = {}
    for name in _CANDIDATES:
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            continue
        words = Counter(_WORD.findall(text))
        total = sum(words.values())
        if not total:
            continue
        score = sum(_likeness(word) * count for word, count in words.items()) / total
        score -= 0.6 * (name in _RARE) + 0.02 * _CANDIDATES.index(name)
        shown = next(iter(words))
        if shown not in {word for _, word in found.values()}:
            found[name] = (score, shown)
    likely: list[tuple[str, str]] = []
    for name in sorted(found, key=lambda name: -found[name][0]):
        if len(likely) < most and found[name][0] > -0.5 and _decodes(content, name):
            likely.append((name, found[name][1]))
    return likely


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _likeness(word: str) -> float:
    """How much a word looks like one of a language: -1 to 2."""
    foreign = [char for char in word if ord(char) > 127]
    if any(unicodedata.category(char) in ("Cc", "Cn", "Co") for char in foreign):
        return -1
    scripts = {_script(char) for char in word if char.isalpha()}
    letters = sum(char.isalpha() for char in foreign)
    score = 1.0 if letters else 0.2
    if len(scripts) > 1:
        score -= 1.5
    # Words of Latin letters have ASCII letters, too.
    if scripts == {"LATIN"} and letters > max(1, len(word) // 2):
        score -= 1
    if letters and len(word) == 1 and scripts != {"CJK"}:
        score -= 1
    if any(a.islower() and b.isupper() for a, b in itertools.pairwise(word)):
        score -= 1
    if not letters and not set(foreign) <= _COMMON:
        score -= 0.5
    return score + sum(char.lower() in _COMMON for char in foreign) / len(foreign)


def _script(char: str) -> str:
    name = unicodedata.name(char, "?").split(" ")[0].split("-")[0]
    # Japanese mixes three scripts in a word.
    return "CJK" if name in ("HIRAGANA", "KATAKANA", "HALFWIDTH", "FULLWIDTH") else name


def _through(path: Path, command: str) -> tuple[str, str]:
    """A shell command that changes a file, which may be compressed, and the name of its result."""
    kind = compression_of(start_of(path))
    tools = {"gzip": "gzip -dc <", "xz": "xz -dc <", "bzip2": "bzip2 -dc <", "zip": "unzip -p"}
    _, plain = plain_copy(path, kind)
    new = str(plain.with_name(f"{plain.stem}.utf8{plain.suffix or '.csv'}"))
    file_name, new = shlex.quote(str(path)), shlex.quote(new)
    if kind is None:
        return f"{command} < {file_name} > {new}", new
    return f"{tools.get(kind, 'cat')} {file_name} | {command} > {new}", new
