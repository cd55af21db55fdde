import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import SequenceToSequence

SOURCE = np.array([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0], [2, 4, 4, 3, 0]], np.int32)
TARGET = np.array([[2, 6, 5, 8], [2, 9, 0, 0], [2, 4, 7, 0]], np.int32)
NEXT = np.array([[6, 5, 8, 3], [9, 3, 0, 0], [4, 7, 3, 0]], np.int32)


def made(**how):
    keras.utils.set_random_seed(0)
    model = SequenceToSequence(11, 8, heads=2, hidden=16, **{"dropout": 0.0, **how})
    model({"source": SOURCE, "target": TARGET})
    return model


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_saved_and_loaded(tmp_path):
    model = made(dropout=0.2, encoder_layers=1)
    expected = model({"source": SOURCE, "target": TARGET})
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again({"source": SOURCE, "target": TARGET}), expected, rtol=0, atol=1e-6
    )
    assert again.get_config() == model.get_config()


def test_padding_changes_nothing_and_no_place_sees_a_later_one():
    model = made()
    whole = model({"source": SOURCE, "target": TARGET})
    padded = model({"source": np.pad(SOURCE, [(0, 0), (0, 3)]), "target": TARGET[:, :2]})
    np.testing.assert_allclose(padded, whole[:, :2], rtol=0, atol=1e-5)


def test_steps_with_a_cache_give_the_logits_of_teacher_forcing():
    model = made()
    expected = model({"source": SOURCE, "target": TARGET})
    memories, kept = model.begin(SOURCE, beams=1)
    for place in range(TARGET.shape[1]):
        logits, kept = model.step(TARGET[:, place, None], memories, kept)
        np.testing.assert_allclose(logits[:, 0], expected[:, place], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_one_beam_writes_what_is_most_probable():
    model = made()
    tokens, _ = model.generate(SOURCE, most=tf.constant([5, 5, 5]), beams=1)
    for row in range(3):
        written = [2]
        while written[-1] != 3:
            logits = model({"source": SOURCE[row : row + 1], "target": np.array([written])})
            logits = logits[0, -1].numpy()
            logits[:3] = -np.inf
            written.append(3 if len(written) == 5 else int(logits.argmax()))
        found = tokens[row].numpy().tolist()
        assert found[: len(written) - 1] == written[1:]


def test_the_loss_is_cross_entropy_with_smoothed_labels():
    model = made(label_smoothing=0.1)
    inputs = {"source": SOURCE, "target": TARGET}
    loss = model.compute_loss(inputs, NEXT, model(inputs, training=True))
    chances = tf.nn.log_softmax(model(inputs)).numpy()
    smooth = 0.9 * np.eye(11)[NEXT] + 0.1 / 11
    expected = -(chances * smooth).sum(-1)[NEXT > 0].mean()
    assert float(loss) == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_it_learns_to_copy():
    model = made(label_smoothing=0.0, encoder_layers=1, decoder_layers=1)
    rng = np.random.default_rng(0)
    words = rng.integers(4, 11, (128, 3)).astype(np.int32)
    ends = np.full((128, 1), 3, np.int32)
    starts = np.full((128, 1), 2, np.int32)
    inputs = {"source": np.hstack([starts, words, ends]), "target": np.hstack([starts, words])}
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    model.fit(inputs, np.hstack([words, ends]), batch_size=32, epochs=15, verbose=0)
    tokens, _ = model.generate(inputs["source"][:64], most=tf.fill([64], 6), beams=2)
    # Of seven words one in seven would be right by chance.
    assert (tokens.numpy()[:, :3] == words[:64]).mean() > 0.35
