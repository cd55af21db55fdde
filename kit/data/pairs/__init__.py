"""Open a source of pairs of texts, the one to be made from the other, and split it."""

from kit.data.pairs._open import open_pairs as open_pairs
from kit.data.pairs._source import PairSource as PairSource
from kit.data.pairs._split import PairData as PairData
from kit.data.pairs._split import Pairs as Pairs
from kit.data.pairs._split import split_pairs as split_pairs
