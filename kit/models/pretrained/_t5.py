"""T5 as a model that writes."""

from typing import Any

import keras
import tensorflow as tf

from kit.models._seq2seq import PADDING
from kit.models.pretrained._seq2seq import PretrainedSeq2Seq, is_token


@keras.saving.register_keras_serializable(package="kit")
class T5Writer(PretrainedSeq2Seq):
    """A T5 whose tokens 0, 1 and 3 are padding, the unknown and the end of a text.

    The start is the number behind all tokens. T5 has none: a source is read without it, and what is
    written follows a padding, as in its training. See `PretrainedSeq2Seq`.

    Source: Raffel et al. (2020), Exploring the limits of transfer learning with a unified
    text-to-text transformer.
    """

    def __init__(self, backbone: keras.Model, **kwargs: Any) -> None:
        super().__init__(backbone, **kwargs)
        self.start = self.vocabulary

    def read(self, source: Any) -> Any:
        """See `Seq2SeqModel`."""
        return source[:, 1:]

    def decoded(self, target: Any) -> tuple[Any, Any]:
        """See `PretrainedSeq2Seq`."""
        return self._without_start(target), is_token(target)

    def written(self, vectors: Any) -> Any:
        """See `PretrainedSeq2Seq`."""
        return vectors * self.dim**-0.5 if self.backbone.tie_embedding_weights else vectors

    def begin(self, source: Any, beams: int) -> tuple[list[Any], list[Any]]:
        """Keys and values of the source for each block, and room for those of what is written."""
        memory, mask, batch = self.encode(source), is_token(self.read(source)), tf.shape(source)[0]
        room_of_source = self._room(batch, tf.shape(memory)[1])
        once = {"memory": memory, "mask": mask[:, None], "kept": room_of_source}
        blocks = self.backbone.decoder_transformer_layers
        # What a first token is made of does not count, but what the blocks know of the source does.
        first = tf.fill([batch, 1], PADDING)
        nothing = [self._room(batch, 2)] * len(blocks)
        _, _, across = self._decode(
            first, [once] * len(blocks), nothing, 0, cross_attention_cache_update_index=0
        )
        # Every block looks at the same.
        seen = {name: tf.repeat(once[name], beams, axis=0) for name in ("memory", "mask")}
        memories = [{**seen, "kept": tf.repeat(kept, beams, axis=0)} for kept in across]
        room = tf.zeros([batch, beams, 2, 0, self._width], memory.dtype)
        return memories, [room] * len(blocks)

    def step(self, tokens: Any, memories: list[Any], kept: list[Any]) -> tuple[Any, list[Any]]:
        """See `Seq2SeqModel`."""
        shape, place = tf.shape(tokens), tf.shape(kept[0])[3]
        rows = shape[0] * shape[1]
        # Keras warns of attention to one place alone: there is room for one more.
        rooms = [
            tf.reshape(
                tf.pad(before, [[0, 0], [0, 0], [0, 0], [0, 2], [0, 0]]),
                [rows, 2, place + 2, self.backbone.num_heads, -1],
            )
            for before in kept
        ]
        vectors, after, _ = self._decode(tf.reshape(tokens, [rows, 1]), memories, rooms, place)
        now = [
            tf.reshape(x[:, :, : place + 1], [shape[0], shape[1], 2, place + 1, self._width])
            for x in after
        ]
        return self.logits(tf.reshape(vectors, [shape[0], shape[1], self.dim])), now

    def token_vectors(self) -> Any:
        """See `Seq2SeqModel`."""
        table = self.backbone.token_embedding
        if self.backbone.tie_embedding_weights:
            return table.embeddings.value
        return tf.transpose(table.reverse_embeddings.value)

    def _decode(
        self, tokens: Any, memories: list[Any], kept: list[Any], place: Any, **across: Any
    ) -> tuple[Any, list[Any], list[Any]]:
        """Vectors of tokens, float [rows, 1, dim]; what is kept of them and of the source."""
        found = self.backbone
        vectors, bias = found.token_embedding(self._without_start(tokens)), None
        own, others = [], []
        for block, memory, before in zip(
            found.decoder_transformer_layers, memories, kept, strict=True
        ):
            vectors, bias, after, of_source = block(
                vectors,
                position_bias=bias,
                encoder_hidden_states=memory["memory"],
                encoder_attention_mask=memory["mask"],
                use_causal_mask=True,
                self_attention_cache=before,
                self_attention_cache_update_index=place,
                cross_attention_cache=memory["kept"],
                **across,
            )
            own.append(after)
            others.append(of_source)
        return self.written(found.decoder_layer_norm(vectors)), own, others

    def _without_start(self, tokens: Any) -> Any:
        return tf.where(tokens == self.start, PADDING, tokens)

    def _room(self, batch: Any, places: Any) -> Any:
        heads = self.backbone.num_heads
        shape = [batch, 2, places, heads, self._width // heads]
        return tf.zeros(shape, self.compute_dtype)

    @property
    def _width(self) -> int:
        """Of the keys of all heads."""
        found = self.backbone
        each = found.key_value_dim or found.hidden_dim // found.num_heads
        return int(each) * int(found.num_heads)
