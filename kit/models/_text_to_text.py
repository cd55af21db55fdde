"""Texts in, texts out: a tokenizer around a model that writes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kit.models._seq2seq_model import Seq2SeqModel
from kit.progress import stage
from kit.tokenizers import Tokenizer

# A translation is at most so much longer than its source, in tokens; the search ends there.
TIMES, MORE = 2, 10
TEXTS_AT_ONCE = 64


class TextToText(tf.Module):
    """Writes a text for each text, by beam search, all of it in operations of TensorFlow's core.

    Args:
        model: reads and writes tokens.
        tokenizer: makes them of texts, and texts of them.
        source_length: tokens of a text that are read, its marks counted; what comes later is not.
        target_length: tokens that are written at most, the end counted.
        beams: of the search.
        length_penalty: of the search, see `beam_search`.

    Example:

    >>> from kit.models import SequenceToSequence
    >>> from kit.tokenizers import MARKS, WordPiece
    >>> tokens = WordPiece([*MARKS, "\u2581", "##a", "##b"], lower=False, plain=False, spaced=True)
    >>> writer = TextToText(SequenceToSequence(7, 8, heads=2), tokens, 16, 8)
    >>> [x.shape for x in writer(tf.constant(["a b", "b"])).values()]
    [TensorShape([2]), TensorShape([2])]
    """

    def __init__(
        self,
        model: Seq2SeqModel,
        tokenizer: Tokenizer,
        source_length: int,
        target_length: int,
        *,
        beams: int = 4,
        length_penalty: float = 1.0,
    ) -> None:
        super().__init__()
        self._model, self.tokenizer = model, tokenizer
        self.source_length, self.target_length = source_length, target_length
        self.beams, self.length_penalty = beams, length_penalty
        signature = tf.TensorSpec([None], tf.string)
        self._in_a_graph = tf.function(lambda x: self(x)["text"], input_signature=[signature])

    def tokens_of(self, texts: Any, length: int | None = None) -> tf.RaggedTensor:
        """Marked tokens as the model takes them, int32 [batch, (tokens)].

        Args:
            texts: string [batch].
            length: most tokens of a text; None for those of a source.
        """
        return self.tokenizer.marked(texts, length or self.source_length)

    def __call__(self, texts: Any) -> dict[str, Any]:
        """What it writes for each text.

        Args:
            texts: string [batch].

        Returns:
            "text", string [batch]; "score", float32 [batch], the log-probability over the penalty
            of the length.
        """
        tokens = self.tokens_of(texts)
        length = tf.cast(tokens.row_lengths(), tf.int32)
        written, score = self._model.generate(
            tokens.to_tensor(self.tokenizer.padding),
            most=tf.minimum(TIMES * length + MORE, self.target_length),
            beams=self.beams,
            length_penalty=self.length_penalty,
        )
        return {"text": self.tokenizer.detokenize(written), "score": score}

    def embed(self, texts: Any) -> Any:
        """A vector of each text, float32 [batch, dim]."""
        return self._model.embed(self.tokens_of(texts).to_tensor(self.tokenizer.padding))

    def write(self, texts: Sequence[str]) -> list[str]:
        """What it writes for each of many texts."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        found = [""] * len(texts)
        with stage("evaluate", len(texts), "texts") as written:
            for begin in range(0, len(texts), TEXTS_AT_ONCE):
                rows = order[begin : begin + TEXTS_AT_ONCE]
                answer = self._in_a_graph(tf.constant([texts[row] for row in rows])).numpy()
                for row, text in zip(rows, answer, strict=True):
                    found[row] = text.decode(errors="replace")
                written.advance(len(rows))
        return found
