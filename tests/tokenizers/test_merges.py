from collections import Counter
from itertools import pairwise

import pytest

from kit.tokenizers import SPECIAL_TOKENS, WordPiece, train_bpe

TEXTS = [
    "It's a déjà vu, isn't it?",
    'Elle a dit : "Où vas-tu ?" (à 5 h)',
    "Zwei junge weiße Männer sind im Freien.",
    "pip install a_b==1.0 # 50 % off, e-mail: x@y.org",
    "  spaces   at the ends ",
    "",
    "日本語 и русский",
]


def tokenizer(size=400):
    return WordPiece(train_bpe(TEXTS, size), lower=False, plain=False, spaced=True)


def test_the_text_of_pieces_is_the_text_but_for_runs_of_white_space():
    tokens = tokenizer()
    numbers = tokens.marked(TEXTS, 200).to_tensor(tokens.padding)
    back = [text.decode() for text in tokens.detokenize(numbers).numpy()]
    assert back == [" ".join(text.split()) for text in TEXTS]
    assert tokens.unknown not in numbers.numpy()


def test_other_texts_of_known_characters_come_back_too():
    tokens, new = tokenizer(), ["What's this?! Männer à la mode ...", "x--y 'z' [1]{2}", "a\n\tb"]
    back = [text.decode() for text in tokens.detokenize(tokens.tokenize(new).to_tensor(0)).numpy()]
    assert back == [" ".join(text.split()) for text in new]


def test_frequent_words_become_one_piece_and_the_marks_come_first():
    vocabulary = train_bpe(["the cat the dog the cat"] * 5, 260)
    assert vocabulary[:4] == list(SPECIAL_TOKENS)
    assert {"\u2581the", "\u2581cat", "\u2581dog"} <= set(vocabulary)
    assert vocabulary.index("\u2581the") < vocabulary.index("\u2581dog")


def test_the_same_texts_in_any_order_give_the_same_pieces():
    assert train_bpe(TEXTS, 300) == train_bpe(TEXTS[::-1], 300)
    assert len(train_bpe(TEXTS, 300)) == 300


def test_merges_are_those_of_the_definition():
    counts = {"\u2581low": 3, "\u2581lower": 2, "\u2581newest": 2, "\u2581widest": 1}
    words = {word: list(word) for word in counts}
    expected = []
    while pairs := [(word, pair) for word, parts in words.items() for pair in pairwise(parts)]:
        times = Counter()
        for word, pair in pairs:
            times[pair] += counts[word]
        first, second = min(times, key=lambda pair: (-times[pair], *map(written, pair)))
        expected.append(written(first + second))
        for word, parts in words.items():
            joined = "|".join(["", *parts, ""])
            joined = joined.replace(f"|{first}|{second}|", f"|{first}{second}|")
            words[word] = joined.strip("|").split("|")
    made = train_bpe(["low low low lower lower newest newest widest"], 10_000)
    assert [piece for piece in made[4:] if len(piece.removeprefix("##")) > 1] == expected


def written(piece):
    """As in the vocabulary: all words here begin with a mark."""
    return piece if piece.startswith("\u2581") else f"##{piece}"


def test_nothing_to_learn_from():
    with pytest.raises(ValueError, match="no word"):
        train_bpe(["", "  "], 300)
