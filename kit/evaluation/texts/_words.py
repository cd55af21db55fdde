"""The words of a text, coloured by how much each spoke for an answer."""

from collections.abc import Sequence
from html import escape
from math import isnan

import numpy as np
from numpy.typing import NDArray

from kit.tokenizers import Tokenizer, truncate_middle

FAINTEST = 0.08
# Per cent; the letters have to stand out.
STRONGEST = 40


def word_weights(
    tokenizer: Tokenizer, text: str, weights: NDArray[np.floating], length: int
) -> list[tuple[str, float | None]]:
    """The text in stretches, each with the sum of its pieces' weights.

    Args:
        tokenizer: that cut it.
        text: as it is written.
        weights: float [pieces], of the pieces that were read in order, without marks.
        length: maximum tokens of a text, special tokens included; the middle of a longer one is
            truncated.

    Returns:
        Stretches that make up the text; None for what no piece stands for, NaN for what was not
        read.
    """
    parts = tokenizer.pieces(text)
    count = sum(pieces for _, pieces in parts)
    of_piece = np.full(count, np.nan)
    start, end = truncate_middle(length)
    places = np.arange(count)
    of_piece[(places < start) | (places >= count - end)] = weights
    found: list[tuple[str, float | None]] = []
    place = piece = 0
    for word, pieces in parts:
        at = text.find(word, place)
        if at >= 0:
            if at > place:
                found.append((text[place:at], None))
            place = at + len(word)
            found.append((word, float(of_piece[piece : piece + pieces].sum())))
        # Else the tokenizer wrote its signs otherwise: they stay without a weight.
        piece += pieces
    if place < len(text):
        found.append((text[place:], None))
    return found


def coloured(stretches: Sequence[tuple[str, float | None]]) -> str:
    """The text as HTML: blue for what spoke for the answer, red for what spoke against it.

    Args:
        stretches: what `word_weights` gave.

    Example:

    >>> print(coloured([("not", -1.0), (" ", None), ("good", 2.0)]))
    <mark style="background: color-mix(in srgb, var(--worse) 20%, transparent)">not</mark> <mark
    style="background: color-mix(in srgb, var(--model) 40%, transparent)">good</mark>
    """
    known = [abs(weight) for _, weight in stretches if weight and not isnan(weight)]
    most = max(known, default=1.0)
    parts = []
    for text, weight in stretches:
        share = abs(weight or 0.0) / most
        if isnan(share) or share < FAINTEST:
            parts.append(escape(text))
            continue
        colour = "worse" if weight is not None and weight < 0 else "model"
        mix = f"color-mix(in srgb, var(--{colour}) {STRONGEST * share:.0f}%, transparent)"
        parts.append(f'<mark style="background: {mix}">{escape(text)}</mark>')
    return "".join(parts)
