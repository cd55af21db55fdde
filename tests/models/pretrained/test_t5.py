import io

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import TextToText
from kit.models.pretrained import pretrained_writer

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
SENTENCES = ["the quick brown fox jumped", "over a lazy dog", "a dog and a fox", "the lazy fox"]


def save_tiny_t5(folder, tied=True):
    """A backbone and a tokenizer as keras-hub writes them, small and not trained."""
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 5),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
        **{"bos_id": -1, "pad_id": 0, "eos_id": 1, "unk_id": 2, "pad_piece": "<pad>"},
    )
    tokenizer = hub.models.T5Tokenizer(model.getvalue())
    keras.utils.set_random_seed(0)
    backbone = hub.models.T5Backbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        key_value_dim=6,
        tie_embedding_weights=tied,
    )
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return backbone, tokenizer


@pytest.fixture(
    scope="module",
    params=[
        True,
        False,
    ],
    ids=["tied", "untied"],
)
def preset(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("t5")
    return str(place), *save_tiny_t5(place, request.param)


@pytest.fixture(scope="module")
def found(preset):
    """Loaded once, for tests that do not train it."""
    return pretrained_writer(preset[0])


def marked(found, texts):
    return found.tokenizer.marked(tf.constant(texts), 40).to_tensor(found.tokenizer.padding)


def test_it_answers_as_in_keras_hub(preset, found):
    _, backbone, tokenizer = preset
    hub = pytest.importorskip("keras_hub")
    preprocessor = hub.models.T5Seq2SeqLMPreprocessor(
        tokenizer, encoder_sequence_length=40, decoder_sequence_length=40
    )
    texts = {"encoder_text": SENTENCES[:2], "decoder_text": SENTENCES[2:]}
    inputs, following, is_there = preprocessor(texts)
    expected = hub.models.T5Seq2SeqLM(backbone, preprocessor=None)(inputs).numpy()
    source, target = marked(found, SENTENCES[:2]), marked(found, SENTENCES[2:])
    logits = found.model({"source": source, "target": target[:, :-1]}).numpy()
    order = list(found.tokenizer.order)
    for row in range(2):
        mine = target.numpy()[row, 1:]
        count = int((mine != 0).sum())
        assert [order[x] for x in mine[:count]] == np.array(following)[row, :count].tolist()
        assert np.array(is_there)[row].sum() == count
        np.testing.assert_allclose(logits[row, :count], expected[row, :count][:, order], atol=1e-4)


def test_the_search_writes_what_the_model_says(found):
    model, source = found.model, marked(found, SENTENCES[:2])
    tokens, _ = model.generate(source, most=tf.constant([9, 6]), beams=1)
    for row, most in enumerate([9, 6]):
        mine = tf.constant([[x for x in source.numpy()[row].tolist() if x]])
        target = [model.start]
        while len(target) <= most and target[-1] != 3:
            logits = model({"source": mine, "target": tf.constant([target])})[0, -1].numpy()
            logits[[0, 1]] = -np.inf
            target.append(3 if len(target) == most else int(logits.argmax()))
        assert [x for x in tokens.numpy()[row].tolist() if x] == target[1:]


def test_it_learns_and_is_saved(preset, tmp_path):
    found = pretrained_writer(preset[0])
    model = found.model
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    source, whole = marked(found, SENTENCES[:2]).numpy(), marked(found, SENTENCES[2:]).numpy()
    target = np.where(whole[:, :-1] == 3, 0, whole[:, :-1])
    losses = model.fit(
        {"source": source, "target": target}, whole[:, 1:], epochs=25, verbose=0
    ).history["loss"]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])
    expected = model({"source": source, "target": target})
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again({"source": source, "target": target}), expected, atol=1e-5)
    small = pretrained_writer(preset[0], "lora", rank=2).model
    assert len(small.trainable_weights) == 2 * 2 * (2 * 2 + 2)


def test_it_writes_texts_in_a_graph(found):
    assert found.longest is None
    write = TextToText(found.model, found.tokenizer, 16, 12, beams=2)
    graph = tf.function(write).get_concrete_function(tf.TensorSpec([None], tf.string))
    texts = tf.constant(["the fox", "", "dog " * 40])
    assert graph(texts)["text"].numpy().tolist() == write(texts)["text"].numpy().tolist()
    assert write.embed(texts).shape == (3, 8)
