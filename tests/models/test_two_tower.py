import keras
import numpy as np
import pytest
import scipy.sparse as sparse
import tensorflow as tf

from kit.data import Histories
from kit.evaluation import retrieval_scorer
from kit.models import FeatureShape, RetrievalLoss, TwoTower
from kit.optimizers import LazyAdam

USERS, ITEMS = 40, 20
KINDS = ["full", "sampled"]


def two_tastes():
    """Users take items of their own half; odd ones of 1 to 10, even ones of 11 to 20."""
    random = np.random.default_rng(0)
    users = np.arange(1, USERS + 1)
    own = np.stack([random.permutation(10)[:7] + 1 + 10 * (user % 2 == 0) for user in users])
    inputs = {"user": users, "history": np.int32(own[:, :4])}
    return inputs, np.int32(own[:, 4:]), np.ones([USERS, 3], np.float32)


def build(kind="full", **options):
    keras.utils.set_random_seed(0)
    loss = RetrievalLoss(kind, uniform_negatives=8, shrinkage=0.01)
    model = TwoTower(USERS, ITEMS, 6, **{"loss": loss, **options})
    model.build()
    return model


def train(model, epochs=30):
    inputs, targets, weights = two_tastes()
    batches = tf.data.Dataset.from_tensors((inputs, targets, weights))
    model.compile(optimizer=LazyAdam(0.05), jit_compile=False)
    return model.fit(batches, epochs=epochs, shuffle=False, verbose=0).history["loss"]


def scores(model, inputs):
    return (model(inputs) @ tf.transpose(model.item_vectors())).numpy()[:, 1:]


def share_of_own_taste(model, inputs):
    """Of the best five items outside the history, the share from the user's own half."""
    found = scores(model, inputs)
    np.put_along_axis(found, inputs["history"] - 1, -np.inf, axis=1)
    best = np.argsort(-found, axis=1)[:, :5]
    odd = two_tastes()[0]["user"] % 2 == 1
    return np.mean((best < 10) == odd[:, None])


@pytest.fixture(scope="module", params=KINDS)
def trained(request):
    model = build(request.param)
    history = train(model)
    return model, history


def test_fit_lowers_the_loss_and_finds_the_two_tastes(trained):
    model, history = trained
    assert history[-1] < 0.8 * history[0]
    assert share_of_own_taste(model, two_tastes()[0]) > 0.95
    assert share_of_own_taste(build(), two_tastes()[0]) < 0.7


def test_a_user_without_features_is_nothing_but_the_history(trained):
    model, _ = trained
    inputs = two_tastes()[0]
    unknown = {**inputs, "user": np.zeros(USERS, np.int64)}
    np.testing.assert_array_equal(model(unknown), model(inputs))


def test_the_query_is_the_one_that_explains_the_history_best(trained):
    # Against Newton's method on the likelihood of the history, in float64.
    model, _ = trained
    history = two_tastes()[0]["history"][:3]
    vectors = np.float64(model.item_vectors())[1:]
    places, bias = vectors[:, :-1], vectors[:, -1]
    layer = model.encoder
    ridge = layer.ridge * np.exp(layer.log_ridge) + layer.ridge_of_one / 4 * np.exp(
        layer.log_ridge_of_one
    )
    share = np.exp(bias) / np.exp(bias).sum()
    slope = places[history - 1].mean(axis=1) - share @ places
    curve = (places.T * share) @ places - np.outer(share @ places, share @ places)
    if model.is_full:
        model.encoder.update(vectors[:, :-1], bias)
        expected = np.linalg.solve(curve + ridge * np.eye(6), slope.T).T
        query = model({"user": np.zeros(3, np.int32), "history": history}).numpy()
        np.testing.assert_allclose(query[:, :-1], expected, rtol=1e-3, atol=1e-4)
    else:
        # Moments are moving averages over samples of the catalogue.
        cosine = np.sum(curve * layer.covariance) / np.linalg.norm(curve)
        assert cosine / np.linalg.norm(layer.covariance) > 0.9


