import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.models import TextToText
from kit.models.pretrained import pretrained_writer
from tests.models.pretrained.test_texts import save_tiny_bert

pytestmark = pytest.mark.filterwarnings("default")

LETTERS = "abcdefghijklmnop"
# The marks are not where the kit has them.
PIECES = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "Ġ": 4}
PIECES |= {letter: 5 + place for place, letter in enumerate(LETTERS)}
PIECES |= {"ab": 21, "Ġab": 22, "<mask>": 23}
SOURCE = tf.constant([[2, 22, 7, 9, 3], [2, 6, 3, 0, 0]])
TARGET = tf.constant([[2, 21, 8, 6], [2, 7, 0, 0]])


def save_tiny_bart(folder):
    """A backbone and a tokenizer as keras-hub writes them, small and not trained."""
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    keras.utils.set_random_seed(0)
    backbone = hub.models.BartBackbone(
        vocabulary_size=24,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=32,
    )
    # Weights of a start are so small that every token is like any other.
    for weight in backbone.weights:
        if len(weight.shape) > 1:
            weight.assign(10 * weight)
    backbone.save_to_preset(str(folder))
    tokenizer = hub.models.BartTokenizer(PIECES, ["a b", "Ġ ab"])
    tokenizer.save_to_preset(str(folder))
    return backbone, tokenizer


def with_pieces(preset, folder, pieces):
    """The same backbone with another tokenizer."""
    hub = pytest.importorskip("keras_hub")
    shutil.copytree(preset[0], folder)
    hub.models.BartTokenizer(pieces, ["a b", "Ġ ab"]).save_to_preset(str(folder))
    return str(folder)


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    place = tmp_path_factory.mktemp("bart")
    return str(place), *save_tiny_bart(place)


@pytest.fixture(scope="module")
def found(preset):
    """Loaded once, for tests that do not train it."""
    return pretrained_writer(preset[0])


def test_it_answers_as_in_keras_hub(preset, found):
    _, backbone, tokenizer = preset
    assert found.longest == 32
    assert found.tokenizer.vocabulary[:5] == ("<pad>", "<unk>", "<s>", "</s>", "Ġ")
    # Its numbers of the same pieces.
    number_of = [tokenizer.vocabulary[piece] for piece in found.tokenizer.vocabulary]
    ends = tf.fill([2, 1], tokenizer.end_token_id)
    target = tf.concat([ends, tf.gather(number_of, TARGET)], axis=1)
    answer = backbone(
        {
            "encoder_token_ids": tf.gather(number_of, SOURCE),
            "encoder_padding_mask": tf.cast(SOURCE != 0, tf.int32),
            "decoder_token_ids": target,
            "decoder_padding_mask": tf.pad(
                tf.cast(TARGET != 0, tf.int32), [[0, 0], [1, 0]], constant_values=1
            ),
        }
    )
    expected = backbone.token_embedding(answer["decoder_sequence_output"], reverse=True)[:, 1:]
    logits = found.model({"source": SOURCE, "target": TARGET})
    written = TARGET.numpy() != 0
    expected = tf.gather(expected, number_of, axis=2)
    np.testing.assert_allclose(logits.numpy()[written], expected.numpy()[written], atol=1e-4)
    vectors = found.model.encode(SOURCE).numpy()[SOURCE.numpy() != 0]
    expected = answer["encoder_sequence_output"].numpy()[SOURCE.numpy() != 0]
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_texts_are_cut_as_in_keras_hub(preset, found):
    tokenizer = preset[2]
    texts = ["ab abc  ab", "pab", "x"]
    ours = found.tokenizer.tokenize(texts).to_list()
    pieces = [[found.tokenizer.vocabulary[number] for number in row] for row in ours]
    assert pieces == [["ab", "Ġab", "c", "Ġ", "Ġab"], ["p", "ab"], ["<unk>"]]
    for text, row in zip(texts[:2], pieces, strict=False):
        assert [tokenizer.vocabulary[piece] for piece in row] == list(tokenizer(text))


