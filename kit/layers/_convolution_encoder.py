"""Dilated convolutions over a sequence."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kit")
class ConvolutionEncoder(keras.layers.Layer):
    """Residual blocks of 1D convolutions whose dilation doubles from block to block.

    The receptive field is `1 + (kernel - 1) * (2^blocks - 1)` positions: up to the
    position itself if causal, else centred on it.

    Args:
        kernel: kernel size of each convolution.
        blocks: number of blocks; block i has dilation 2^i.
        dropout: dropout rate of each block's output before the residual addition.
        causal: whether a position sees only itself and earlier positions.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding (left or right), or None.

    Returns:
        float [batch, length, dim].

    Source: Bai, Kolter and Koltun (2018), An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling; as a recommender Yuan et al. (2019), A simple
    convolutional generative network for next item recommendation.

    Example:

    >>> ConvolutionEncoder(kernel=3, blocks=2)(tf.ones([3, 5, 8])).shape
    TensorShape([3, 5, 8])
    """

    def __init__(
        self,
        kernel: int = 3,
        blocks: int = 4,
        dropout: float = 0.0,
        causal: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.kernel, self.blocks, self.causal = kernel, blocks, causal
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        dim, policy = vectors_shape[-1], self.dtype_policy
        self.norms = [
            keras.layers.LayerNormalization(epsilon=1e-6, dtype="float32", name=f"norm_{i}")
            for i in range(self.blocks)
        ]
        self.convolutions = [
            keras.layers.Conv1D(
                dim,
                self.kernel,
                padding="causal" if self.causal else "same",
                dilation_rate=2**i,
                activation="gelu",
                dtype=policy,
                name=f"convolution_{i}",
            )
            for i in range(self.blocks)
        ]
        self.mixers = [
            keras.layers.Dense(dim, dtype=policy, name=f"mixer_{i}") for i in range(self.blocks)
        ]
        for layer in (*self.norms, *self.convolutions, *self.mixers):
            layer.build(vectors_shape)
        self.built = True

    def call(self, vectors: Any, mask: Any = None, training: bool = False) -> Any:
        for norm, convolution, mixer in zip(
            self.norms, self.convolutions, self.mixers, strict=True
        ):
            seen = tf.cast(norm(vectors), self.compute_dtype)
            if mask is not None:
                seen *= tf.cast(mask, seen.dtype)[..., None]
            # For an empty batch a dilated convolution returns a longer sequence.
            added = mixer(convolution(seen))[:, : tf.shape(vectors)[1]]
            vectors = vectors + self.dropout(added, training=training)
        return vectors

    def compute_output_shape(self, vectors_shape: Any, **_: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel": self.kernel,
            "blocks": self.blocks,
            "dropout": self.dropout.rate,
            "causal": self.causal,
        }
