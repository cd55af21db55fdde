"""Embedding items the model was not trained on, in the exported graph."""

from typing import Any

import tensorflow as tf

from kit.models import EntityTower


class ItemFeatures(tf.Module):
    """The item tower's way from features, images and texts to a vector, without Keras.

    Args:
        tower: a built item tower that has features or reads images or texts.

    Raises:
        ValueError: the tower knows ids only.
    """

    def __init__(self, tower: EntityTower) -> None:
        super().__init__()
        if not tower.reads_features:
            raise ValueError("This tower knows ids only; nothing can be embedded from features.")
        # The layers themselves stay outside: only their variables and what they compute are saved.
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
