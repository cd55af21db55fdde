"""Misspelled and otherwise changed texts."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kit.data.texts import Texts
from kit.evaluation._classes import ClassPredictions
from kit.evaluation._robustness import (
    MOST_EXAMPLES,
    Predict,
    Robustness,
    drawn_rows,
    how_many,
)
from kit.progress import stage

WORD = re.compile(r"\S+")
ROWS_OF_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# Latin letters that look like Cyrillic ones.
LOOK_ALIKES = str.maketrans(
    "aceiopsxyABCEHIKMOPSTXY",
    "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443"
    "\u0410\u0412\u0421\u0415\u041d\u0406\u041a\u041c\u041e\u0420\u0405\u0422\u0425\u0423",
)

ChangeWord = Callable[[str, np.random.Generator], str]


def _neighbours() -> dict[str, str]:
    """Letter to the letters beside, above and below it."""
    near: dict[str, str] = {}
    for number, row in enumerate(ROWS_OF_KEYS):
        for place, key in enumerate(row):
            found = [row[other] for other in (place - 1, place + 1) if 0 <= other < len(row)]
            # A row is shifted to the right of the one above by about half a key.
            for other, shift in ((number - 1, 0), (number + 1, -1)):
                if 0 <= other < len(ROWS_OF_KEYS):
                    found += ROWS_OF_KEYS[other][max(0, place + shift) : place + shift + 2]
            near[key] = "".join(found)
    return near


NEIGHBOURS = _neighbours()


def _swap(word: str, rng: np.random.Generator) -> str:
    places = [
        n
        for n, (left, right) in enumerate(pairwise(word))
        if left.isalpha() and right.isalpha() and left != right
    ]
    if not places:
        return word
    n = places[rng.integers(len(places))]
    return word[:n] + word[n + 1] + word[n] + word[n + 2 :]


def _drop(word: str, rng: np.random.Generator) -> str:
    places = [n for n, letter in enumerate(word) if letter.isalpha()]
    if not places:
        return word
    n = places[rng.integers(len(places))]
    return word[:n] + word[n + 1 :]


def _mistype(word: str, rng: np.random.Generator) -> str:
    places = [n for n, letter in enumerate(word) if letter.lower() in NEIGHBOURS]
    if not places:
        return word
    n = places[rng.integers(len(places))]
    near = NEIGHBOURS[word[n].lower()]
    key = near[rng.integers(len(near))]
    return word[:n] + (key.upper() if word[n].isupper() else key) + word[n + 1 :]


def _look_alike(word: str, rng: np.random.Generator) -> str:
    return word.translate(LOOK_ALIKES)


def _in_words(change: ChangeWord, share: float, text: str, rng: np.random.Generator) -> str:
    """The text, with some of its words of two letters or more changed."""

    def one(word: re.Match[str]) -> str:
        if sum(letter.isalpha() for letter in word[0]) < 2 or rng.random() >= share:
            return word[0]
        return change(word[0], rng)

    return WORD.sub(one, text)


_PERTURB: dict[str, Callable[[str, np.random.Generator], str]] = {
    **{
        f"{name} {share} %": partial(_in_words, change, share / 100)
        for name, change in (
            ("swapped letters", _swap),
            ("dropped letters", _drop),
            ("neighbouring keys", _mistype),
            ("look-alikes", _look_alike),
        )
        for share in (5, 10)
    },
    "upper case": lambda text, rng: text.upper(),
    "lower case": lambda text, rng: text.lower(),
}
PERTURBATIONS = tuple(_PERTURB)
"""Names of the changes of texts, see `perturbed`."""


def perturbed(texts: Sequence[str], perturbation: str, *, seed: int = 0) -> list[str]:
    """Texts as somebody in a hurry, or with something to hide, would type them.

    Each word of two letters or more is changed with a probability of 5 or 10 %.

    Args:
        texts: the texts.
        perturbation: "swapped letters 5 %" (two letters side by side), "dropped letters 5 %"
            (one), "neighbouring keys 5 %" (one letter becomes a neighbour on a QWERTY keyboard),
            "look-alikes 5 %" (Latin letters become Cyrillic ones that look the same), each also
            with 10 %; "upper case" or "lower case" (the whole text).
        seed: of words, letters and keys.

    Returns:
        As many texts.

    Raises:
        ValueError: there is no such perturbation.

    Source: Belinkov and Bisk (2018), Synthetic and natural noise both break neural machine
    translation; Pruthi, Dhingra and Lipton (2019), Combating adversarial misspellings.

    Example:

    >>> perturbed(["The room is clean and the breakfast is good"], "swapped letters 10 %", seed=2)
    ['The room is clean nad hte breakfast is ogod']
    """
    if perturbation not in _PERTURB:
        names = ", ".join(PERTURBATIONS)
        raise ValueError(f"perturbation must be one of {names}; got {perturbation!r}.")
    rng = np.random.default_rng((seed, PERTURBATIONS.index(perturbation)))
    return [_PERTURB[perturbation](text, rng) for text in texts]


def text_robustness(
    texts: Texts, predict: Predict, *, most: int = MOST_EXAMPLES, seed: int = 0
) -> Robustness:
    """Accuracy of a classifier on misspelled texts, other case and letters that look alike.

    Args:
        texts: of the test part.
        predict: from a list of texts to probabilities [texts, classes].
        most: texts at most; more are drawn from by the seed.
        seed: of the drawing and of `perturbed`.

    Returns:
        A change that changes none of the texts is left out.

    Example:

    >>> reviews = Texts(["so good", "so bad"], ["1", "2"], np.array([1, 0], np.int32))
    >>> def predict(texts):
    ...     return np.array([[0.1, 0.9] if "good" in text else [0.9, 0.1] for text in texts])
    >>> found = text_robustness(reviews, predict)
    >>> found.accuracies["upper case"].mean, found.left_out["lower case"]
    (0.5, 'changes none of the texts')
    """
    rows = drawn_rows(len(texts), most, seed)
    part = texts.take(rows)

    def predicted(changed: Sequence[str]) -> ClassPredictions:
        found: NDArray[np.floating] = predict(changed)
        return ClassPredictions(part.labels, found)

    left_out, changed = {}, {}
    with stage("robustness", len(PERTURBATIONS), "changes") as measured:
        unchanged = predicted(part.texts)
        for name in PERTURBATIONS:
            variant = perturbed(part.texts, name, seed=seed)
            if variant == list(part.texts):
                left_out[name] = "changes none of the texts"
            else:
                changed[name] = predicted(variant)
            measured.advance(1)
    return Robustness(how_many(len(rows), len(texts), "texts", seed), unchanged, changed, left_out)
