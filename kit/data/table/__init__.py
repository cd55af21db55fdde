"""Tables of examples with labels: open one, infer its schema, split it, encode it."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.table._encoder import TableEncoder as TableEncoder
    from kit.data.table._infer_schema import infer_schema as infer_schema
    from kit.data.table._infer_schema import is_id_name as is_id_name
    from kit.data.table._labels import check_classes as check_classes
    from kit.data.table._labels import find_labels as find_labels
    from kit.data.table._labels import to_label as to_label
    from kit.data.table._schema import Feature as Feature
    from kit.data.table._schema import Schema as Schema
    from kit.data.table._schema import check_columns as check_columns
    from kit.data.table._schema import read_schema as read_schema
    from kit.data.table._schema import schema_from as schema_from
    from kit.data.table._schema import typed as typed
    from kit.data.table._schema import without_history as without_history
    from kit.data.table._source import RankingColumns as RankingColumns
    from kit.data.table._source import RankingSource as RankingSource
    from kit.data.table._source import open_ranking as open_ranking
    from kit.data.table._split import Negatives as Negatives
    from kit.data.table._split import RankingData as RankingData
    from kit.data.table._split import RankingRows as RankingRows
    from kit.data.table._split import draw_negatives as draw_negatives
    from kit.data.table._split import split_ranking as split_ranking

__getattr__, __dir__ = lazy_names(__name__, __file__)
