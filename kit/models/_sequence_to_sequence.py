"""Encoder-decoder transformer."""

from typing import Any

import keras
import tensorflow as tf

from kit.data.text2text import Text2TextData
from kit.layers import DecoderBlock, Embedding, TransformerBlock
from kit.models._for_dataset import attach, recorded, set_seed
from kit.models._seq2seq import PADDING, Seq2SeqModel
from kit.models.pretrained import pretrained_writer
from kit.tokenizers import Tokenizer, WordPiece, train_bpe


@keras.saving.register_keras_serializable(package="kit")
class SequenceToSequence(Seq2SeqModel):
    """An encoder-decoder transformer over one vocabulary of tokens.

    Encoder, decoder and output layer share one embedding table. Positions are rotary. See
    `Seq2SeqModel` for the search and the loss.

    Args:
        vocabulary: size of the vocabulary.
        dim: width of vectors.
        encoder_layers: number of blocks of the encoder.
        decoder_layers: number of blocks of the decoder.
        heads: number of attention heads.
        hidden: width of the feed-forward layers; None is 4 * `dim`.
        dropout: dropout rate.
        label_smoothing: share of the target probability spread over all tokens.

    Call arguments:
        inputs: `{"source": int32 [batch, length], "target": int32 [batch, written]}`, padded on
            the right with 0; the source with start and end token, the target with start token.

    Returns:
        Logits of the next token at each position of the target, float32 [batch, written,
        vocabulary]; in training the decoder outputs, float [batch, written, dim].

    Source: Vaswani et al. (2017), Attention is all you need; the shared table of Press and Wolf
    (2017), Using the output embedding to improve language models.

    Example:

    >>> model = SequenceToSequence(vocabulary=9, dim=8, heads=2)
    >>> source = tf.constant([[2, 5, 6, 3], [2, 7, 3, 0]])
    >>> model({"source": source, "target": tf.constant([[2, 4], [2, 8]])}).shape
    TensorShape([2, 2, 9])
    >>> tokens, scores = model.generate(source, most=tf.constant([6, 6]))
    >>> tokens.shape[0], scores.shape
    (2, TensorShape([2]))
    """

    def __init__(
        self,
        vocabulary: int,
        dim: int = 256,
        *,
        encoder_layers: int = 3,
        decoder_layers: int = 3,
        heads: int = 4,
        hidden: int | None = None,
        dropout: float = 0.1,
        label_smoothing: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Token ids arrive as they are given.
        self.vocabulary, self.dim, self.heads = vocabulary, dim, heads
        self.hidden = hidden or 4 * dim
        self.label_smoothing = label_smoothing
        self.table = Embedding(
            vocabulary,
            dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=dim**-0.5),
            name="table",
        )
        self.dropout = keras.layers.Dropout(dropout)
        shared: dict[str, Any] = {"activation": "relu", "dropout": dropout}
        self.encoder = [
            TransformerBlock(heads, self.hidden, causal=False, name=f"encoder_{n}", **shared)
            for n in range(encoder_layers)
        ]
        self.decoder = [
            DecoderBlock(heads, self.hidden, name=f"decoder_{n}", **shared)
            for n in range(decoder_layers)
        ]
        self.encoder_norm, self.decoder_norm = (
            keras.layers.LayerNormalization(epsilon=1e-6, dtype="float32", name=f"{side}_norm")
            for side in ("encoder", "decoder")
        )

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: Text2TextData,
        *,
        dim: int = 256,
        layers: int = 3,
        heads: int = 4,
        hidden: int = 512,
        vocabulary: int = 6000,
        source_length: int = 128,
        target_length: int = 128,
        dropout: float = 0.2,
        label_smoothing: float = 0.1,
        backbone: str | None = None,
        tune: str = "whole",
        rank: int = 8,
        seed: int | None = None,
    ) -> Seq2SeqModel:
        """Build a model with a tokenizer that is learned from both sides of train.

        The model keeps `tokenizer`, `source_length` and `target_length`.

        Args:
            data: the split pairs.
            dim: width of vectors.
            layers: blocks of the encoder, and as many of the decoder.
            heads: number of attention heads.
            hidden: width of the feed-forward layers.
            vocabulary: maximum size of the vocabulary.
            source_length: maximum tokens of a source text; a longer one is truncated.
            target_length: maximum tokens to generate.
            dropout: dropout rate of the output of each layer.
            label_smoothing: share of the target probability spread over all tokens.
            backbone: preset of a BART or T5 of keras-nlp, or a folder that has one, in place of a
                model from scratch.
            tune: what of a backbone is trained: "whole" or "lora".
            rank: LoRA rank.
            seed: random seed of the initial weights; None is that of the data.

        Returns:
            The model, built: a `SequenceToSequence`, or a `PretrainedSeq2Seq` of a backbone.

        Raises:
            UserError: the backbone cannot be loaded.

        Example:

        >>> import kit
        >>> data = kit.open("tatoeba-eng-fra-part", limit=500)
        >>> SequenceToSequence.for_dataset(data, dim=8, vocabulary=300).tokenizer.size <= 300
        True
        """
        set_seed(data, seed)
        model: Seq2SeqModel
        if backbone is not None:
            pretrained = pretrained_writer(
                backbone,
                tune,  # type: ignore[arg-type]
                rank=rank,
                label_smoothing=label_smoothing,
            )
            model, own = pretrained.model, pretrained.tokenizer
            if pretrained.longest:
                # What is generated follows a special token.
                source_length = min(source_length, pretrained.longest)
                target_length = min(target_length, pretrained.longest - 1)
        else:
            own = text_tokenizer(data, vocabulary)
            model = cls(
                own.size,
                dim,
                encoder_layers=layers,
                decoder_layers=layers,
                heads=heads,
                hidden=hidden,
                dropout=dropout,
                label_smoothing=label_smoothing,
            )
            model.build()
        attach(model, tokenizer=own, source_length=source_length, target_length=target_length)
        return model

    def build(self, input_shape: Any = None) -> None:
        self.table.build()
        shape = (None, None, self.dim)
        for layer in (*self.encoder, *self.decoder, self.encoder_norm, self.decoder_norm):
            layer.build(shape)
        self.bias = self.add_weight(
            shape=(self.vocabulary,), initializer="zeros", autocast=False, name="bias"
        )
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build()

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        source, target = inputs["source"], inputs["target"]
        memory = self.encode(source, training=training)
        seen = tf.not_equal(source, PADDING)
        vectors = self._embedded(target, training)
        for block in self.decoder:
            vectors = block(vectors, memory, memory_mask=seen, training=training)
        written = self._normed(self.decoder_norm, vectors)
        return written if training else self.logits(written)

    def encode(self, source: Any, training: bool = False) -> Any:
        """Encoder outputs of the source, float [batch, length, dim]."""
        if not self.built:
            self.build()
        vectors, mask = self._embedded(source, training), tf.not_equal(source, PADDING)
        for block in self.encoder:
            vectors = block(vectors, mask=mask, training=training)
        return self._normed(self.encoder_norm, vectors)

    def begin(self, source: Any, beams: int) -> tuple[list[Any], list[Any]]:
        """Keys and values of the source, and an empty cache, for each block."""
        memory, mask = self.encode(source), tf.not_equal(source, PADDING)
        memories, kept = [], []
        width = self.dim // self.heads
        nothing = tf.zeros([tf.shape(source)[0], beams, self.heads, 0, width], memory.dtype)
        for block in self.decoder:
            keys, values = block.cross_attention.keys_and_values(memory)
            memories.append({"keys": keys, "values": values, "mask": mask})
            kept.append({"keys": nothing, "values": nothing})
        return memories, kept

    def step(self, tokens: Any, memories: list[Any], kept: list[Any]) -> tuple[Any, list[Any]]:
        """Logits of the tokens after `tokens`, int32 [batch, beams], and the updated cache."""
        vectors, now = self._embedded(tokens), []
        for block, memory, before in zip(self.decoder, memories, kept, strict=True):
            vectors, after = block.step(vectors, before, memory)
            now.append(after)
        return self.logits(self._normed(self.decoder_norm, vectors)), now

    def _embedded(self, tokens: Any, training: bool = False) -> Any:
        return self.dropout(self.table(tokens) * self.dim**0.5, training=training)

    def token_vectors(self) -> Any:
        """See `Seq2SeqModel`."""
        return self.table.embeddings.value

    def _normed(self, norm: Any, vectors: Any) -> Any:
        return tf.cast(norm(vectors), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "dim": self.dim,
            "encoder_layers": len(self.encoder),
            "decoder_layers": len(self.decoder),
            "heads": self.heads,
            "hidden": self.hidden,
            "dropout": self.dropout.rate,
            "label_smoothing": self.label_smoothing,
        }


def text_tokenizer(data: Text2TextData, vocabulary: int) -> Tokenizer:
    """A tokenizer for sources and targets, learned from the training texts."""
    targets = (text for some in data.train.references for text in some)
    tokens = train_bpe((*data.train.sources, *targets), vocabulary)
    return WordPiece(tokens, lower=False, plain=False, spaced=True)
