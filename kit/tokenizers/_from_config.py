"""A tokenizer from its configuration."""

from typing import Any

from kit.tokenizers._byte_pairs import BytePairs
from kit.tokenizers._bytes import Bytes
from kit.tokenizers._sentence_pieces import SentencePieces
from kit.tokenizers._tokenizer import Tokenizer
from kit.tokenizers._word_piece import WordPiece


def tokenizer_of(config: dict[str, Any]) -> Tokenizer:
    """The tokenizer of a configuration that `Tokenizer.get_config` returned.

    Example:

    >>> type(tokenizer_of(Bytes().get_config())).__name__
    'Bytes'
    """
    if not config:
        return Bytes()
    if "order" in config:
        return SentencePieces(**config)
    return BytePairs(**config) if "merges" in config else WordPiece(**config)
