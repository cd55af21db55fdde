import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import SentenceRanker
from kit.tokenizers import sentences_of
from tests.models.writers import TEXTS, sentence_chooser

DRAW = np.random.default_rng(0)
TOKENS = DRAW.integers(1, 9, (3, 4, 5)).astype(np.int32)
TOKENS[1, 2:] = 0
TOKENS[:, :, 4:] = 0


def made(**how):
    keras.utils.set_random_seed(0)
    return SentenceRanker(9, 8, heads=2, hidden=16, sentences=6, **how)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_saved_and_loaded(tmp_path):
    model = made(dropout=0.2, layers=1)
    expected = model(TOKENS)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(TOKENS), expected, rtol=0, atol=1e-6)
    assert again.get_config() == model.get_config()


def test_padding_changes_nothing():
    model = made()
    padded = np.pad(TOKENS, [(0, 0), (0, 2), (0, 3)])
    np.testing.assert_allclose(model(padded)[:, :4], model(TOKENS), rtol=0, atol=1e-5)
    assert (model(padded).numpy()[:, 4:] < -1e8).all()
    assert (model(TOKENS).numpy()[1, 2:] < -1e8).all()
    np.testing.assert_allclose(model(TOKENS[1:2]), model(TOKENS)[1:2], rtol=0, atol=1e-5)


def test_sentences_are_scored_in_the_light_of_the_others_and_of_their_place():
    model = made()
    before, changed = model(TOKENS).numpy(), TOKENS.copy()
    changed[0, 3, :2] = changed[0, 3, :2] % 8 + 1
    assert np.abs(model(changed).numpy()[0, 0] - before[0, 0]) > 1e-6
    turned = model(TOKENS[:1, ::-1]).numpy()[:, ::-1]
    assert np.abs(turned - before[:1]).max() > 1e-4


@pytest.mark.slow
def test_it_learns_which_sentence_counts():
    model = made(dropout=0.0, layers=1)
    tokens = DRAW.integers(1, 8, (128, 4, 5)).astype(np.int32)
    best = DRAW.integers(0, 4, 128)
    tokens[np.arange(128), best, 2] = 8
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    model.fit(tokens, np.eye(4, dtype=np.float32)[best], batch_size=32, epochs=6, verbose=0)
    assert (model.predict(tokens, verbose=0).argmax(axis=1) == best).mean() > 0.9


def test_it_gives_a_sentence_of_each_text_as_it_stands():
    choose = sentence_chooser()
    found = choose.write([*TEXTS, ""] * 14)
    for text, chosen in zip(TEXTS, found, strict=False):
        assert chosen.encode() in sentences_of(tf.constant([text])).to_list()[0]
    assert found[4] == ""
    assert found[:5] == found[-5:] == [choose.write([text])[0] for text in [*TEXTS, ""]]


def test_scores_are_log_probabilities_among_the_sentences():
    choose = sentence_chooser()
    answer = choose(tf.constant(["One.", "One. Two. Three."]))
    assert float(answer["score"][0]) == 0
    assert np.log(1 / 3) <= float(answer["score"][1]) < 0


@pytest.mark.slow
def test_any_number_of_texts():
    choose = sentence_chooser()
    signature = [tf.TensorSpec([None], tf.string)]
    graph = tf.function(choose, autograph=False, input_signature=signature)
    for count in (0, 1, 4):
        some = tf.constant(TEXTS[:count], tf.string)
        answer = graph(some)
        assert answer["text"].shape == answer["score"].shape == (count,)
        assert choose.embed(some).shape == (count, 8)
