import io

import numpy as np
import pytest
import tensorflow as tf

from kit.tokenizers import SentencePieces, tokenizer_of

TEXTS = ["the lazy fox", "", "a dog and a fox", "日本"]


@pytest.fixture(scope="module")
def trained():
    package = pytest.importorskip(
        "sentencepiece", reason="it comes with keras-hub, the extra `pretrained`"
    )
    model = io.BytesIO()
    package.SentencePieceTrainer.train(
        sentence_iterator=iter(["the quick brown fox", "a lazy dog and the fox"] * 9),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
        **{"bos_id": -1, "pad_id": 2, "eos_id": 1, "unk_id": 0, "pad_piece": "<pad>"},
    )
    return model.getvalue()


@pytest.fixture(scope="module")
def tokens(trained):
    size = 34
    order = [2, 0, 3, 1, *range(4, size)]
    return SentencePieces.of_model(trained, order, size)


def test_it_cuts_as_sentencepiece(trained, tokens):
    import sentencepiece

    reference = sentencepiece.SentencePieceProcessor(model_proto=trained)
    ours = tokens.tokenize(TEXTS).to_list()
    for text, row in zip(TEXTS, ours, strict=True):
        assert [tokens.order[number] for number in row] == reference.encode(text)


def test_texts_come_back_without_marks(tokens):
    rows = tokens.marked(tf.constant(TEXTS[:3]), 50).to_tensor(tokens.padding)
    assert rows.numpy()[1, :2].tolist() == [34, 3]
    assert [text.decode() for text in tokens.detokenize(rows).numpy()] == TEXTS[:3]
    assert tokens.size == 35


def test_words_have_the_pieces_of_their_text(tokens):
    parts = tokens.pieces(TEXTS[2])
    assert [word for word, _ in parts] == TEXTS[2].split()
    assert sum(count for _, count in parts) == len(tokens.tokenize(TEXTS[2:3]).to_list()[0])


def test_it_is_made_again_of_its_config(tokens):
    again = tokenizer_of(tokens.get_config())
    assert again.tokenize(TEXTS).to_list() == tokens.tokenize(TEXTS).to_list()


def test_it_is_saved_with_a_graph_and_names_its_operations(tokens, tmp_path):
    module = tf.Module()
    module.tokens = tokens
    signature = [tf.TensorSpec([None], tf.string)]
    module.there_and_back = tf.function(
        lambda x: tokens.detokenize(tokens.tokenize(x).to_tensor(tokens.padding)), signature
    )
    tf.saved_model.save(module, tmp_path)
    answer = tf.saved_model.load(tmp_path).there_and_back(tf.constant(TEXTS[:3]))
    assert [text.decode() for text in np.array(answer)] == TEXTS[:3]
    graph = module.there_and_back.get_concrete_function().graph.as_graph_def()
    used = {node.op for node in graph.node}
    assert {name for name in used if "Sentencepiece" in name} <= {
        *tokens.custom_ops["tensorflow_text"]
    }
