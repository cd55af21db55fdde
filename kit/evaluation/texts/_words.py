"""The words of a text, coloured by how much each spoke for an answer."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from kit.tokenizers import Tokenizer

FAINTEST = 0.08
# Per cent; the letters have to stand out.
STRONGEST = 40


def word_weights(
    tokenizer: Tokenizer, text: str, weights: NDArray[np.floating]
) -> list[tuple[str, float | None]]:
    """The text in stretches, each with the sum of its pieces' weights.

    Args:
        tokenizer: that cut it.
        text: as it is written.
        weights: float [pieces], of the pieces in order, without marks; a text that was cut off has
            fewer than it has pieces.

    Returns:
        Stretches that make up the text; None for what no piece stands for.
    """
    found: list[tuple[str, float | None]] = []
    place = piece = 0
    for word, count in tokenizer.parts_of(text):
        at = text.find(word, place)
        if at < 0:
            # Signs that the tokenizer wrote otherwise: they stay without a weight.
            piece += count
            continue
        if at > place:
            found.append((text[place:at], None))
        place = at + len(word)
        some = weights[piece : piece + count]
        found.append((word, float(some.sum()) if len(some) == count else None))
        piece += count
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
    most = max((abs(weight) for _, weight in stretches if weight), default=1.0)
    parts = []
    for text, weight in stretches:
        share = abs(weight or 0.0) / most
        if share < FAINTEST:
            parts.append(escape(text))
            continue
        colour = "worse" if weight is not None and weight < 0 else "model"
        mix = f"color-mix(in srgb, var(--{colour}) {STRONGEST * share:.0f}%, transparent)"
        parts.append(f'<mark style="background: {mix}">{escape(text)}</mark>')
    return "".join(parts)
