"""Convolution blocks: plain, separable, residual, squeeze-and-excite."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kit")
class ConvolutionBlock(keras.layers.Layer):
    """Convolution, batch normalization and activation.

    The convolution has no bias, as the normalization has one. Under mixed precision the
    normalization computes in float32; under a distribution strategy each replica normalizes its own
    part of the batch.

    Args:
        filters: number of output channels.
        kernel: height and width of the convolution.
        strides: stride of the convolution; height and width are divided by it, rounded up.
        groups: number of groups of a grouped convolution.
        activation: name of a Keras activation, or None.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float [batch, height / strides, width / strides, filters].

    Source: Ioffe and Szegedy (2015), Batch normalization.

    Example:

    >>> import numpy as np
    >>> ConvolutionBlock(16, strides=2)(np.ones((2, 9, 8, 3))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(
        self,
        filters: int,
        kernel: int = 3,
        strides: int = 1,
        groups: int = 1,
        activation: str | None = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel, self.strides = filters, kernel, strides
        self.groups, self.activation = groups, activation
        policy = self.dtype_policy
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="same",
            groups=groups,
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=policy,
            name="convolution",
        )
        self.norm = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, dtype=policy, name="norm"
        )
        self.activate = keras.activations.get(activation)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        self.convolution.build(maps_shape)
        self.norm.build(self.compute_output_shape(maps_shape))
        self.built = True

    def call(self, maps: Any, training: bool = False) -> Any:
        return self.activate(self.norm(self.convolution(maps), training=training))

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return self.convolution.compute_output_shape(maps_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel": self.kernel,
            "strides": self.strides,
            "groups": self.groups,
            "activation": self.activation,
        }


@keras.saving.register_keras_serializable(package="kit")
class SeparableBlock(keras.layers.Layer):
    """Depthwise-separable convolution: depthwise and 1x1, each with normalization and activation.

    With a kernel of 3 it costs about an eighth of a full convolution.

    Args:
        filters: number of output channels.
        kernel: height and width of the depthwise convolution.
        strides: stride of the depthwise convolution.
        activation: name of a Keras activation.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float [batch, height / strides, width / strides, filters].

    Source: Howard et al. (2017), MobileNets.

    Example:

    >>> import numpy as np
    >>> SeparableBlock(16, strides=2)(np.ones((2, 9, 8, 3))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(
        self,
        filters: int,
        kernel: int = 3,
        strides: int = 1,
        activation: str = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel, self.strides = filters, kernel, strides
        self.activation = activation
        policy = self.dtype_policy
        self.depthwise = keras.layers.DepthwiseConv2D(
            kernel,
            strides,
            padding="same",
            use_bias=False,
            depthwise_initializer="he_normal",
            dtype=policy,
            name="depthwise",
        )
        self.norm = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, dtype=policy, name="norm"
        )
        self.pointwise = ConvolutionBlock(
            filters, kernel=1, activation=activation, dtype=policy, name="pointwise"
        )
        self.activate = keras.activations.get(activation)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        inner = self.depthwise.compute_output_shape(maps_shape)
        self.depthwise.build(maps_shape)
        self.norm.build(inner)
        self.pointwise.build(inner)
        self.built = True

    def call(self, maps: Any, training: bool = False) -> Any:
        maps = self.activate(self.norm(self.depthwise(maps), training=training))
        return self.pointwise(maps, training=training)

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return (*self.depthwise.compute_output_shape(maps_shape)[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel": self.kernel,
            "strides": self.strides,
            "activation": self.activation,
        }


@keras.saving.register_keras_serializable(package="kit")
class SqueezeExcite(keras.layers.Layer):
    """Squeeze-and-excitation: scales each channel by a gate, from the means of all channels.

    Args:
        ratio: reduction ratio; the hidden layer has `channels / ratio` units, at least 4.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float, same shape.

    Source: Hu, Shen and Sun (2018), Squeeze-and-excitation networks.

    Example:

    >>> import numpy as np
    >>> SqueezeExcite()(np.ones((2, 5, 4, 16))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(self, ratio: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ratio = ratio
        self.pool = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype=self.dtype_policy)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        channels, policy = maps_shape[-1], self.dtype_policy
        assert channels is not None, "the number of channels has to be known"
        hidden = max(4, channels // self.ratio)
        self.squeeze = keras.layers.Dense(hidden, "relu", dtype=policy, name="squeeze")
        self.excite = keras.layers.Dense(channels, "sigmoid", dtype=policy, name="excite")
        self.squeeze.build((None, 1, 1, channels))
        self.excite.build((None, 1, 1, hidden))
        self.built = True

    def call(self, maps: Any) -> Any:
        return maps * self.excite(self.squeeze(self.pool(maps)))

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return maps_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ratio": self.ratio}


@keras.saving.register_keras_serializable(package="kit")
class ResidualBlock(keras.layers.Layer):
    """Two 3x3 convolutions with a residual shortcut.

    Where the shape changes, the shortcut is average pooling by the stride followed by a 1x1
    convolution.

    Args:
        filters: number of output channels.
        strides: stride of the first convolution.
        activation: name of a Keras activation.
        squeeze: reduction ratio of a `SqueezeExcite` before the addition; 0 for none.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float [batch, height / strides, width / strides, filters].

    Source: He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition; the
    average-pooling shortcut: He et al. (2019), Bag of tricks for image classification.

    Example:

    >>> import numpy as np
    >>> ResidualBlock(16, strides=2, squeeze=4)(np.ones((2, 9, 8, 3))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(
        self,
        filters: int,
        strides: int = 1,
        activation: str = "relu",
        squeeze: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.strides = filters, strides
        self.activation, self.squeeze = activation, squeeze
        policy = self.dtype_policy
        self.first = ConvolutionBlock(
            filters, strides=strides, activation=activation, dtype=policy, name="first"
        )
        self.second = ConvolutionBlock(filters, activation=None, dtype=policy, name="second")
        self.gate = SqueezeExcite(squeeze, dtype=policy, name="gate") if squeeze else None
        self.activate = keras.activations.get(activation)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        policy, inner = self.dtype_policy, self.compute_output_shape(maps_shape)
        self.first.build(maps_shape)
        self.second.build(inner)
        if self.gate is not None:
            self.gate.build(inner)
        self.average = self.mix = None
        if self.strides > 1:
            self.average = keras.layers.AveragePooling2D(
                self.strides, padding="same", dtype=policy, name="average"
            )
        if self.strides > 1 or maps_shape[-1] != self.filters:
            self.mix = ConvolutionBlock(
                self.filters, kernel=1, activation=None, dtype=policy, name="mix"
            )
            self.mix.build((*inner[:-1], maps_shape[-1]))
        self.built = True

    def call(self, maps: Any, training: bool = False) -> Any:
        added = self.second(self.first(maps, training=training), training=training)
        if self.gate is not None:
            added = self.gate(added)
        if self.average is not None:
            maps = self.average(maps)
        if self.mix is not None:
            maps = self.mix(maps, training=training)
        return self.activate(maps + added)

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return self.first.compute_output_shape(maps_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
            "activation": self.activation,
            "squeeze": self.squeeze,
        }
