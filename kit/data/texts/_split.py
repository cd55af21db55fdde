"""Split texts into parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data._class_split import check_classes, check_parts, drawn, given, limited
from kit.data._clean import CleaningStep
from kit.data._parts import PARTS, TEST, TRAIN, VALID
from kit.data.texts._source import TextSource
from kit.errors import UserError


@dataclass(frozen=True)
class Texts:
    """Texts and their classes.

    Args:
        texts: without white space around them, none empty.
        names: of each, for messages.
        labels: int32 [texts], numbers of their classes.
    """

    texts: Sequence[str]
    names: Sequence[str]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.integer]) -> "Texts":
        """Some of them, in this order."""
        return Texts(
            [self.texts[row] for row in rows], [self.names[row] for row in rows], self.labels[rows]
        )


NONE = "none"
# A column in which most rows have a value of their own tells no classes.
FEWEST_OF_A_CLASS = 2


@dataclass(frozen=True)
class TextData:
    """Texts, split.

    Args:
        name: the source, as the user named it.
        classes: names, in order.
        train: texts to learn from.
        valid: texts to choose by.
        test: texts to measure by.
        split: the protocol in a line of plain words.
        split_method: "given" or "random".
        texts_read: rows of the source.
        cleaning: what was left out.
        licence: attribution of a built-in set, else "".
        options: how the data were opened, an `Options` of `kit.config`, or None.
    """

    name: str
    classes: tuple[str, ...]
    train: Texts
    valid: Texts
    test: Texts
    split: str
    split_method: str
    texts_read: int
    cleaning: tuple[CleaningStep, ...]
    licence: str
    options: Any = field(default=None, kw_only=True, repr=False, compare=False)

    def __repr__(self) -> str:
        sizes = " / ".join(f"{len(part):,}" for part in (self.train, self.valid, self.test))
        return (
            f"TextData({self.name!r}: {len(self.classes)} classes; {sizes} texts in "
            "train / valid / test)"
        )


def split_texts(
    source: TextSource,
    method: str | None = None,
    *,
    limit: int | None = None,
    seed: int = 0,
    valid_share: float = 0.1,
    test_share: float = 0.1,
) -> TextData:
    """Leave out rows that cannot be used and split the others, each class in the same shares.

    A text of test that stands in train or valid, too, is left out there; and one of valid in train.

    Args:
        source: what `open_texts` returned.
        method: "given" or "random". None: given where the source has a split.
        limit: use only this many texts of train and valid, drawn at random.
        seed: of what is drawn.
        valid_share: share of the texts for valid; of a given train where it has no valid.
        test_share: share of the texts for test.

    Raises:
        UserError: no row has a text and a label, there is one class only, nearly every row has a
            class of its own, or a part stays empty.

    Example:

    >>> from kit.data.texts._source import open_texts
    >>> data = split_texts(open_texts("sentiment-labelled-sentences"))
    >>> len(data.train), len(data.valid), len(data.test), data.classes
    (2392, 300, 300, ('negative', 'positive'))
    """
    steps = []
    has_text = np.array([text is not None for text in source.texts], bool)
    has_label = np.array([label is not None for label in source.labels], bool)
    for name, rows in (
        ("rows without a text", ~has_text),
        ("rows without a label", has_text & ~has_label),
    ):
        if rows.any():
            steps.append(CleaningStep(name, int(rows.sum())))
    kept = np.flatnonzero(has_text & has_label).tolist()
    _check_rows(source, kept, has_text)
    names = [str(source.labels[row]) for row in kept]
    classes = tuple(sorted(set(names)))
    check_classes(classes, where=source.name, nouns="texts")
    _check_labels(source, classes, len(kept))
    number = {name: place for place, name in enumerate(classes)}
    labels = np.array([number[name] for name in names], np.int32)
    rng = np.random.default_rng(seed)
    if method is None:
        method = "given" if source.parts is not None else "random"
    if method == "given":
        part, words = given(
            source.parts,
            kept,
            labels,
            rng,
            where=source.name,
            valid_share=valid_share,
            seed=seed,
        )
    else:
        held = drawn(labels, (valid_share, test_share), rng)
        part = np.array([TRAIN, VALID, TEST])[held]
        train = 100 * (1 - valid_share - test_share)
        words = (
            f"random: {train:.0f}/{100 * valid_share:.0f}/{100 * test_share:.0f} % of the texts "
            f"of each class, seed {seed}"
        )
    every = Texts([str(source.texts[row]) for row in kept], [source.names[n] for n in kept], labels)
    part, of_later = _without_later(part, every)
    steps += of_later
    if limit is not None:
        part = limited(part, limit, rng)
        words += f"; {limit:,} texts of train and valid at most, seed {seed}"
    check_parts(part, labels, classes, where=source.name, noun="text")
    of_part = {one: every.take(np.flatnonzero(part == one)) for one in PARTS}
    return TextData(
        name=source.name,
        classes=classes,
        split=words,
        split_method=method,
        texts_read=len(source.texts),
        cleaning=tuple(steps),
        licence=source.licence,
        **of_part,
    )


def _without_later(
    part: NDArray[np.str_], every: Texts
) -> tuple[NDArray[np.str_], list[CleaningStep]]:
    """Leave out of train what stands in valid or test, and of valid what stands in test."""
    # The same words with other spaces are the same text.
    plain = np.array([" ".join(text.split()) for text in every.texts], dtype=object)
    part, steps = part.copy(), []
    for earlier, later in ((VALID, TEST), (TRAIN, VALID), (TRAIN, TEST)):
        known = set(plain[part == later])
        repeated = np.array([text in known for text in plain], bool) & (part == earlier)
        part[repeated] = NONE
        if repeated.any():
            name = f"texts of {earlier} that stand in {later}, too"
            steps.append(CleaningStep(name, int(repeated.sum())))
    return part, steps


def _check_rows(source: TextSource, kept: list[int], has_text: NDArray[np.bool_]) -> None:
    if len(kept):
        return
    what = "label" if has_text.any() else "text"
    raise UserError(
        f"No row has a {what}.",
        where=source.name,
        expected="rows with a text and a label",
        remedy=f"Is it the right column? Name another: --{what}-column NAME",
    )


def _check_labels(source: TextSource, classes: tuple[str, ...], rows: int) -> None:
    if rows >= FEWEST_OF_A_CLASS * len(classes):
        return
    raise UserError(
        f"There are {len(classes):,} classes in {rows:,} rows: most have one of their own.",
        where=source.name,
        expected="a label that several rows share",
        remedy="Is it the right column? Name another: --label-column NAME",
    )
