"""Cross network of DCN V2: explicit feature crosses of bounded degree."""

from typing import Any

import keras
import keras_rs


@keras.saving.register_keras_serializable(package="kit")
class CrossNetwork(keras.layers.Layer):
    """Stack of `keras_rs.layers.FeatureCross`; n layers model crosses of up to n + 1 features.

    Unlike a bare stack, this layer builds all weights in `build` and knows its output shape.

    Args:
        layers: number of cross layers.
        projection_dim: rank of the weight matrices; None for full rank.

    Call arguments:
        features: float [batch, width].

    Returns:
        float [batch, width].

    Source: Wang et al. (2021), DCN V2: improved deep and cross network.

    Example:

    >>> import tensorflow as tf
    >>> CrossNetwork(layers=2)(tf.ones([3, 5])).shape
    TensorShape([3, 5])
    """

    def __init__(self, layers: int = 3, projection_dim: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.projection_dim = projection_dim
        self.crosses = [
            keras_rs.layers.FeatureCross(
                projection_dim, dtype=self.dtype_policy, name=f"cross_{number}"
            )
            for number in range(layers)
        ]

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        for cross in self.crosses:
            cross.build(features_shape)
            mapped = features_shape
            if self.projection_dim is not None:
                cross.down_proj_dense.build(mapped)
                mapped = (*mapped[:-1], self.projection_dim)
            cross.dense.build(mapped)
        self.built = True

    def call(self, features: Any) -> Any:
        crossed = features
        for cross in self.crosses:
            crossed = cross(features, crossed)
        return crossed

    def compute_output_shape(
        self, features_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        return features_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "layers": len(self.crosses),
            "projection_dim": self.projection_dim,
        }