def test_padding_of_the_history_changes_nothing(trained):
    model, _ = trained
    inputs = two_tastes()[0]
    padded = np.pad(inputs["history"], [(0, 0), (0, 3)])
    np.testing.assert_allclose(
        model({**inputs, "history": padded}), model(inputs), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_history_leaves_the_user_alone(kind):
    model = build(kind, user_features=FeatureShape(vocabulary=3, tokens=1, numbers=0))
    model.user_tower.set_features(np.arange(USERS)[:, None] % 2 + 1, np.empty([USERS, 0]))
    codes = np.array([1, 2, 0])
    query = model({"user": codes, "history": np.zeros([3, 3], np.int32)}).numpy()
    np.testing.assert_allclose(query[:, :-1], model.user_tower(codes), rtol=0, atol=1e-6)
    assert np.abs(query[0] - query[1]).max() > 1e-3
    np.testing.assert_array_equal(query[2], [0, 0, 0, 0, 0, 0, 1])


def test_the_order_of_the_history_does_not_matter(trained):
    model, _ = trained
    inputs = two_tastes()[0]
    turned = {**inputs, "history": inputs["history"][:, ::-1]}
    np.testing.assert_allclose(model(turned), model(inputs), rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_a_saved_and_loaded_model_answers_the_same(trained, tmp_path):
    model, _ = trained
    model.set_item_prior(np.linspace(0, 1, ITEMS))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    model.set_item_prior(np.zeros(ITEMS))
    inputs = two_tastes()[0]
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    np.testing.assert_allclose(
        loaded.item_vectors()[1:, -1] - model.item_vectors()[1:, -1],
        np.linspace(0, 1, ITEMS),
        atol=1e-6,
    )
    assert loaded.get_config() == model.get_config()


@pytest.mark.parametrize("kind", KINDS)
def test_the_config_makes_the_same_model(kind):
    shape = FeatureShape(vocabulary=9, tokens=2, numbers=1)
    model = build(kind, user_features=shape, item_features=shape)
    again = TwoTower.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    again.build()
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


def item_weights(kind):
    weights = np.zeros((ITEMS, ITEMS), np.float32)
    weights[[0, 3, 4], [7, 8, 9]] = 1, 2, -1
    return weights if kind == "dense" else sparse.csr_matrix(weights)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_item_weights_are_added_to_scores_and_contributions(kind):
    model = build()
    scorer = retrieval_scorer(model, np.zeros(ITEMS))
    known = Histories(np.array([0, 2]), np.array([0, 3], np.int32))
    alone = scorer(np.array([0], np.int32), known)
    of_vectors = model.contributions(np.array([1, 4]), np.array([8, 9]))
    model.set_item_weights(item_weights(kind))
    added = retrieval_scorer(model, np.zeros(ITEMS))(np.array([0], np.int32), known) - alone
    assert np.flatnonzero(added[0]).tolist() == [7, 8]
    np.testing.assert_allclose(added[0, [7, 8]], [1, 2], rtol=1e-5)
    contributions = model.contributions(np.array([1, 4]), np.array([8, 9]))
    np.testing.assert_allclose(contributions - of_vectors, [[1, 0], [0, 2]], atol=1e-6)
    # A scorer is of the model as it was.
    np.testing.assert_array_equal(scorer(np.array([0], np.int32), known), alone)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_item_weights_are_saved_with_the_model(kind, tmp_path):
    model, weights = build(), item_weights(kind)
    model.set_item_weights(weights)
    model.save(tmp_path / "model.keras")
    found = keras.saving.load_model(tmp_path / "model.keras").item_weights()
    assert sparse.issparse(found) == (kind == "sparse")
    np.testing.assert_array_equal(sparse.csr_matrix(found).toarray(), item_weights("dense"))


def test_item_weights_fit_the_catalogue():
    with pytest.raises(ValueError, match=r"\(3, 3\) do not fit a model of 20 items"):
        build().set_item_weights(np.zeros((3, 3), np.float32))


def test_the_towers_pool_alike_for_both_losses():
    # The full loss pools by a product with the catalogue, the sampled one by looking up.
    full, looked_up = build("full"), build("sampled")
    looked_up.set_weights(full.get_weights())
    inputs = {"user": np.array([0, 3]), "history": np.array([[4, 9, 0], [1, 0, 0]], np.int32)}
    np.testing.assert_allclose(full(inputs), looked_up(inputs), rtol=0, atol=1e-6)


def test_an_item_without_interactions_is_found_by_its_features():
    shape = FeatureShape(vocabulary=3, tokens=1, numbers=0)
    model = build("full", item_features=shape)
    half = np.where(np.arange(ITEMS) < 10, 1, 2)[:, None]
    model.item_tower.set_features(half, np.empty([ITEMS, 0]))
    train(model)
    nothing = np.empty([2, 0], np.float32)
    unseen = model.item_tower.embed_features(np.array([[1], [2]]), nothing).numpy()
    query = model(two_tastes()[0]).numpy()
    assert not [w for w in model.trainable_weights if 0 in w.shape]
    prefers_first = (query @ unseen.T)[:, 0] > (query @ unseen.T)[:, 1]
    odd = two_tastes()[0]["user"] % 2 == 1
    assert np.mean(prefers_first == odd) > 0.95


def test_the_prior_moves_the_bias_and_nothing_else():
    model = build()
    inputs = two_tastes()[0]
    query, before = model(inputs).numpy(), scores(model, inputs)
    prior = np.random.default_rng(1).random(ITEMS).astype(np.float32)
    model.set_item_prior(prior)
    np.testing.assert_array_equal(model(inputs), query)
    np.testing.assert_allclose(scores(model, inputs) - before, prior[None] + 0 * before, atol=1e-5)


@pytest.mark.slow
def test_the_prior_takes_no_part_in_training():
    plain, with_prior = build(), build()
    with_prior.set_item_prior(np.linspace(0, 5, ITEMS))
    assert train(plain, epochs=3) == train(with_prior, epochs=3)


def test_the_target_share_is_stored_as_a_distribution():
    model = build("sampled")
    model.set_target_share(np.arange(ITEMS))
    share = model.target_share.numpy()
    assert share[0] == 0
    assert share.sum() == pytest.approx(1)
    assert share[3] == pytest.approx(2 * share[2])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_decide_what_is_learned(kind):
    # Two users want one item each; only the second one's wish has weight.
    model = build(kind)
    inputs = {"user": np.array([1, 2]), "history": np.array([[5], [6]], np.int32)}
    weights = np.array([[0.0], [1.0]], np.float32)
    model.compile(optimizer=LazyAdam(0.05), jit_compile=False)
    batches = tf.data.Dataset.from_tensors((inputs, np.array([[9], [15]], np.int32), weights))
    first = scores(model, inputs)
    model.fit(batches, epochs=20, shuffle=False, verbose=0)
    gained = scores(model, inputs) - first
    assert gained[1, 8] < gained[1, 14]
    assert gained[1].argmax() == 14


def test_without_weights_every_target_counts_one():
    inputs, targets, weights = two_tastes()
    losses = []
    for data in ((inputs, targets), (inputs, targets, weights)):
        model = build()
        model.compile(optimizer=LazyAdam(0.05), jit_compile=False)
        losses.append(model.evaluate(tf.data.Dataset.from_tensors(data), verbose=0))
    assert losses[0] == pytest.approx(losses[1])


@pytest.mark.parametrize(
    ("kind", "policy"),
    [("sampled", "mixed_bfloat16"), pytest.param("full", "mixed_float16", marks=pytest.mark.slow)],
)
def test_mixed_precision_trains_float32_tables(kind, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = build(kind)
    finally:
        keras.config.set_dtype_policy(before)
    history = train(model)
    assert model.item_tower.ids.compute_dtype == policy.removeprefix("mixed_")
    assert history[-1] < 0.8 * history[0]
    assert share_of_own_taste(model, two_tastes()[0]) > 0.95
    variables = [*model.trainable_weights, *model.optimizer.variables]
    assert {v.dtype for v in variables if v.shape != ()} == {"float32"}


def test_the_same_seed_gives_the_same_model():
    first, second = build("sampled"), build("sampled")
    assert train(first, epochs=3) == train(second, epochs=3)


@pytest.mark.parametrize(
    ("kind", "num_items", "is_full"),
    [
        ("auto", 20_000, True),
        ("auto", 20_001, False),
        ("full", 10**6, True),
        ("sampled", 10, False),
    ],
)
def test_the_catalogue_decides_unless_it_is_said(kind, num_items, is_full):
    assert RetrievalLoss(kind).is_full(num_items) is is_full


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "fulll"}, "auto, full or sampled; got 'fulll'"),
        ({"temperature": 0.0}, "above 0"),
        ({"uniform_negatives": -1}, "negative"),
        ({"shrinkage": -0.1}, "negative"),
    ],
)
def test_settings_out_of_range_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        RetrievalLoss(**settings)
