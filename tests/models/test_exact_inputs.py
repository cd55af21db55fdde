"""What carries ids, positions, numbers, times, weights or pixels is not rounded by mixed precision.

Keras casts the floats that a layer is given to the compute dtype before `call`. Every public layer
and model is classified here, and a new one fails the first test until it is.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kit.layers
import kit.models
from kit.layers import Embedding, FeatureBag, NumberEmbedding
from kit.models import (
    CandidateRanking,
    ContentShape,
    EntityTower,
    FeatureShape,
    ImplicitALS,
    LinearRecommender,
    Ranking,
    RankingFields,
    RankingInput,
    SequenceEncoder,
    SequentialRecommender,
    TwoTower,
)

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
every_policy = pytest.mark.parametrize("policy", POLICIES)

IDS = np.array([[257, 1001, 2909], [4999, 1, 0]], np.float64)
NUMBERS = np.array([[1999.0, 19_990.5], [2003.0, 1e9]], np.float64)
TIMES = np.array([[0.0, 257.0, 86_401.0], [0.0, 1.0, 1001.0]], np.float64)
VECTORS = np.ones((2, 3, 8), np.float64)
PIXELS = np.full((2, 32, 32, 3), 200.3, np.float64)


def backbone_encoder():
    hub = pytest.importorskip("keras_hub")
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 8}
    bert = hub.models.BertBackbone(5000, max_sequence_length=8, **sizes)
    return kit.models.pretrained.BackboneEncoder(bert)


def writer(name, backbone):
    hub = pytest.importorskip("keras_hub")
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 8}
    made = getattr(hub.models, backbone)
    backbone = made(vocabulary_size=5000, **sizes)
    return getattr(kit.models.pretrained, name)(backbone)


PAIR = {"source": IDS, "target": IDS}
TOWER = {"features": FeatureShape(9, 1, 1), "contents": [ContentShape((3,), 9)]}
RANKING = [RankingInput("item", "code", 5000), RankingInput("year", "number")]
# Name to how it is made and to arguments of which none may be rounded.
EXACT = {
    "Embedding": (lambda: Embedding(5000, 4), [IDS]),
    "FeatureBag": (lambda: FeatureBag(5000, 4), [IDS, NUMBERS]),
    "NumberEmbedding": (lambda: NumberEmbedding(4), [NUMBERS]),
    "RelativeTimeBias": (lambda: kit.layers.RelativeTimeBias(2, 8), [TIMES]),
    "SelfAttention": (lambda: kit.layers.SelfAttention(2, time_buckets=8), [VECTORS, None, TIMES]),
    "TransformerBlock": (
        lambda: kit.layers.TransformerBlock(2, 8, time_buckets=8),
        [VECTORS, None, TIMES],
    ),
    "DecoderBlock": (lambda: kit.layers.DecoderBlock(2, 8), [VECTORS, VECTORS]),
    "HSTUBlock": (lambda: kit.layers.HSTUBlock(2, time_buckets=8), [VECTORS, None, TIMES]),
    "HistoryQuery": (
        lambda: kit.layers.HistoryQuery(VECTORS.shape[2]),
        [VECTORS[:, 0], VECTORS[:, 0, :1]],
    ),
    "EntityTower": (lambda: EntityTower(5000, 4, **TOWER), [IDS]),
    "ImplicitALS": (lambda: ImplicitALS(5000, 5000, 4), [{"history": IDS}]),
    "LinearRecommender": (lambda: LinearRecommender(5000, 5000), [{"history": IDS}]),
    "TwoTower": (
        lambda: TwoTower(5000, 5000, 4),
        [{"user": IDS[:, 0], "history": IDS}],
    ),
    "SequenceEncoder": (lambda: SequenceEncoder(time_buckets=8), [VECTORS, TIMES]),
    "SequentialRecommender": (
        lambda: SequentialRecommender(5000, 8, encoder=SequenceEncoder(time_buckets=8)),
        [{"history": IDS, "time": 1.7e9 + TIMES}],
    ),
    "RankingFields": (
        lambda: RankingFields(RANKING, 4),
        [{"item": IDS[:, 0], "year": NUMBERS[:, 0]}],
    ),
    "Ranking": (lambda: Ranking(RANKING), [{"item": IDS[:, 0], "year": NUMBERS[:, 0]}]),
    "CandidateRanking": (
        lambda: CandidateRanking(["retrieval", "price"]),
        [{"retrieval": NUMBERS, "price": NUMBERS}],
    ),
    "TextEncoder": (lambda: kit.models.TextEncoder(5000, dim=8), [IDS]),
    "TextColumnEncoder": (lambda: kit.models.TextColumnEncoder(5000, 4), [IDS]),
    "TextClassifier": (
        lambda: kit.models.TextClassifier(kit.models.TextEncoder(5000, dim=8), 2),
        [IDS],
    ),
    "Forecaster": (
        lambda: kit.models.Forecaster(2, 2, cycle=5000, num_series=5000),
        [{"history": NUMBERS, "series": IDS[:, 0], "phase": IDS[:, 1]}],
    ),
    **{
        name: (
            lambda name=name: getattr(kit.models, name)(2, 2, cycle=5000, num_series=5000),
            [{"history": NUMBERS, "series": IDS[:, 0], "phase": IDS[:, 1]}],
        )
        for name in ("DLinear", "NHiTS", "PatchTST")
    },
    "CustomerValue": (
        lambda: kit.models.CustomerValue(90, 2),
        [{"amount": NUMBERS, "age": IDS[:, :2], "season": NUMBERS[:, 0]}],
    ),
    "Uplift": (
        lambda: kit.models.Uplift(RANKING, ["none", "mail"]),
        [{"item": IDS[:, 0], "year": NUMBERS[:, 0]}],
    ),
    "LinearUplift": (
        lambda: kit.models.LinearUplift(RANKING, ["none", "mail"], {"year": [1990, 2000.5]}),
        [{"item": IDS[:, 0], "year": NUMBERS[:, 0]}],
    ),
    "SentenceRanker": (lambda: kit.models.SentenceRanker(5000, 8, heads=2), [IDS[:, None]]),
    "SequenceToSequence": (lambda: kit.models.SequenceToSequence(5000, 8, heads=2), [PAIR]),
    "BackboneEncoder": (backbone_encoder, [IDS]),
    "BartWriter": (lambda: writer("BartWriter", "BartBackbone"), [PAIR]),
    "T5Writer": (lambda: writer("T5Writer", "T5Backbone"), [PAIR]),
    "ImageColumnEncoder": (lambda: kit.models.ImageColumnEncoder(4), [PIXELS]),
    "ImageClassifier": (
        lambda: kit.models.ImageClassifier(kit.models.ImageEncoder(widths=[8]), 2),
        [PIXELS],
    ),
    "Detector": (lambda: kit.models.Detector(["cell"], (32, 32), filters=8), [PIXELS]),
}
# What takes vectors or maps that other layers computed.
ACTIVATIONS = {
    "AttentionPooling": [VECTORS],
    "BidirectionalEncoder": [VECTORS],
    "BilinearFusion": [VECTORS[:, 0], VECTORS[:, 0]],
    "ConvNextBlock": [PIXELS],
    "ConvolutionBlock": [PIXELS],
    "ConvolutionEncoder": [VECTORS],
    "CrossAttention": [VECTORS, VECTORS],
    "CrossNetwork": [VECTORS[:, 0]],
    "DetectionHead": [PIXELS],
    "FactorizationMachine": [VECTORS],
    "FeatureGate": [VECTORS[:, 0]],
    "FeaturePyramid": [[PIXELS]],
    "FeedForward": [VECTORS],
    "ImageEncoder": [PIXELS],
    "InteractingAttention": [VECTORS],
    "LastPooling": [VECTORS],
    "MaskedPooling": [VECTORS, np.ones((2, 3), bool)],
    "MixtureOfExperts": [VECTORS[:, 0]],
    "Perceptron": [VECTORS],
    "RecurrentEncoder": [VECTORS],
    "ResidualBlock": [PIXELS],
    "SeparableBlock": [PIXELS],
    "SqueezeExcite": [PIXELS],
    "TargetAttention": [VECTORS[:, 0], VECTORS, np.ones((2, 3), bool)],
}
SIZES = {
    "ConvolutionBlock": [8],
    "CrossAttention": [2],
    "DetectionHead": [2],
    "FeaturePyramid": [8],
    "FeedForward": [8],
    "MixtureOfExperts": [2, 2, [4]],
    "Perceptron": [[4]],
    "ResidualBlock": [8],
    "SeparableBlock": [8],
}
# Bases that are not made themselves; those derived from them are above.
BASES = {"NetworkForecaster", "PretrainedSeq2Seq", "Seq2SeqModel"}


def public_layers():
    return {
        name: found
        for package in (kit.layers, kit.models, kit.models.pretrained)
        for name, found in ((name, getattr(package, name)) for name in dir(package))
        if not name.startswith("_")
        and isinstance(found, type)
        and issubclass(found, keras.layers.Layer)
    }


@pytest.fixture
def under(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    yield policy
    keras.config.set_dtype_policy(before)


def received(layer, arguments, dtype):
    """What `call` is given of floats in that dtype, as [(given, received)]."""
    arguments = keras.tree.map_structure(
        lambda x: x if x is None else tf.constant(x, dtype if x.dtype == np.float64 else None),
        arguments,
    )
    seen = []
    call = layer.call

    def spied(*args, **kwargs):
        kwargs.pop("training", None)
        found = keras.tree.flatten([*args, *kwargs.values()])
        seen.append([x for x in found if x is not None])
        return call(*args, **kwargs)

    layer.call = spied
    names = layer.call_signature_parameters
    layer(arguments[0], **dict(zip(names[1:], arguments[1:], strict=False)))
    given = [x for x in keras.tree.flatten(arguments) if x is not None]
    assert len(given) == len(seen[0])
    return list(zip(given, seen[0], strict=True))


def test_every_public_layer_and_model_is_classified():
    assert set(public_layers()) == {*EXACT, *ACTIVATIONS, *BASES}


@pytest.mark.filterwarnings("default::UserWarning")  # keras-hub warns of its own masks.
@every_policy
@pytest.mark.parametrize("name", EXACT)
def test_inputs_reach_call_as_they_are_given(name, under):
    if name in ("BackboneEncoder", "BartWriter", "T5Writer") and under != "mixed_bfloat16":
        pytest.skip("backbones of keras-hub take seconds to build: one policy is enough")
    make, arguments = EXACT[name]
    layer = make()
    assert type(layer) is public_layers()[name]
    # What no mixed policy would round, float32 would.
    dtype = tf.float64 if under == "float32" else tf.float32
    for given, seen in received(layer, arguments, dtype):
        assert seen.dtype == given.dtype
        np.testing.assert_array_equal(seen, given)


@pytest.mark.parametrize("policy", ["mixed_bfloat16"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_reach_call_in_the_compute_dtype(name, under):
    layer = public_layers()[name](*SIZES.get(name, []))
    for given, seen in received(layer, ACTIVATIONS[name], tf.float32):
        assert seen.dtype == (layer.compute_dtype if given.dtype.is_floating else given.dtype)


@pytest.mark.parametrize(
    ("policy", "dtype"),
    [
        ("float32", "float64"),
        ("mixed_bfloat16", "float32"),
        ("mixed_float16", "float32"),
        ("mixed_float16", "uint16"),
    ],
)
@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"input_dim": 5000}, [257, 258, 1001, 2909, 4999]),
        ({"input_dim": 3001, "mask_zero": True}, [0, 255, 256, 513, 3000]),
        ({"hash_bins": 1 << 20}, [257, 2047, 2049, 60_001, 1]),
        ({"vocabulary": list(range(10, 3000, 7))}, [10, 262, 521, 2992, 11]),
    ],
    ids=["input_dim", "masked", "hash_bins", "vocabulary"],
)
def test_float_ids_read_the_rows_of_integer_ids(options, ids, dtype, under):
    layer = Embedding(output_dim=2, **options)
    expected = layer(tf.constant(ids, tf.int32))
    np.testing.assert_array_equal(layer(tf.constant(ids, dtype)), expected)
    shared = Embedding(table=layer)
    np.testing.assert_array_equal(shared(tf.constant(ids, dtype)), expected)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.cast(layer(tf.constant(ids, dtype)), tf.float32))
    rows = tape.gradient(total, layer.embeddings.value).indices
    np.testing.assert_array_equal(rows, layer.rows(tf.constant(ids)))


@every_policy
def test_a_model_of_float_inputs_reads_the_rows_it_names(under):
    inputs = keras.Input((1,))
    model = keras.Model(inputs, Embedding(5000, 2)(inputs))
    ids = np.array([[257], [1001], [4999]])
    table = model.layers[1].embeddings.numpy()
    np.testing.assert_array_equal(
        model(ids)[:, 0], tf.cast(table[ids[:, 0]], model.layers[1].compute_dtype)
    )


def test_float_ids_are_exact_up_to_what_their_type_holds():
    layer = Embedding(output_dim=1, hash_bins=1000)
    for largest, dtype in ((2**24, "float32"), (2**53, "float64"), (2**11, "float16")):
        ids = [largest, largest - 1]
        np.testing.assert_array_equal(
            layer.rows(tf.constant(ids, dtype)), layer.rows(tf.constant(ids, tf.int64))
        )
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{dtype} at most"):
            layer(tf.constant([2.0 * largest], dtype))


@pytest.mark.parametrize("wrong", [2.5, np.nan, np.inf, -np.inf])
def test_ids_that_are_no_whole_numbers_are_refused(wrong):
    for layer in (Embedding(9, 2), Embedding(output_dim=2, hash_bins=9), EntityTower(9, 2)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="whole numbers"):
            layer(tf.constant([1.0, wrong]))


@every_policy
@pytest.mark.parametrize("values", [[1996, 1999, 2001, 2003], [9990, 9995, 10_005, 10_010]])
def test_neighbouring_numbers_have_different_vectors(values, under):
    layer = NumberEmbedding(dim=8, bins=8)
    numbers = np.array(values, np.float32)[:, None]
    layer.build((None, 1))
    layer.adapt(np.linspace(values[0] - 10, values[-1] + 10, 200, dtype=np.float32)[:, None])
    found = np.asarray(layer(numbers)[:, 0], np.float32)
    assert len(np.unique(found, axis=0)) == len(values)
    bag = FeatureBag(vocabulary_size=3, dim=8)
    found = bag(np.zeros((4, 1)), (numbers - numbers.mean()) / 4)
    assert len(np.unique(np.asarray(found, np.float32), axis=0)) == len(values)


@every_policy
def test_models_answer_for_float_ids_as_for_integers(under):
    tower = TwoTower(5000, 5000, 4)
    model = SequentialRecommender(5000, 8, encoder=SequenceEncoder(time_buckets=8))
    ranking = Ranking([RankingInput("item", "code", 5000), RankingInput("list", "codes", 5000)])
    for each, inputs in (
        (tower, {"user": IDS[:, 0], "history": IDS}),
        (model, {"history": IDS, "time": 1_700_000_000 + TIMES}),
        (ranking, {"item": IDS[:, 0], "list": IDS}),
    ):
        whole = {name: x.astype(np.int64) for name, x in inputs.items()}
        for dtype in (np.float32, np.float64):
            # Seconds since 1970 need float64.
            floats = {
                name: x.astype(x.dtype if name == "time" else dtype) for name, x in inputs.items()
            }
            np.testing.assert_array_equal(each(floats), each(whole))


def test_a_history_may_be_given_as_floats_in_training():
    model = TwoTower(5000, 5000, 4, loss=kit.models.RetrievalLoss("sampled", 8))
    model.compile("sgd")
    inputs = {"user": np.array([3.0, 2909.0], np.float32), "history": IDS.astype(np.float32)}
    model.fit(inputs, np.array([[5], [4999]]), verbose=0)
