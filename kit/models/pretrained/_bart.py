"""BART as a model that writes."""

from typing import Any

import keras
import tensorflow as tf

from kit.models._seq2seq import END
from kit.models.pretrained._seq2seq import PretrainedSeq2Seq, is_token


@keras.saving.register_keras_serializable(package="kit")
class BartWriter(PretrainedSeq2Seq):
    """A BART whose tokens 0 to 3 are padding, the unknown, the start and the end of a text.

    What it writes follows an end and a start, as in its training. See `PretrainedSeq2Seq`.

    Source: Lewis et al. (2020), BART: denoising sequence-to-sequence pre-training for natural
    language generation, translation, and comprehension.
    """

    def decoded(self, target: Any) -> tuple[Any, Any]:
        """See `PretrainedSeq2Seq`."""
        target = tf.pad(target, [[0, 0], [1, 0]], constant_values=END)
        return target, is_token(target)

    def written(self, vectors: Any) -> Any:
        """See `PretrainedSeq2Seq`."""
        return vectors

    def begin(self, source: Any, beams: int) -> tuple[list[Any], list[Any]]:
        """Keys and values of the source for each block, and those of the end before the start."""
        memory, mask, batch = self.encode(source), is_token(source), tf.shape(source)[0]
        found, heads = self.backbone, self.backbone.num_heads
        # Keras warns of attention to one place alone.
        room = [batch, 2, 2, heads, self.dim // heads]
        room_of_source = [batch, 2, tf.shape(source)[1], heads, self.dim // heads]
        vectors = self._embedded(tf.fill([batch, 1], END), 0)
        # Every block looks at the same.
        seen = {
            name: tf.repeat(x, beams, axis=0) for name, x in (("memory", memory), ("mask", mask))
        }
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
            memories.append({**seen, "kept": tf.repeat(across, beams, axis=0)})
            own = tf.reshape(own[:, :, :1], [batch, 1, 2, 1, self.dim])
            kept.append(tf.repeat(own, beams, axis=1))
        return memories, kept

    def step(self, tokens: Any, memories: list[Any], kept: list[Any]) -> tuple[Any, list[Any]]:
        """See `Seq2SeqModel`."""
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
        """See `Seq2SeqModel`."""
        return self.backbone.token_embedding.embeddings.value

    def _embedded(self, tokens: Any, place: Any) -> Any:
        """Vectors of tokens that are written at one place, float [rows, 1, dim]."""
        found = self.backbone
        vectors = found.token_embedding(tokens)
        places = found.decoder_position_embedding(vectors, start_index=place)
        vectors = found.decoder_embeddings_add((vectors, places))
        return found.decoder_embeddings_layer_norm(vectors)
