"""Tokenizers that run inside the graph.

All but `SentencePieces` consist of core TensorFlow operations.
"""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.tokenizers._byte_pairs import BytePairs as BytePairs
    from kit.tokenizers._bytes import Bytes as Bytes
    from kit.tokenizers._from_config import tokenizer_of as tokenizer_of
    from kit.tokenizers._sentence_pieces import SentencePieces as SentencePieces
    from kit.tokenizers._token_ids import TokenIds as TokenIds
    from kit.tokenizers._token_ids import encode_batch as encode_batch
    from kit.tokenizers._tokenizer import Tokenizer as Tokenizer
    from kit.tokenizers._tokenizer import rectangle as rectangle
    from kit.tokenizers._tokenizer import truncate_middle as truncate_middle
    from kit.tokenizers._tokenizer import with_special_tokens as with_special_tokens
    from kit.tokenizers._vocabulary import END as END
    from kit.tokenizers._vocabulary import PADDING as PADDING
    from kit.tokenizers._vocabulary import SPECIAL_TOKENS as SPECIAL_TOKENS
    from kit.tokenizers._vocabulary import START as START
    from kit.tokenizers._vocabulary import UNKNOWN as UNKNOWN
    from kit.tokenizers._vocabulary import train_bpe as train_bpe
    from kit.tokenizers._vocabulary import train_wordpiece as train_wordpiece
    from kit.tokenizers._word_piece import WordPiece as WordPiece
    from kit.tokenizers._words import sentences_of as sentences_of
    from kit.tokenizers._words import words_of as words_of

__getattr__, __dir__ = lazy_names(__name__, __file__)
