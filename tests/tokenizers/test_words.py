import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers, pre_tokenizers

from kit.tokenizers import sentences_of, words_of

BATCH = tf.TensorSpec([None], tf.string)


def of_reference(text: str, lower: bool, plain: bool) -> list[str]:
    """BERT's words, by another implementation."""
    normal = normalizers.BertNormalizer(lowercase=lower, strip_accents=plain).normalize_str(text)
    return [word for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normal)]


def ours(texts: list[str], lower: bool, plain: bool) -> list[list[str]]:
    found = words_of(tf.constant(texts, tf.string), lower=lower, plain=plain).to_list()
    return [[word.decode() for word in words] for words in found]


@pytest.mark.parametrize(("lower", "plain"), [(True, True), (False, False), (True, False)])
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n\r ",
        "It's $5.50, isn't it?  (No -- 10%!)",
        "Crème BRÛLÉE naïve Ångström",
        "tokyo 東京タワー kyoto 京都",
        "a\u200db\u00adc\u0000d\ufffde",
        "smile 😀 and 👩‍🔬",
        "𠀀x𠀁",
        "한국어 İstanbul ß ﬁn",
        "x\u00a0y\u2003z",
    ],
)
def test_words_are_those_of_bert(text: str, lower: bool, plain: bool) -> None:
    assert ours([text], lower, plain) == [of_reference(text, lower, plain)]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"])), max_size=4))
@settings(max_examples=25, deadline=None)
def test_any_text_is_cut_as_bert_cuts_it(texts: list[str]) -> None:
    # What Unicode added or changed lately is not the same in all tables of characters.
    texts = ["".join(x for x in text if ord(x) < 0x500) for text in texts]
    assert ours(texts, True, True) == [of_reference(text, True, True) for text in texts]


def test_bytes_that_are_no_text_are_left_out() -> None:
    assert words_of(tf.constant([b"a\xffb", b"\xc3"])).to_list() == [[b"ab"], []]


def test_no_text_gives_no_rows() -> None:
    assert tf.function(words_of, input_signature=[BATCH])(tf.constant([], tf.string)).nrows() == 0


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He said "no." Then (so.) he left.', ['He said "no."', "Then (so.)", "he left."]),
        ("See Fig. 3, e.g. this, of Li et al. as 1.5 is.", None),
        ("a line\nanother. one\n\n", ["a line", "another.", "one"]),
        ("", [""]),
        (" \n ", [""]),
        ("Où ? Là.", ["Où ?", "Là."]),
    ],
)
def test_sentences(text, sentences):
    found = sentences_of(tf.constant([text])).to_list()[0]
    assert [sentence.decode() for sentence in found] == (sentences or [text])


def test_no_text_gives_no_row():
    assert sentences_of(tf.zeros([0], tf.string)).nrows() == 0
