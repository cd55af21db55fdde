"""Graphs that encode histories and item features."""

from typing import Any

import tensorflow as tf

from kit.layers import HistoryQuery
from kit.models import EntityTower, ImplicitALS, SequentialRecommender


class HistoryEncoder(tf.Module):
    """The encoder of a sequential model, without Keras in the export.

    It reads vectors, not codes, so that a history may contain items added to the catalogue later.
    `query` reads no times; if the model uses them, `timed_query` does. `leave_one_out` is what the
    score of an item loses without each item of the history, times left aside.

    Args:
        model: a built model.
    """

    def __init__(self, model: SequentialRecommender) -> None:
        super().__init__()
        # The Keras layer is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in model.encoder.variables]
        encode = model.encode
        specs = [
            tf.TensorSpec([None, None, model.dim + 1], tf.float32, "vectors"),
            tf.TensorSpec([None, None], tf.bool, "known"),
        ]

        @tf.function(input_signature=specs, autograph=False)
        def query(vectors: Any, known: Any) -> Any:
            return tf.cast(encode(vectors, known), tf.float32)

        # Concrete, or each signature that calls it would trace it anew.
        query = query.get_concrete_function()

        @tf.function(
            input_signature=[*specs, tf.TensorSpec([None, None], tf.int64, "times")],
            autograph=False,
        )
        def timed_query(vectors: Any, known: Any, times: Any) -> Any:
            return tf.cast(encode(vectors, known, times), tf.float32)

        @tf.function(
            input_signature=[*specs, tf.TensorSpec([None, model.dim + 1], tf.float32, "item")],
            autograph=False,
        )
        def leave_one_out(vectors: Any, known: Any, item: Any) -> Any:
            # One place more, as the history of an unknown user has none.
            vectors, known = (
                tf.pad(vectors, [[0, 0], [0, 1], [0, 0]]),
                tf.pad(known, [[0, 0], [0, 1]]),
            )
            batch, length = tf.unstack(tf.shape(known))
            # Without one of the latest items, the one before them is read as well.
            width = tf.minimum(length, model.length + 1)
            count = tf.math.count_nonzero(known, axis=1, keepdims=True, dtype=tf.int32)
            order = tf.argsort(tf.cast(~known, tf.int32), axis=1, stable=True)
            latest = tf.maximum(count - width, 0) + tf.range(width)
            places = tf.gather(order, latest, batch_dims=1)
            is_item = latest < count

            def lost(row: Any) -> Any:
                """All histories that lack one item, in one batch, and the whole history."""
                vectors, is_item, item = row
                kept = is_item & tf.concat(
                    [~tf.eye(width, dtype=tf.bool), tf.ones([1, width], tf.bool)], axis=0
                )
                left = vectors * tf.cast(kept, tf.float32)[..., None]
                scores = tf.linalg.matvec(query(left, kept), item)
                return tf.where(is_item, scores[-1] - scores[:-1], 0)

            # One history after the other, as memory grows with the square of its length.
            rows = (tf.gather(vectors, places, batch_dims=1), is_item, item)
            found = tf.map_fn(lost, rows, fn_output_signature=tf.TensorSpec([None], tf.float32))
            at = tf.broadcast_to(tf.range(batch)[:, None], tf.shape(places))
            return tf.scatter_nd(tf.stack([at, places], axis=-1), found, tf.shape(known))[:, :-1]

        self.query, self.leave_one_out = query, leave_one_out.get_concrete_function()
        if model.is_timed:
            self.timed_query = timed_query.get_concrete_function()


