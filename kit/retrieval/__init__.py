"""Find the top k items for queries: exact and approximate indexes, filters, re-ranking."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.retrieval._best_of import best_of as best_of
    from kit.retrieval._cooccurrence import explain_by_history as explain_by_history
    from kit.retrieval._cooccurrence import item_cooccurrence as item_cooccurrence
    from kit.retrieval._cooccurrence import most_positive as most_positive
    from kit.retrieval._cooccurrence import nearest_neighbours as nearest_neighbours
    from kit.retrieval._cooccurrence import unit_rows as unit_rows
    from kit.retrieval._exact import ExactIndex as ExactIndex
    from kit.retrieval._exact import PopularOrder as PopularOrder
    from kit.retrieval._exact import among as among
    from kit.retrieval._exact import top_k as top_k
    from kit.retrieval._exact import without as without
    from kit.retrieval._filter import MOST_EXCLUDED as MOST_EXCLUDED
    from kit.retrieval._filter import ItemFilter as ItemFilter
    from kit.retrieval._filter import search_where as search_where
    from kit.retrieval._hybrid_index import HybridIndex as HybridIndex
    from kit.retrieval._implicit_als import FactorizationSettings as FactorizationSettings
    from kit.retrieval._implicit_als import fold_in as fold_in
    from kit.retrieval._implicit_als import implicit_als as implicit_als
    from kit.retrieval._index_for import CandidateIndex as CandidateIndex
    from kit.retrieval._index_for import IndexSettings as IndexSettings
    from kit.retrieval._index_for import index_for as index_for
    from kit.retrieval._inverted_file import InvertedFile as InvertedFile
    from kit.retrieval._item_regression import ItemWeights as ItemWeights
    from kit.retrieval._item_regression import item_regression as item_regression
    from kit.retrieval._item_regression import near_items as near_items
    from kit.retrieval._item_regression import num_near as num_near
    from kit.retrieval._item_regression import packed as packed
    from kit.retrieval._item_regression import (
        positive_definite_inverse as positive_definite_inverse,
    )
    from kit.retrieval._item_regression import unpacked as unpacked
    from kit.retrieval._item_regression import votes as votes
    from kit.retrieval._item_weights_index import ItemWeightsIndex as ItemWeightsIndex
    from kit.retrieval._item_weights_index import dense_votes as dense_votes
    from kit.retrieval._item_weights_index import sparse_votes as sparse_votes
    from kit.retrieval._lists import balanced_lists as balanced_lists
    from kit.retrieval._lists import list_scores as list_scores
    from kit.retrieval._recall import exact_neighbours as exact_neighbours
    from kit.retrieval._recall import probes_for as probes_for
    from kit.retrieval._recall import recall_of as recall_of
    from kit.retrieval._rerank import apply_boosts as apply_boosts
    from kit.retrieval._rerank import diversify as diversify
    from kit.retrieval._scann import ScannIndex as ScannIndex
    from kit.retrieval._tfrs import tfrs as tfrs

__getattr__, __dir__ = lazy_names(__name__, __file__)
