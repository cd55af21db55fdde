"""Learn a vocabulary: WordPiece and byte pairs."""

import heapq
import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

import tensorflow as tf

from kit.tokenizers._words import AFTER_SPACE, words_of

PADDING = "[PAD]"
"""Fills a row up to its length; its number is 0."""
UNKNOWN = "[UNK]"
"""Stands for what the vocabulary lacks."""
START = "[START]"
"""Begins a generated text."""
END = "[END]"
"""Ends a generated text."""
SPECIAL_TOKENS = (PADDING, UNKNOWN, START, END)
"""The special tokens, in the order of their numbers."""
JOINED = "##"
AT_ONCE = 4096
# Pieces of rarer words are those of the frequent ones.
MOST_WORDS = 30_000


def train_wordpiece(
    texts: Iterable[str], size: int, *, lower: bool = True, plain: bool = True
) -> list[str]:
    """Pieces of words, learned from texts; `SPECIAL_TOKENS` come first.

    The same texts give the same pieces.

    Args:
        texts: what to learn from.
        size: pieces at most; there are up to a twentieth fewer, and fewer yet of few texts.
        lower: whether letters are made small.
        plain: whether letters lose their accents.

    Raises:
        ValueError: there is no word in the texts.

    Source: Schuster and Nakajima (2012), Japanese and Korean voice search; the learning is that of
    TensorFlow Text, which keras-nlp's `compute_word_piece_vocabulary` calls, too.

    Example:

    >>> train_wordpiece(["so new", "newer and newest"], 30)[-5:]
    ['and', 'new', 'newer', 'newest', 'so']
    """
    # Only who learns a vocabulary needs it.
    from tensorflow_text.tools.wordpiece_vocab import wordpiece_tokenizer_learner_lib as learner

    counts: Counter[bytes] = Counter()
    rest = iter(texts)
    while batch := list(islice(rest, AT_ONCE)):
        counts.update(words_of(tf.constant(batch), lower=lower, plain=plain).flat_values.numpy())
    if not counts:
        raise ValueError("There is no word in the texts.")
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_WORDS]
    # Words alone would fill the vocabulary if those as frequent as this one were in it.
    fewest = ranked[min(size, len(ranked)) - 1][1]
    return list(
        learner.learn(
            [(word.decode(), count) for word, count in ranked],
            vocab_size=size,
            reserved_tokens=list(SPECIAL_TOKENS),
            lower_thresh=fewest,
            upper_thresh=32 * fewest,
        )
    )


# Characters of rarer kinds are unknown; a vocabulary of Chinese has to know thousands.
MOST_CHARACTERS = 4000
ALWAYS_KNOWN = string.ascii_letters + string.digits + string.punctuation

Pair = tuple[str, str]


def train_bpe(texts: Iterable[str], size: int) -> list[str]:
    """Pieces of words that tell where spaces were, for `WordPiece(..., spaced=True)`.

    Letters stay as they are. Beginning with characters, the two pieces that most often stand beside
    each other become one, until there are enough. The same texts give the same pieces, in a
    second for a few ten thousand different words; `SPECIAL_TOKENS` come first.

    Args:
        texts: what to learn from, of all languages that share the vocabulary.
        size: pieces at most, but never fewer than the characters of the texts.

    Raises:
        ValueError: there is no word in the texts.

    Source: Sennrich et al. (2016), Neural machine translation of rare words with subword units.

    Example:

    >>> train_bpe(["lower, low, lowest!"] * 9, 250)[-2:]
    ['▁lower', '▁lowest']
    """
    counts = _counts(texts)
    if not counts:
        raise ValueError("There is no word in the texts.")
    words = [_characters(word) for word in counts]
    times = list(counts.values())
    known = _alphabet(words, times)
    pieces = dict.fromkeys([*SPECIAL_TOKENS, *known])
    for piece in islice(_merges(words, times), max(0, size - len(pieces))):
        pieces[piece] = None
    return list(pieces)


def _counts(texts: Iterable[str]) -> dict[str, int]:
    counts: Counter[bytes] = Counter()
    rest = iter(texts)
    while batch := list(islice(rest, AT_ONCE)):
        words = words_of(tf.constant(batch), lower=False, plain=False, spaced=True)
        counts.update(words.flat_values.numpy())
    return {word.decode(): counts[word] for word in sorted(counts)}


def _characters(word: str) -> list[str]:
    return [word[0], *(JOINED + character for character in word[1:])]


def _alphabet(words: list[list[str]], times: list[int]) -> list[str]:
    counts: Counter[str] = Counter()
    for word, count in zip(words, times, strict=True):
        for piece in word:
            counts[piece] += count
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))[:MOST_CHARACTERS]
    always = [AFTER_SPACE]
    always += [mark + character for mark in ("", JOINED) for character in ALWAYS_KNOWN]
    return sorted({*ranked, *always})


def _merges(words: list[list[str]], times: list[int]) -> Iterator[str]:
    """Pieces in the order in which they are made; changes the words."""
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, word in enumerate(words):
        for pair in pairwise(word):
            counts[pair] += times[place]
            places[pair].add(place)
    queue = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(queue)
    while queue:
        count, pair = heapq.heappop(queue)
        # Counts have changed since some were put into the queue.
        if counts[pair] != -count or not count:
            continue
        made = pair[0] + pair[1].removeprefix(JOINED)
        yield made
        changed: set[Pair] = set()
        for place in places.pop(pair):
            for before in pairwise(words[place]):
                counts[before] -= times[place]
                changed.add(before)
            words[place] = _merged(words[place], pair, made)
            for after in pairwise(words[place]):
                counts[after] += times[place]
                places[after].add(place)
                changed.add(after)
        for one in changed - {pair}:
            if counts[one] > 0:
                heapq.heappush(queue, (-counts[one], one))


def _merged(word: list[str], pair: Pair, made: str) -> list[str]:
    merged: list[str] = []
    place = 0
    while place < len(word):
        if tuple(word[place : place + 2]) == pair:
            merged.append(made)
            place += 2
        else:
            merged.append(word[place])
            place += 1
    return merged
