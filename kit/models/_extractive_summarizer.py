"""Texts in, one sentence of each out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kit.models._sentence_ranker import SentenceRanker
from kit.progress import stage
from kit.tokenizers import WordPiece, sentences_of

TEXTS_AT_ONCE = 64


class ExtractiveSummarizer(tf.Module):
    """Gives of each text the sentence with the greatest score.

    Args:
        model: scores sentences.
        tokenizer: makes their tokens.
        sentences: most of a text that are looked at.
        length: most tokens of a sentence that are looked at, its marks counted.

    Example:

    >>> from kit.tokenizers import MARKS
    >>> tokens = WordPiece([*MARKS, "\u2581", "##a", "##b"], lower=False, plain=False, spaced=True)
    >>> choose = ExtractiveSummarizer(SentenceRanker(7, 8, heads=2), tokens, 24, 16)
    >>> choose(tf.constant(["a b. a. b?", "b"]))["text"].numpy()[1]
    b'b'
    """

    def __init__(
        self, model: SentenceRanker, tokenizer: WordPiece, sentences: int, length: int
    ) -> None:
        super().__init__()
        self._model, self.tokenizer = model, tokenizer
        self.sentences, self.length = sentences, length
        signature = tf.TensorSpec([None], tf.string)
        self._in_a_graph = tf.function(lambda x: self(x)["text"], input_signature=[signature])

    def tokens_of(self, texts: Any) -> Any:
        """Tokens as the model takes them, int32 [batch, sentences, length]."""
        return self._tokens(self._sentences(texts))

    def _sentences(self, texts: Any) -> tf.RaggedTensor:
        return sentences_of(tf.convert_to_tensor(texts))[:, : self.sentences]

    def _tokens(self, sentences: tf.RaggedTensor) -> Any:
        flat = self.tokenizer.padded(sentences.flat_values, self.length)
        # The start and the end are there of an empty sentence, too.
        return sentences.with_flat_values(flat).to_tensor(
            self.tokenizer.padding, shape=[None, None, self.length]
        )

    def __call__(self, texts: Any) -> dict[str, Any]:
        """The best sentence of each text.

        Args:
            texts: string [batch].

        Returns:
            "text", string [batch]; "score", float32 [batch], its log-probability among the
            sentences of the text.
        """
        sentences = self._sentences(texts)
        chances = tf.nn.log_softmax(self._model(self._tokens(sentences), training=False))
        # One column more, as there is none where there is no text.
        chances = tf.pad(chances, [[0, 0], [0, 1]], constant_values=-np.inf)
        best = tf.argmax(chances, axis=1, output_type=tf.int32)
        return {
            "text": tf.gather(sentences.to_tensor(""), best, batch_dims=1),
            "score": tf.reduce_max(chances, axis=1),
        }

    def embed(self, texts: Any) -> Any:
        """The mean of the vectors of a text's sentences, float32 [batch, dim]."""
        tokens = self.tokens_of(texts)
        is_there = tf.cast(tf.reduce_any(tokens > 0, axis=2), tf.float32)
        vectors = tf.cast(self._model.vectors(tokens), tf.float32)
        total = tf.reduce_sum(vectors * is_there[..., None], axis=1)
        return total / tf.maximum(tf.reduce_sum(is_there, axis=1, keepdims=True), 1.0)

    def write(self, texts: Sequence[str]) -> list[str]:
        """The best sentence of each of many texts."""
        found: list[str] = []
        with stage("evaluate", len(texts), "texts") as read:
            for begin in range(0, len(texts), TEXTS_AT_ONCE):
                some = tf.constant(list(texts[begin : begin + TEXTS_AT_ONCE]))
                found += [text.decode(errors="replace") for text in self._in_a_graph(some).numpy()]
                read.advance(len(some))
        return found
