"""Sequence-to-sequence models and text generation."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kit.models._beam_search import IMPOSSIBLE, beam_search
from kit.progress import stage
from kit.tokenizers import Tokenizer

PADDING, UNKNOWN, START, END = range(4)


class Seq2SeqModel(keras.Model):
    """Base class of sequence-to-sequence models over one vocabulary.

    Token ids 0 to 3 are padding, unknown, start and end. The token embeddings are also the weights
    of the output layer (weight tying).

    Attributes:
        start: id of the token before the generated text.
        vocabulary: size of the vocabulary.
        dim: width of vectors.
        label_smoothing: share of the target probability spread over all tokens.
        bias: bias of the logits, float32 [vocabulary].

    Source: Press and Wolf (2017), Using the output embedding to improve language models.
    """

    start: int = START
    vocabulary: int
    dim: int
    label_smoothing: float
    bias: Any

    def read(self, source: Any) -> Any:
        """The tokens of a source that the encoder reads."""
        return source

    @abstractmethod
    def encode(self, source: Any, training: bool = False) -> Any:
        """Vectors of the tokens that `read` gives in their context, float [batch, length, dim]."""

    @abstractmethod
    def begin(self, source: Any, beams: int) -> tuple[list[Any], list[Any]]:
        """Encode the source: memories and an empty cache for `step`, one of each per block."""

    @abstractmethod
    def step(self, tokens: Any, memories: list[Any], kept: list[Any]) -> tuple[Any, list[Any]]:
        """Logits of the tokens after `tokens`, int32 [batch, beams], and the updated cache."""

    @abstractmethod
    def token_vectors(self) -> Any:
        """Embeddings of all tokens, float32 [vocabulary, dim]."""

    def embed(self, source: Any) -> Any:
        """The mean of `encode` over the tokens, float32 [batch, dim]."""
        mask = tf.cast(tf.not_equal(self.read(source), PADDING), tf.float32)[..., None]
        vectors = tf.cast(self.encode(source), tf.float32)
        return tf.reduce_sum(vectors * mask, 1) / tf.maximum(tf.reduce_sum(mask, 1), 1.0)

    def logits(self, written: Any) -> Any:
        """Logits of the next token from decoder outputs, float32 [..., vocabulary]."""
        table = tf.cast(self.token_vectors(), written.dtype)
        flat = tf.matmul(tf.reshape(written, [-1, self.dim]), table, transpose_b=True)
        flat = tf.cast(flat, tf.float32) + self.bias
        return tf.reshape(flat, tf.concat([tf.shape(written)[:-1], [self.vocabulary]], axis=0))

    def generate(
        self, source: Any, *, most: Any, beams: int = 4, length_penalty: float = 1.0
    ) -> tuple[Any, Any]:
        """Generate by beam search, with cached keys and values.

        Args:
            source: int32 [batch, length].
            most: int32 [batch], maximum number of tokens to generate, the end token included.
            beams: beam width.
            length_penalty: exponent of the penalty, see `beam_search`.

        Returns:
            Token ids, int32 [batch, tokens], with the end token, padded with 0; scores, float32
            [batch].
        """
        memories, kept = self.begin(source, beams)

        def step(tokens: Any, kept: Any) -> tuple[Any, Any]:
            logits, kept = self.step(tokens, memories, kept)
            never = tf.constant([PADDING, UNKNOWN, self.start])
            logits -= tf.reduce_sum(tf.one_hot(never, self.vocabulary), axis=0) * -IMPOSSIBLE
            return tf.nn.log_softmax(logits), kept

        return beam_search(
            step,
            kept,
            start=self.start,
            end=END,
            most=most,
            beams=beams,
            length_penalty=length_penalty,
        )

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Mean cross-entropy of the tokens of y, without padding, with label smoothing."""
        filled = tf.where(tf.not_equal(y, PADDING))
        targets, written = tf.gather_nd(y, filled), tf.gather_nd(y_pred, filled)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, self.logits(written))
        if self.label_smoothing:
            # Computed from the target logit and the mean logit, with no other pass over all logits.
            table, written = self.token_vectors(), tf.cast(written, tf.float32)
            own = tf.reduce_sum(written * tf.gather(table, targets), axis=1)
            own += tf.gather(self.bias.value, targets)
            mean = tf.linalg.matvec(written, tf.reduce_mean(table, axis=0))
            loss += self.label_smoothing * (own - mean - tf.reduce_mean(self.bias))
        # Keras adds up the gradients of all replicas, each of which sees its share of the batch.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        count = tf.cast(tf.maximum(tf.size(targets), 1), tf.float32)
        return tf.reduce_sum(loss) / count / replicas


# The search ends at this multiple of the source length plus this many tokens.
TIMES, MORE = 2, 10
TEXTS_AT_ONCE = 64


class TextToText(tf.Module):
    """Generates a text from a text by beam search: tokenizer and model in one graph.

    Args:
        model: the sequence-to-sequence model.
        tokenizer: the tokenizer of the model.
        source_length: maximum number of tokens of a source, special tokens included; longer ones
            are truncated.
        target_length: maximum number of tokens to generate, the end token included.
        beams: beam width.
        length_penalty: exponent of the length penalty, see `beam_search`.

    Example:

    >>> from kit.models._sequence_to_sequence import SequenceToSequence
    >>> from kit.tokenizers import SPECIAL_TOKENS, WordPiece
    >>> vocabulary = [*SPECIAL_TOKENS, "\u2581", "##a", "##b"]
    >>> tokenizer = WordPiece(vocabulary, lower=False, plain=False, spaced=True)
    >>> generator = TextToText(SequenceToSequence(7, 8, heads=2), tokenizer, 16, 8)
    >>> [x.shape for x in generator(tf.constant(["a b", "b"])).values()]
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
        self._in_a_graph = tf.function(
            lambda x: self(x)["text"], autograph=False, input_signature=[signature]
        )

    def tokens_of(self, texts: Any, length: int | None = None) -> tf.RaggedTensor:
        """Token ids for the model, with special tokens, int32 [batch, (tokens)].

        Args:
            texts: string [batch].
            length: maximum number of tokens of a text; None for `source_length`.
        """
        return self.tokenizer.marked(texts, length or self.source_length)

    def __call__(self, texts: Any) -> dict[str, Any]:
        """Generate a text for each text.

        Args:
            texts: string [batch].

        Returns:
            "text", string [batch]; "score", float32 [batch], the log-probability divided by the
            length penalty.
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
        """Generate a text for each text, in batches, with a progress bar."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        generated = [""] * len(texts)
        with stage("evaluate", len(texts), "texts") as written:
            for begin in range(0, len(texts), TEXTS_AT_ONCE):
                rows = order[begin : begin + TEXTS_AT_ONCE]
                answer = self._in_a_graph(tf.constant([texts[row] for row in rows])).numpy()
                for row, text in zip(rows, answer, strict=True):
                    generated[row] = text.decode(errors="replace")
                written.advance(len(rows))
        return generated
