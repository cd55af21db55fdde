import random

import pytest
import tensorflow as tf

from kit.tokenizers import BytePairs, tokenizer_of

SPECIAL_TOKENS = ["<pad>", "<unk>", "<s>", "</s>"]
SENTENCES = [
    "It's a small step; they'll say we've won, don't they?",
    "In 2024, 1,234.5 people  saw   3 dogs.\nAnd\n\n\tcats \t there ",
    "Größe naïve café, 茶の湯 — “quotes” … 😀😀 ½ ٣",
    "",
    "   ",
    " \n",
    "a\u00a0b\u2009c\u3000d\u0085e",
    "--------- ____ ((())) http://x.y/z?a=b&c=d's 'S 'tis rock'n'roll",
    "aaaaaaaaaaaaaaaaaaaaa bababababab",
]


@pytest.fixture(scope="module")
def reference():
    tokenizers = pytest.importorskip(
        "tokenizers", reason="it comes with keras-hub, the extra `pretrained`"
    )
    found = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>"))
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    found.pre_tokenizer = byte_level(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL_TOKENS, initial_alphabet=byte_level.alphabet()
    )
    found.train_from_iterator(SENTENCES * 3, trainer)
    return found


@pytest.fixture(scope="module")
def tokens(reference):
    import json

    saved = json.loads(reference.to_str())["model"]
    merges = [" ".join(pair) for pair in saved["merges"]]
    return BytePairs(sorted(saved["vocab"], key=saved["vocab"].get), merges)


def test_it_cuts_as_the_reference_implementation(reference, tokens):
    draw = random.Random(0)
    letters = "ab 's't've 12\n\t\u00a0é茶😀.,-!\u0301\u200d"
    texts = [*SENTENCES, *("".join(draw.choices(letters, k=40)) for _ in range(200))]
    expected = [reference.encode(text).ids for text in texts]
    for text, ours, theirs in zip(texts, tokens.tokenize(texts).to_list(), expected, strict=True):
        assert ours == theirs, text


def test_texts_come_back(tokens):
    marked = tokens.marked(tf.constant(SENTENCES), 10_000).to_tensor(tokens.padding)
    answer = [text.decode() for text in tokens.detokenize(marked).numpy()]
    assert answer == [text.strip(" \t\n") for text in SENTENCES]


def test_what_follows_an_end_is_left_out(tokens):
    [numbers] = tokens.tokenize(["one two"]).to_list()
    assert tokens.detokenize([[tokens.start, *numbers, tokens.end, *numbers]]).numpy() == [
        b"one two"
    ]


def test_rubbish_is_cut_too(tokens):
    rubbish = tf.constant(
        [b"\xff\xfe ok", b"a\x00b", "x\ufdd0y".encode(), b"z" * 5000, b"\n" * 300]
    )
    rows = tokens.tokenize(rubbish)
    assert (rows.row_lengths().numpy() > 0).all()
    texts = [text.decode() for text in tokens.detokenize(rows.to_tensor(0)).numpy()]
    assert texts == ["\ufffd\ufffd ok", "a\x00b", "xy", "z" * 5000, ""]


def test_no_texts(tokens):
    assert tokens.tokenize(tf.constant([], tf.string)).to_list() == []
    assert tokens.tokenize(tf.constant(["", ""])).to_list() == [[], []]


def test_parts_are_those_of_the_text(tokens):
    parts = tokens.pieces(SENTENCES[0])
    assert "".join(part for part, _ in parts) == SENTENCES[0]
    assert parts[:3] == [("It", 1), ("'s", 1), (" a", 1)]
    [numbers] = tokens.tokenize([SENTENCES[0]]).to_list()
    assert sum(count for _, count in parts) == len(numbers)


def test_it_is_made_again_of_its_config(tokens):
    again = tokenizer_of(tokens.get_config())
    assert again.tokenize(SENTENCES).to_list() == tokens.tokenize(SENTENCES).to_list()
    assert again.size == 400


def test_it_works_in_a_saved_graph(tokens, tmp_path):
    module = tf.Module()
    module.tokens = tokens
    signature = [tf.TensorSpec([None], tf.string)]
    module.cut = tf.function(lambda x: tokens.tokenize(x).to_tensor(0), signature)
    tf.saved_model.save(module, tmp_path)
    answer = tf.saved_model.load(tmp_path).cut(tf.constant(SENTENCES))
    assert answer.numpy().tolist() == tokens.tokenize(SENTENCES).to_tensor(0).numpy().tolist()


def test_without_merges_it_cuts_bytes():
    tokens = BytePairs([*SPECIAL_TOKENS, "a", "b"], [])
    assert tokens.tokenize(["abba", "c"]).to_list() == [[4, 5, 5, 4], [1]]


def test_what_merges_make_need_not_be_in_the_vocabulary():
    tokens = BytePairs([*SPECIAL_TOKENS, "a", "b", "abc"], ["a b", "ab c"])
    assert tokens.tokenize(["abc", "ab"]).to_list() == [[6], [1]]


@pytest.mark.parametrize(
    ("vocabulary", "merges", "message"),
    [
        (["<pad>", "<unk>", "<s>"], [], "no </s>"),
        ([*SPECIAL_TOKENS, "a", "a"], [], "A token occurs twice"),
        ([*SPECIAL_TOKENS, "a", "b"], ["ab"], "with a space between; got 'ab'"),
    ],
)
def test_what_it_refuses(vocabulary, merges, message):
    with pytest.raises(ValueError, match=message):
        BytePairs(vocabulary, merges)
