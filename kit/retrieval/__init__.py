"""Candidate indexes: which items score highest for a query."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.retrieval._because import because_of as because_of
    from kit.retrieval._because import unit_rows as unit_rows
    from kit.retrieval._exact import ExactIndex as ExactIndex
    from kit.retrieval._index_for import CandidateIndex as CandidateIndex
    from kit.retrieval._index_for import IndexSettings as IndexSettings
    from kit.retrieval._index_for import index_for as index_for
    from kit.retrieval._inverted_file import InvertedFile as InvertedFile
    from kit.retrieval._item_cooccurrence import item_cooccurrence as item_cooccurrence
    from kit.retrieval._item_cooccurrence import nearest_neighbours as nearest_neighbours
    from kit.retrieval._item_filter import ItemFilter as ItemFilter
    from kit.retrieval._popular import PopularOrder as PopularOrder
    from kit.retrieval._scann import ScannIndex as ScannIndex
    from kit.retrieval._search_where import MOST_EXCLUDED as MOST_EXCLUDED
    from kit.retrieval._search_where import search_where as search_where
    from kit.retrieval._tfrs import tfrs as tfrs
    from kit.retrieval._top_k import top_k as top_k
    from kit.retrieval._top_k import without as without

__getattr__, __dir__ = lazy_names(__name__, __file__)