def greedy(model, source, most):
    """Without a cache, one text at a time."""
    target = [2]
    while len(target) <= most and (len(target) == 1 or target[-1] != 3):
        logits = model({"source": source[None], "target": tf.constant([target])})[0, -1].numpy()
        logits[[0, 1, 2]] = -np.inf
        target.append(3 if len(target) == most else int(logits.argmax()))
    return target[1:]


@pytest.mark.slow
def test_the_search_writes_what_the_model_says(found):
    model = found.model
    tokens, _ = model.generate(SOURCE, most=tf.constant([6, 4]), beams=1)
    for row, (source, most) in enumerate(zip(SOURCE, [6, 4], strict=True)):
        mine = [int(x) for x in source.numpy() if x]
        expected = greedy(model, tf.constant(mine), most)
        assert [x for x in tokens.numpy()[row].tolist() if x] == expected
    best, scores = model.generate(SOURCE, most=tf.constant([6, 4]), beams=4)
    assert best.shape[0] == 2
    assert np.isfinite(scores).all()


@pytest.mark.slow
@pytest.mark.parametrize("tune", ["whole", "lora"])
def test_what_learns(preset, tune):
    keras.utils.set_random_seed(0)
    model = pretrained_writer(preset[0], tune, rank=2).model
    before = [weight.numpy() for weight in model.weights]
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    following = np.array([[21, 8, 6, 3], [7, 3, 0, 0]])
    inputs = {"source": SOURCE.numpy(), "target": TARGET.numpy()}
    losses = model.fit(inputs, following, epochs=25, verbose=0).history["loss"]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.1
    learning = {id(weight) for weight in model.trainable_weights}
    # Two of query and value of two attentions in each block of the decoder, one of the encoder.
    assert tune == "whole" or len(learning) == 2 * 2 * (2 * 2 + 2)
    for old, weight in zip(before, model.weights, strict=True):
        assert id(weight) in learning or np.array_equal(old, weight.numpy())


def test_it_is_saved_and_loaded_with_its_backbone(found, tmp_path):
    model = found.model
    expected = model({"source": SOURCE, "target": TARGET})
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    answer = again({"source": SOURCE, "target": TARGET})
    np.testing.assert_allclose(answer, expected, atol=1e-6)


@pytest.mark.slow
def test_it_writes_texts_in_a_graph_of_core_operations(found):
    write = TextToText(found.model, found.tokenizer, 16, 12, beams=2)
    function = tf.function(write, autograph=False)
    graph = function.get_concrete_function(tf.TensorSpec([None], tf.string))
    texts = tf.constant(["ab abc", "", "p" * 100])
    answer = graph(texts)["text"].numpy().tolist()
    assert answer == write(texts)["text"].numpy().tolist()
    from tensorflow.python.framework import op_def_registry

    named = {node.op for node in graph.graph.as_graph_def().node}
    assert all(op_def_registry.get(name) is not None for name in named)
    assert not [name for name in named if "Regex" in name and "Split" in name]


def test_a_vocabulary_without_an_unknown_takes_a_number_that_is_free(preset, tmp_path):
    pieces = {piece: number for piece, number in PIECES.items() if piece != "<unk>"}
    found = pretrained_writer(with_pieces(preset, tmp_path / "free", pieces))
    assert found.tokenizer.vocabulary[1] == "[unused 3]"
    assert found.tokenizer.tokenize(["ax"]).to_list() == [[5, 1]]


def test_presets_that_are_refused(preset, tmp_path):
    save_tiny_bert(tmp_path / "bert")
    with pytest.raises(UserError, match="BertBackbone, which is no BART and no T5"):
        pretrained_writer(str(tmp_path / "bert"))
    with pytest.raises(UserError, match="number 24, the backbone knows 24"):
        pretrained_writer(with_pieces(preset, tmp_path / "many", {**PIECES, "y": 24}))
    pieces = {**PIECES, "x": 3}
    del pieces["<unk>"]
    with pytest.raises(UserError, match="no <unk>"):
        pretrained_writer(with_pieces(preset, tmp_path / "full", pieces))
