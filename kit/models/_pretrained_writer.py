"""Encoder-decoder backbones of keras-nlp (keras-hub) that write."""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import tensorflow as tf

from kit.errors import UserError
from kit.models._lora import add_lora
from kit.models._preset import read_preset
from kit.models._preset_byte_pairs import preset_byte_pairs
from kit.models._token_writer import END, PADDING, TokenWriter
from kit.tokenizers import BytePairs

TuneWriter = Literal["whole", "lora"]


@dataclass(frozen=True)
class PretrainedWriter:
    """A backbone that writes, and how it wants its texts.

    Args:
        model: from tokens to tokens.
        tokenizer: with the pieces the model was trained on.
        longest: most pieces of a text it can read or write, with marks.
    """

    model: "BackboneWriter"
    tokenizer: BytePairs
    longest: int


@keras.saving.register_keras_serializable(package="kit")
class BackboneWriter(TokenWriter):
    """A BART whose tokens 0 to 3 are padding, the unknown, the start and the end of a text.

    What it writes follows an end and a start, as in its training.

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

    Source: Lewis et al. (2020), BART: denoising sequence-to-sequence pre-training.
    """

    def __init__(
        self, backbone: keras.Model, *, label_smoothing: float = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.backbone, self.label_smoothing = backbone, label_smoothing
        self.vocabulary, self.dim = backbone.vocabulary_size, backbone.hidden_dim
        # The same layers, the same weights.
        self._encoder = keras.Model(
            [backbone.input[f"encoder_{name}"] for name in ("token_ids", "padding_mask")],
            backbone.output["encoder_sequence_output"],
        )

    def build(self, input_shape: Any = None) -> None:
        self.bias = self.add_weight(shape=(self.vocabulary,), initializer="zeros", name="bias")
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build()

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        source = inputs["source"]
        ends = tf.fill([tf.shape(source)[0], 1], END)
        target = tf.concat([ends, tf.cast(inputs["target"], tf.int32)], axis=1)
        answer = self.backbone(
            {
                "encoder_token_ids": source,
                "encoder_padding_mask": _is_token(source),
                "decoder_token_ids": target,
                "decoder_padding_mask": _is_token(target),
            },
            training=training,
        )
        written = tf.cast(answer["decoder_sequence_output"][:, 1:], self.compute_dtype)
        return written if training else self.logits(written)

    def encode(self, source: Any, training: bool = False) -> Any:
        """See `TokenWriter`."""
        if not self.built:
            self.build()
        return self._encoder([source, _is_token(source)], training=training)

    def begin(self, source: Any, beams: int) -> tuple[list[Any], list[Any]]:
        """Keys and values of the source for each block, and those of the end before the start."""
        memory, batch = self.encode(source), tf.shape(source)[0]
        mask = _is_token(source)
        found, heads = self.backbone, self.backbone.num_heads
        # Keras warns of attention to one place alone.
        room = [batch, 2, 2, heads, self.dim // heads]
        room_of_source = [batch, 2, tf.shape(source)[1], heads, self.dim // heads]
        vectors = self._embedded(tf.fill([batch, 1], END), 0)
        memories, kept = [], []
        for block in found.decoder_transformer_layers:
            vectors, own, across = block(
                vectors,
                encoder_sequence=memory,
                encoder_padding_mask=mask,
                self_attention_cache=tf.zeros(room, vectors.dtype),
                self_attention_cache_update_index=0,
                cross_attention_cache=tf.zeros(room_of_source, vectors.dtype),
                cross_attention_cache_update_index=0,
            )
            memories.append(
                {
                    "memory": tf.repeat(memory, beams, axis=0),
                    "mask": tf.repeat(mask, beams, axis=0),
                    "kept": tf.repeat(across, beams, axis=0),
                }
            )
            own = tf.reshape(own[:, :, :1], [batch, 1, 2, 1, self.dim])
            kept.append(tf.repeat(own, beams, axis=1))
        return memories, kept

    def step(self, tokens: Any, memories: list[Any], kept: list[Any]) -> tuple[Any, list[Any]]:
        """See `TokenWriter`."""
        shape, place = tf.shape(tokens), tf.shape(kept[0])[3]
        rows, heads = shape[0] * shape[1], self.backbone.num_heads
        vectors, now = self._embedded(tf.reshape(tokens, [rows, 1]), place), []
        blocks = self.backbone.decoder_transformer_layers
        for block, memory, before in zip(blocks, memories, kept, strict=True):
            room = tf.pad(before, [[0, 0], [0, 0], [0, 0], [0, 1], [0, 0]])
            vectors, after, _ = block(
                vectors,
                encoder_sequence=memory["memory"],
                encoder_padding_mask=memory["mask"],
                self_attention_cache=tf.reshape(room, [rows, 2, place + 1, heads, -1]),
                self_attention_cache_update_index=place,
                cross_attention_cache=memory["kept"],
            )
            now.append(tf.reshape(after, tf.shape(room)))
        written = tf.reshape(vectors, [shape[0], shape[1], self.dim])
        return self.logits(written), now

    def token_vectors(self) -> Any:
        """See `TokenWriter`."""
        return self.backbone.token_embedding.embeddings

    def _embedded(self, tokens: Any, place: Any) -> Any:
        """Vectors of tokens that are written at one place, float [rows, 1, dim]."""
        found = self.backbone
        vectors = found.token_embedding(tokens)
        places = found.decoder_position_embedding(vectors, start_index=place)
        vectors = found.decoder_embeddings_add((vectors, places))
        return found.decoder_embeddings_layer_norm(vectors)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "label_smoothing": self.label_smoothing,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "BackboneWriter":
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**{**config, "backbone": backbone})


def pretrained_writer(
    preset: str, tune: TuneWriter = "whole", *, rank: int = 8, label_smoothing: float = 0.1
) -> PretrainedWriter:
    """Load a BART with its tokenizer.

    Args:
        preset: name of a preset (`bart_base_en`), fetched with keras-hub's own download; or a
            folder that `save_to_preset` wrote.
        tune: what learns: the "whole", or small matrices beside those of attention ("lora").
        rank: of the small matrices.
        label_smoothing: share of the target that is spread over all tokens.

    Raises:
        UserError: keras-hub is not installed, there is no such preset, it cannot be fetched, or it
            is no BART.

    Source: Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """
    backbone, found = read_preset(preset, lambda hub, place: _read(hub, place, preset))
    tokenizer = preset_byte_pairs(found, backbone.token_embedding.embeddings, preset)
    model = BackboneWriter(backbone, label_smoothing=label_smoothing)
    model.build()
    if tune == "lora":
        add_lora(backbone, rank)
        model.bias.trainable = False
    return PretrainedWriter(model, tokenizer, int(backbone.max_sequence_length))


def _read(hub: Any, place: str, preset: str) -> tuple[Any, Any]:
    """The backbone and its tokenizer."""
    backbone: Any = hub.models.Backbone.from_preset(place)
    if not isinstance(backbone, hub.models.BartBackbone):
        raise UserError(
            f"The preset is a {type(backbone).__name__}, which is no BART.",
            where=f"--backbone {preset}",
            expected="a BartBackbone with its vocabulary, such as bart_base_en",
        )
    return backbone, hub.models.BartTokenizer.from_preset(place)


def _is_token(numbers: Any) -> Any:
    return tf.cast(tf.not_equal(numbers, PADDING), tf.int32)
