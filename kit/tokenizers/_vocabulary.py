"""Learn a vocabulary: WordPiece and byte-pair encoding."""

import heapq
import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

import tensorflow as tf

from kit.tokenizers._words import AFTER_SPACE, words_of

PADDING = "[PAD]"
"""The padding token; its id is 0."""
UNKNOWN = "[UNK]"
"""The token for what is not in the vocabulary."""
START = "[START]"
"""The token before a text."""
END = "[END]"
"""The token after a text."""
SPECIAL_TOKENS = (PADDING, UNKNOWN, START, END)
"""The special tokens, in the order of their ids."""
JOINED = "##"
AT_ONCE = 4096
# Only the most frequent words are counted; rarer words share their subwords.
MOST_WORDS = 30_000


def train_wordpiece(
    texts: Iterable[str], size: int, *, lower: bool = True, plain: bool = True
) -> list[str]:
    """Learn a WordPiece vocabulary from texts.

    The same texts give the same vocabulary.

    Args:
        texts: the training texts.
        size: maximum size of the vocabulary; the result may be up to a twentieth smaller, and
            smaller still for few texts.
        lower: whether to lowercase.
        plain: whether to strip accents.

    Returns:
        The tokens, `SPECIAL_TOKENS` first.

    Raises:
        ValueError: the texts contain no word.

    Source: Schuster and Nakajima (2012), Japanese and Korean voice search; learned with
    TensorFlow Text, as keras-nlp's `compute_word_piece_vocabulary` does.

    Example:

    >>> train_wordpiece(["so new", "newer and newest"], 30)[-5:]
    ['and', 'new', 'newer', 'newest', 'so']
    """
    # Imported late: only learning a vocabulary needs TensorFlow Text.
    from tensorflow_text.tools.wordpiece_vocab import wordpiece_tokenizer_learner_lib as learner

    counts: Counter[bytes] = Counter()
    rest = iter(texts)
    while batch := list(islice(rest, AT_ONCE)):
        counts.update(words_of(tf.constant(batch), lower=lower, plain=plain).flat_values.numpy())
    if not counts:
        raise ValueError("There is no word in the texts.")
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_WORDS]
    # At this threshold whole words alone fill the vocabulary, so the search starts here.
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


# Rarer characters become unknown tokens. Chinese needs thousands of characters.
MOST_CHARACTERS = 4000
ALWAYS_KNOWN = string.ascii_letters + string.digits + string.punctuation

Pair = tuple[str, str]


def train_bpe(texts: Iterable[str], size: int) -> list[str]:
    """Learn a byte-pair-encoding vocabulary for `WordPiece(..., spaced=True)`.

    Its tokens keep case and accents and record where spaces were. Starting from characters, the
    most frequent pair of adjacent tokens is merged until the vocabulary is full. The same texts
    give the same vocabulary. A few ten thousand distinct words take about a second.

    Args:
        texts: the training texts, of all languages that share the vocabulary.
        size: maximum size of the vocabulary; the alphabet is kept even if it is larger.

    Returns:
        The tokens, `SPECIAL_TOKENS` first.

    Raises:
        ValueError: the texts contain no word.

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
    alphabet = _alphabet(words, times)
    vocabulary = dict.fromkeys([*SPECIAL_TOKENS, *alphabet])
    for token in islice(_merges(words, times), max(0, size - len(vocabulary))):
        vocabulary[token] = None
    return list(vocabulary)


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
        for token in word:
            counts[token] += count
    ranked = sorted(counts, key=lambda token: (-counts[token], token))[:MOST_CHARACTERS]
    always = [AFTER_SPACE]
    always += [prefix + character for prefix in ("", JOINED) for character in ALWAYS_KNOWN]
    return sorted({*ranked, *always})


def _merges(words: list[list[str]], times: list[int]) -> Iterator[str]:
    """Merged tokens, in the order of the merges; modifies `words` in place."""
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
        # An outdated entry: the count has changed since it was queued.
        if counts[pair] != -count or not count:
            continue
        merged = pair[0] + pair[1].removeprefix(JOINED)
        yield merged
        changed: set[Pair] = set()
        for place in places.pop(pair):
            for before in pairwise(words[place]):
                counts[before] -= times[place]
                changed.add(before)
            words[place] = _merged(words[place], pair, merged)
            for after in pairwise(words[place]):
                counts[after] += times[place]
                places[after].add(place)
                changed.add(after)
        for other in changed - {pair}:
            if counts[other] > 0:
                heapq.heappush(queue, (-counts[other], other))


def _merged(word: list[str], pair: Pair, token: str) -> list[str]:
    merged: list[str] = []
    place = 0
    while place < len(word):
        if tuple(word[place : place + 2]) == pair:
            merged.append(token)
            place += 2
        else:
            merged.append(word[place])
            place += 1
    return merged