class PooledHistory(tf.Module):
    """`kit.layers.HistoryQuery`, its eigenvectors computed once.

    `query` makes the query of a history, `contributions` what each of its items adds to the score
    of another one.

    Args:
        layer: of a trained model.
    """

    def __init__(self, layer: HistoryQuery) -> None:
        super().__init__()
        spread, basis, ridge, ridge_of_one = layer.parts()
        kept = (layer.mean.value, basis, spread + ridge, ridge_of_one)
        self._weights = [tf.Variable(value, trainable=False) for value in kept]
        specs = [
            tf.TensorSpec([None, None, layer.dim + 1], tf.float32, "vectors"),
            tf.TensorSpec([None, None], tf.bool, "known"),
        ]

        def whitened(values: Any, known: Any) -> Any:
            """float [batch, dim], multiplied by a symmetric matrix for the length of a history."""
            _, basis, damping, damping_of_one = self._weights
            count = tf.math.count_nonzero(known, axis=1, keepdims=True, dtype=tf.float32)
            damped = tf.matmul(values, basis) / (count * damping + damping_of_one)
            return tf.matmul(damped, basis, transpose_b=True)

        def centered(vectors: Any, known: Any) -> Any:
            return (vectors[..., :-1] - self._weights[0]) * tf.cast(known, tf.float32)[..., None]

        @tf.function(input_signature=specs, autograph=False)
        def query(vectors: Any, known: Any) -> Any:
            found = whitened(tf.reduce_sum(centered(vectors, known), axis=1), known)
            return tf.concat([found, tf.ones_like(found[:, :1])], axis=1)

        @tf.function(
            input_signature=[*specs, tf.TensorSpec([None, layer.dim + 1], tf.float32, "item")],
            autograph=False,
        )
        def contributions(vectors: Any, known: Any, item: Any) -> Any:
            # The matrix is symmetric: one product with the item serves the whole history.
            return tf.linalg.matvec(centered(vectors, known), whitened(item[:, :-1], known))

        self.query = query.get_concrete_function()
        self.contributions = contributions.get_concrete_function()


class FoldIn(tf.Module):
    """`kit.models.ImplicitALS` of vectors: queries and contributions as of `PooledHistory`.

    Args:
        model: a fitted model.
    """

    def __init__(self, model: ImplicitALS) -> None:
        super().__init__()
        # The model is not tracked: only these variables and its traced computation are saved.
        self._weights = [model.common.value, model.of_item.value]
        solve = model.solve
        specs = [
            tf.TensorSpec([None, None, model.dim + 1], tf.float32, "vectors"),
            tf.TensorSpec([None, None], tf.bool, "known"),
        ]

        def without_bias(vectors: Any, known: Any) -> Any:
            return vectors[..., :-1] * tf.cast(known, tf.float32)[..., None]

        @tf.function(input_signature=specs, autograph=False)
        def query(vectors: Any, known: Any) -> Any:
            vectors = without_bias(vectors, known)
            found = solve(vectors, known, tf.reduce_sum(vectors, axis=1)[..., None])[..., 0]
            return tf.concat([found, tf.ones_like(found[:, :1])], axis=1)

        @tf.function(
            input_signature=[*specs, tf.TensorSpec([None, model.dim + 1], tf.float32, "item")],
            autograph=False,
        )
        def contributions(vectors: Any, known: Any, item: Any) -> Any:
            vectors = without_bias(vectors, known)
            return tf.matmul(vectors, solve(vectors, known, item[:, :-1, None]))[..., 0]

        self.query = query.get_concrete_function()
        self.contributions = contributions.get_concrete_function()


class ItemFeatures(tf.Module):
    """The item tower as a function of features, images and texts, without Keras.

    Args:
        tower: a built item tower that has features or reads images or texts.

    Raises:
        ValueError: the tower reads ids only.
    """

    def __init__(self, tower: EntityTower) -> None:
        super().__init__()
        if not tower.reads_features:
            raise ValueError("The tower reads ids only; it cannot embed items from features.")
        # The layers are not tracked: only their variables and traced computation are saved.
        parts = [tower.bag, *tower.readers] if tower.bag is not None else tower.readers
        self._weights = [weight.value for part in parts for weight in part.variables]
        embed, features = tower.embed_features, tower.features
        specs = [
            tf.TensorSpec([None, features.tokens if features else None], tf.int32, "tokens"),
            tf.TensorSpec([None, features.numbers if features else None], tf.float32, "numbers"),
            *(
                tf.TensorSpec([None, *one.shape], one.dtype, f"content_{number}")
                for number, one in enumerate(tower.contents)
            ),
        ]

        @tf.function(input_signature=specs, autograph=False)
        def vectors(tokens: Any, numbers: Any, *contents: Any) -> Any:
            return tf.cast(embed(tokens, numbers, *contents), tf.float32)

        self.vectors = vectors
