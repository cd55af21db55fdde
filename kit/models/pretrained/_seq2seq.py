"""What writers around backbones of keras-nlp (keras-hub) share."""

from abc import abstractmethod
from typing import Any

import keras
import tensorflow as tf

from kit.layers import integer_ids
from kit.models._seq2seq import PADDING, Seq2SeqModel


class PretrainedSeq2Seq(Seq2SeqModel):
    """An encoder-decoder backbone of keras-hub that writes.

    Args:
        backbone: takes "encoder_token_ids", "decoder_token_ids" and their padding masks; gives
            "encoder_sequence_output" and "decoder_sequence_output".
        label_smoothing: share of the target that is spread over all tokens.

    Call arguments:
        inputs: `{"source": int32 [batch, length], "target": int32 [batch, written]}`, 0 is padding
            behind the tokens; the source with its start and end, the target with its start.

    Returns:
        Logits of the next token at each place of the target, float32 [batch, written, vocabulary];
        in training what they are made from, float [batch, written, dim].
    """

    def __init__(
        self, backbone: keras.Model, *, label_smoothing: float = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Token ids arrive as they are given.
        self.backbone, self.label_smoothing = backbone, label_smoothing
        self.vocabulary, self.dim = backbone.vocabulary_size, backbone.hidden_dim
        # The same layers, the same weights.
        self._encoder = keras.Model(
            [backbone.input[f"encoder_{name}"] for name in ("token_ids", "padding_mask")],
            backbone.output["encoder_sequence_output"],
        )

    def build(self, input_shape: Any = None) -> None:
        self.bias = self.add_weight(
            shape=(self.vocabulary,), initializer="zeros", autocast=False, name="bias"
        )
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build()

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        source, target = (
            tf.cast(integer_ids(inputs[name]), tf.int32) for name in ("source", "target")
        )
        source, (read, mask) = self.read(source), self.decoded(target)
        answer = self.backbone(
            {
                "encoder_token_ids": source,
                "encoder_padding_mask": is_token(source),
                "decoder_token_ids": read,
                "decoder_padding_mask": mask,
            },
            training=training,
        )
        vectors = answer["decoder_sequence_output"][:, -tf.shape(target)[1] :]
        written = self.written(tf.cast(vectors, self.compute_dtype))
        return written if training else self.logits(written)

    def encode(self, source: Any, training: bool = False) -> Any:
        """See `Seq2SeqModel`."""
        if not self.built:
            self.build()
        source = self.read(source)
        return self._encoder([source, is_token(source)], training=training)

    @abstractmethod
    def decoded(self, target: Any) -> tuple[Any, Any]:
        """What the decoder takes for a target with its start, and which of it are tokens."""

    @abstractmethod
    def written(self, vectors: Any) -> Any:
        """What logits are made of, from the decoder's vectors."""

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "label_smoothing": self.label_smoothing,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "PretrainedSeq2Seq":
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**{**config, "backbone": backbone})


def is_token(numbers: Any) -> Any:
    """1 where there is no padding, int32."""
    return tf.cast(tf.not_equal(numbers, PADDING), tf.int32)
