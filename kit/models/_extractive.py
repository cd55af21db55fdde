"""Extractive summarization: select the sentence of a text that summarizes it."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from kit.data.text2text import Text2TextData
from kit.layers import AttentionPooling, Embedding, TransformerBlock
from kit.models._for_dataset import attach, recorded, set_seed
from kit.models._sequence_to_sequence import text_tokenizer
from kit.progress import stage
from kit.tokenizers import WordPiece, sentences_of

UNUSED = -1e9


# The registered name is older than the class's.
@keras.saving.register_keras_serializable(package="kit", name="SentenceScorer")
class SentenceRanker(keras.Model):
    """Scores the sentences of a text in their context.

    A transformer over the tokens of each sentence gives a sentence vector; a second transformer
    over the sentence vectors, with position embeddings, gives the scores.

    Args:
        vocabulary: size of the vocabulary; token id 0 is padding.
        dim: width of vectors.
        sentences: maximum number of sentences of a text.
        layers: number of blocks over tokens, and over sentences.
        heads: number of attention heads.
        hidden: width of the feed-forward layers; None is 4 * `dim`.
        dropout: dropout rate.

    Call arguments:
        tokens: token ids, int32 [batch, sentences, length], padded on the right with 0.

    Returns:
        Scores, float32 [batch, sentences]; -1e9 for padding.

    Source: Liu and Lapata (2019), Text summarization with pretrained encoders.

    Example:

    >>> model = SentenceRanker(vocabulary=9, dim=8, heads=2)
    >>> model(tf.constant([[[5, 6, 0], [7, 0, 0], [0, 0, 0]]])).shape
    TensorShape([1, 3])
    """

    def __init__(
        self,
        vocabulary: int,
        dim: int = 128,
        *,
        sentences: int = 24,
        layers: int = 2,
        heads: int = 4,
        hidden: int | None = None,
        dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Token ids arrive as they are given.
        self.vocabulary, self.dim, self.sentences = vocabulary, dim, sentences
        self.layers_of_each, self.heads, self.hidden = layers, heads, hidden or 4 * dim
        self.table = Embedding(vocabulary, dim, name="table")
        self.places = Embedding(sentences, dim, name="places")
        self.dropout = keras.layers.Dropout(dropout)
        self.over_tokens, self.over_sentences = (
            [
                TransformerBlock(
                    heads, self.hidden, causal=False, dropout=dropout, name=f"{over}_{n}"
                )
                for n in range(layers)
            ]
            for over in ("tokens", "sentences")
        )
        self.pooling = AttentionPooling(name="pooling")
        self.head = keras.layers.Dense(1, dtype="float32", name="head")
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6, dtype="float32", name="norm")

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: Text2TextData,
        *,
        dim: int = 128,
        layers: int = 2,
        heads: int = 4,
        hidden: int = 512,
        vocabulary: int = 6000,
        sentences: int = 24,
        length: int = 64,
        dropout: float = 0.3,
        seed: int | None = None,
    ) -> Self:
        """Build the model with a tokenizer learned from the training texts.

        The model keeps `tokenizer` and `length`.

        Args:
            data: texts and their summaries, split.
            dim: width of vectors.
            layers: number of blocks over tokens, and over sentences.
            heads: number of attention heads.
            hidden: width of the feed-forward layers.
            vocabulary: maximum size of the vocabulary.
            sentences: maximum number of sentences to score, the first ones of a text.
            length: maximum tokens of a sentence; a longer one is truncated.
            dropout: dropout rate of the output of each layer.
            seed: random seed of the initial weights; None is that of the data.

        Returns:
            The model, built, untrained.

        Example:

        >>> import kit
        >>> data = kit.open("scitldr-part", limit=40)
        >>> SentenceRanker.for_dataset(data, dim=8, vocabulary=300).tokenizer.size <= 300
        True
        """
        set_seed(data, seed)
        tokenizer = text_tokenizer(data, vocabulary)
        model = cls(
            tokenizer.size,
            dim,
            sentences=sentences,
            layers=layers,
            heads=heads,
            hidden=hidden,
            dropout=dropout,
        )
        model.build()
        attach(model, tokenizer=tokenizer, length=length)
        return model

    def build(self, input_shape: Any = None) -> None:
        shape = (None, None, self.dim)
        for table in (self.table, self.places):
            table.build()
        for layer in (*self.over_tokens, *self.over_sentences, self.pooling, self.norm, self.head):
            layer.build(shape)
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build()

    def call(self, tokens: Any, training: bool = False) -> Any:
        is_there = tf.reduce_any(tokens > 0, axis=2)
        vectors = self.vectors(tokens, training)
        vectors += self.places(tf.range(tf.shape(tokens)[1]))
        vectors = self.dropout(vectors, training=training)
        for block in self.over_sentences:
            vectors = block(vectors, mask=is_there, training=training)
        scores = tf.squeeze(self.head(self.norm(vectors)), axis=-1)
        return tf.where(is_there, scores, UNUSED)

    def vectors(self, tokens: Any, training: bool = False) -> Any:
        """A vector of each sentence without its context, float [batch, sentences, dim]."""
        if not self.built:
            self.build()
        shape = tf.shape(tokens)
        # Padding is not encoded.
        flat = tf.reshape(tokens, [-1, shape[2]])
        place = tf.where(tf.reduce_any(flat > 0, axis=1))
        some = tf.gather_nd(flat, place)
        mask = some > 0
        vectors = self.dropout(self.table(some) * self.dim**0.5, training=training)
        for block in self.over_tokens:
            vectors = block(vectors, mask=mask, training=training)
        pooled = self.pooling(vectors, mask=mask)
        every = tf.scatter_nd(place, pooled, [tf.cast(shape[0] * shape[1], tf.int64), self.dim])
        return tf.reshape(every, [shape[0], shape[1], self.dim])

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Softmax cross-entropy; y is a distribution over sentences, float32 [batch, sentences]."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, y_pred)) / replicas

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "dim": self.dim,
            "sentences": self.sentences,
            "layers": self.layers_of_each,
            "heads": self.heads,
            "hidden": self.hidden,
            "dropout": self.dropout.rate,
        }


TEXTS_AT_ONCE = 64


class ExtractiveSummarizer(tf.Module):
    """Selects the sentence of each text with the highest score.

    Args:
        model: the sentence ranker.
        tokenizer: the tokenizer of the model.
        sentences: maximum number of sentences of a text.
        length: maximum number of tokens of a sentence, special tokens included.

    Example:

    >>> from kit.tokenizers import SPECIAL_TOKENS
    >>> vocabulary = [*SPECIAL_TOKENS, "\u2581", "##a", "##b"]
    >>> tokenizer = WordPiece(vocabulary, lower=False, plain=False, spaced=True)
    >>> summarize = ExtractiveSummarizer(SentenceRanker(7, 8, heads=2), tokenizer, 24, 16)
    >>> summarize(tf.constant(["a b. a. b?", "b"]))["text"].numpy()[1]
    b'b'
    """

    def __init__(
        self, model: SentenceRanker, tokenizer: WordPiece, sentences: int, length: int
    ) -> None:
        super().__init__()
        self._model, self.tokenizer = model, tokenizer
        self.sentences, self.length = sentences, length
        signature = tf.TensorSpec([None], tf.string)
        self._in_a_graph = tf.function(
            lambda x: self(x)["text"], autograph=False, input_signature=[signature]
        )

    def tokens_of(self, texts: Any) -> Any:
        """Token ids for the model, int32 [batch, sentences, length]."""
        return self._tokens(self._sentences(texts))

    def _sentences(self, texts: Any) -> tf.RaggedTensor:
        return sentences_of(tf.convert_to_tensor(texts))[:, : self.sentences]

    def _tokens(self, sentences: tf.RaggedTensor) -> Any:
        flat = self.tokenizer.padded(sentences.flat_values, self.length)
        # An empty sentence, too, has a start and an end token.
        return sentences.with_flat_values(flat).to_tensor(
            self.tokenizer.padding, shape=[None, None, self.length]
        )

    def __call__(self, texts: Any) -> dict[str, Any]:
        """Select the best sentence of each text.

        Args:
            texts: string [batch].

        Returns:
            "text", string [batch]; "score", float32 [batch], its log-probability among the
            sentences of the text.
        """
        sentences = self._sentences(texts)
        log_probs = tf.nn.log_softmax(self._model(self._tokens(sentences), training=False))
        # An extra column, as an empty batch has none.
        log_probs = tf.pad(log_probs, [[0, 0], [0, 1]], constant_values=-np.inf)
        best = tf.argmax(log_probs, axis=1, output_type=tf.int32)
        return {
            "text": tf.gather(sentences.to_tensor(""), best, batch_dims=1),
            "score": tf.reduce_max(log_probs, axis=1),
        }

    def embed(self, texts: Any) -> Any:
        """The mean of the vectors of a text's sentences, float32 [batch, dim]."""
        tokens = self.tokens_of(texts)
        is_there = tf.cast(tf.reduce_any(tokens > 0, axis=2), tf.float32)
        vectors = tf.cast(self._model.vectors(tokens), tf.float32)
        total = tf.reduce_sum(vectors * is_there[..., None], axis=1)
        return total / tf.maximum(tf.reduce_sum(is_there, axis=1, keepdims=True), 1.0)

    def write(self, texts: Sequence[str]) -> list[str]:
        """Select the best sentence of each text, in batches, with a progress bar."""
        summaries: list[str] = []
        with stage("evaluate", len(texts), "texts") as read:
            for begin in range(0, len(texts), TEXTS_AT_ONCE):
                some = tf.constant(list(texts[begin : begin + TEXTS_AT_ONCE]))
                summaries += [
                    text.decode(errors="replace") for text in self._in_a_graph(some).numpy()
                ]
                read.advance(len(some))
        return summaries
