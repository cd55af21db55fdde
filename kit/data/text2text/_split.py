"""Split pairs into what a model learns from, is chosen by and is measured on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from kit.data._clean import CleaningStep
from kit.data._parts import PARTS, TEST, TRAIN, VALID
from kit.data.text2text._source import Text2TextSource
from kit.errors import UserError

FEWEST = 2


@dataclass(frozen=True)
class TextPairs:
    """Texts and what may be made of each.

    Args:
        sources: different texts.
        references: of each, the targets that came with it, one or more.
    """

    sources: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.sources)

    def rows(self) -> tuple[list[str], list[str]]:
        """Every pair, as two lists; a source comes once for each of its references."""
        pairs = [
            (s, r) for s, some in zip(self.sources, self.references, strict=True) for r in some
        ]
        return [source for source, _ in pairs], [target for _, target in pairs]


@dataclass(frozen=True)
class Text2TextData:
    """Pairs of texts, split.

    Args:
        name: the source, as the user named it.
        names: what the source calls its two sides.
        train: pairs to learn from.
        valid: pairs to choose by.
        test: pairs to measure by.
        split: the protocol in a line of plain words.
        split_method: "given" or "random".
        pairs_read: pairs of the source.
        cleaning: what was left out.
        licence: attribution of a built-in set, else "".
        options: how the data were opened, an `Options` of `kit.config`, or None.
    """

    name: str
    names: tuple[str, str]
    train: TextPairs
    valid: TextPairs
    test: TextPairs
    split: str
    split_method: str
    pairs_read: int
    cleaning: tuple[CleaningStep, ...]
    licence: str
    options: Any = field(default=None, kw_only=True, repr=False, compare=False)

    def __repr__(self) -> str:
        sizes = " / ".join(f"{len(part):,}" for part in (self.train, self.valid, self.test))
        return f"Text2TextData({self.name!r}: {sizes} texts in train / valid / test)"


def split_text2text(
    source: Text2TextSource,
    method: str | None = None,
    *,
    limit: int | None = None,
    seed: int = 0,
    valid_share: float = 0.05,
    test_share: float = 0.05,
) -> Text2TextData:
    """Split pairs so that no source text is in two parts.

    Pairs without one of the texts are left out, and those that come again. Of a given split, what
    is in test is left out of train and valid, and what is in valid out of train.

    Args:
        source: what `open_text2text` returned.
        method: "given" or "random". None: given where the source has a test part.
        limit: use only this many texts of train and valid, drawn at random.
        seed: of what is drawn.
        valid_share: share of the source texts for valid; of a given train where it has no valid.
        test_share: share of the source texts for test.

    Raises:
        UserError: a part stays empty, or there is no split where one was asked for.

    Example:

    >>> from kit.data.text2text._source import open_text2text
    >>> data = split_text2text(open_text2text("tatoeba-eng-fra-part"))
    >>> len(data.train), len(data.valid), len(data.test)
    (14400, 800, 800)
    """
    if method is None:
        method = "given" if source.parts is not None else "random"
    if method == "given" and source.parts is None:
        raise UserError(
            "The source has no split of its own.",
            where=source.name,
            expected="files train and test, or splits of that name",
            remedy="Leave --split given out.",
        )
    counts: Counter[str] = Counter()
    whole = _grouped(source, source.parts if method == "given" else None, counts)
    rng = np.random.default_rng(seed)
    if method == "given":
        words = "given: train, valid and test as the source has them"
        there = "train and test as the source has them"
        if not whole[TEST]:
            whole[TEST], whole[VALID], there = whole[VALID], {}, "test is its valid part"
        if not whole[VALID]:
            held = _drawn(list(whole[TRAIN]), [valid_share], rng)[0]
            whole[VALID] = {text: whole[TRAIN].pop(text) for text in held}
            words = (
                f"given: {there}, {100 * valid_share:.0f} % of the texts of train drawn as valid, "
                f"seed {seed}"
            )
    else:
        valid, test = _drawn(list(whole[TRAIN]), [valid_share, test_share], rng)
        for part, held in ((VALID, valid), (TEST, test)):
            whole[part] = {text: whole[TRAIN].pop(text) for text in held}
        shares = [100 * (1 - valid_share - test_share), 100 * valid_share, 100 * test_share]
        words = f"random: {'/'.join(f'{s:.0f}' for s in shares)} % of the source texts, seed {seed}"
    if limit is not None:
        _limit(whole, limit, rng)
        words += f"; {limit:,} texts of train and valid at most, seed {seed}"
    for part in PARTS:
        if len(whole[part]) < FEWEST:
            raise UserError(
                f"The part {part} holds {len(whole[part])} texts.",
                where=source.name,
                expected=f"{FEWEST} or more different texts in train, valid and test",
                remedy="Give more pairs.",
            )
    return Text2TextData(
        name=source.name,
        names=source.names,
        split=words,
        split_method=method,
        pairs_read=len(source.sources),
        cleaning=tuple(CleaningStep(name, count) for name, count in counts.items() if count),
        licence=source.licence,
        **{part: _pairs(whole[part]) for part in PARTS},
    )


def _grouped(
    source: Text2TextSource, parts: Sequence[str] | None, counts: Counter[str]
) -> dict[str, dict[str, dict[str, None]]]:
    """Part to source text to its targets; what is left out is counted."""
    whole: dict[str, dict[str, dict[str, None]]] = {part: {} for part in PARTS}
    place: dict[str, str] = {}
    order = range(len(source.sources))
    if parts is not None:
        # Test first: what it holds may be in no other part.
        order = sorted(order, key=lambda row: -PARTS.index(parts[row]))  # type: ignore[assignment]
    for row in order:
        text, target = source.sources[row], source.targets[row]
        part = TRAIN if parts is None else parts[row]
        if not text or not target:
            counts["pairs without one of the texts"] += 1
        elif place.setdefault(text, part) != part:
            counts[f"pairs of {part} whose source is in {place[text]}, too"] += 1
        elif target in whole[part].get(text, {}):
            counts["pairs that come again"] += 1
        else:
            whole[part].setdefault(text, {})[target] = None
    return whole


def _drawn(texts: list[str], shares: Sequence[float], rng: np.random.Generator) -> list[list[str]]:
    order = rng.permutation(len(texts))
    ends = np.round(np.cumsum([0.0, *shares]) * len(texts)).astype(int)
    # In the order of the source.
    return [[texts[n] for n in np.sort(order[first:last])] for first, last in pairwise(ends)]


def _limit(
    whole: dict[str, dict[str, dict[str, None]]], limit: int, rng: np.random.Generator
) -> None:
    every = [(part, text) for part in (TRAIN, VALID) for text in whole[part]]
    for number in rng.permutation(len(every))[limit:]:
        part, text = every[number]
        del whole[part][text]


def _pairs(found: dict[str, dict[str, None]]) -> TextPairs:
    return TextPairs(tuple(found), tuple(tuple(targets) for targets in found.values()))
