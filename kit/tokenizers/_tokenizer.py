"""What every tokenizer does."""

from typing import Any, Protocol

import tensorflow as tf

from kit.tokenizers._byte_pairs import BytePairs
from kit.tokenizers._bytes import Bytes
from kit.tokenizers._sentence_pieces import SentencePieces
from kit.tokenizers._word_piece import WordPiece


class Tokenizer(Protocol):
    """Texts to numbers inside the graph, and back.

    Attributes:
        padding: number of what stands for nothing.
        unknown: number of what is not known.
        start: number before every text.
        end: number after every text.
        size: how many different numbers there are.
    """

    padding: int
    unknown: int
    start: int
    end: int

    @property
    def size(self) -> int: ...

    def get_config(self) -> dict[str, Any]:
        """What makes the same tokenizer again."""
        ...

    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Numbers of pieces, without marks, int32 [batch, (pieces)]."""
        ...

    def padded(
        self,
        texts: Any,
        length: int | Any,
        *,
        marked: bool = True,
        shortest: bool = False,
        ends: bool = False,
    ) -> Any:
        """Numbers of pieces as a rectangle, int32 [batch, length]."""
        ...

    def parts_of(self, text: str) -> list[tuple[str, int]]:
        """The words of a text as they are written, each with the number of its pieces."""
        ...

    def text_of(self, numbers: Any) -> Any:
        """The texts of numbers, string [batch]."""
        ...


def tokenizer_of(config: dict[str, Any]) -> Tokenizer:
    """A tokenizer from what its `get_config` gave.

    Example:

    >>> type(tokenizer_of(Bytes().get_config())).__name__
    'Bytes'
    """
    if not config:
        return Bytes()
    if "order" in config:
        return SentencePieces(**config)
    return BytePairs(**config) if "merges" in config else WordPiece(**config)
