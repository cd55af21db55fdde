"""Open a source of interactions, profile it, split it."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data import detection as detection
    from kit.data import images as images
    from kit.data import text2text as text2text
    from kit.data import texts as texts
    from kit.data._attributes import Attributes as Attributes
    from kit.data._checks import data_warnings as data_warnings
    from kit.data._checks import note_lines as note_lines
    from kit.data._checks import testable_users as testable_users
    from kit.data._class_split import check_parts as check_parts
    from kit.data._clean import CleaningStep as CleaningStep
    from kit.data._clean import check_variety as check_variety
    from kit.data._clean import drop_duplicates as drop_duplicates
    from kit.data._clean import drop_incomplete as drop_incomplete
    from kit.data._clean import repeated_rows as repeated_rows
    from kit.data._columns import Columns as Columns
    from kit.data._columns import find_columns as find_columns
    from kit.data._columns import named_column as named_column
    from kit.data._dataset import Dataset as Dataset
    from kit.data._dataset import item_names as item_names
    from kit.data._delimited import DelimitedTable as DelimitedTable
    from kit.data._dialect import TableFormat as TableFormat
    from kit.data._events import Events as Events
    from kit.data._events import counted as counted
    from kit.data._events import iter_user_chunks as iter_user_chunks
    from kit.data._events import user_counts as user_counts
    from kit.data._feature_encoder import EncodedFeatures as EncodedFeatures
    from kit.data._feature_encoder import FeatureEncoder as FeatureEncoder
    from kit.data._features import read_new_items as read_new_items
    from kit.data._features import title_column as title_column
    from kit.data._files import is_prepared as is_prepared
    from kit.data._files import read_bytes as read_bytes
    from kit.data._files import read_lines as read_lines
    from kit.data._files import read_text as read_text
    from kit.data._files import require_regular_file as require_regular_file
    from kit.data._histories import Histories as Histories
    from kit.data._histories import default_length as default_length
    from kit.data._histories import histories as histories
    from kit.data._histories import history_before as history_before
    from kit.data._ids import BLANKS as BLANKS
    from kit.data._ids import check_same_form as check_same_form
    from kit.data._ids import clean_id as clean_id
    from kit.data._ids import to_ids as to_ids
    from kit.data._kind import KINDS as KINDS
    from kit.data._kind import source_kind as source_kind
    from kit.data._log_profile import LogProfile as LogProfile
    from kit.data._log_profile import form_of as form_of
    from kit.data._log_profile import id_forms as id_forms
    from kit.data._log_profile import quantiles as quantiles
    from kit.data._numbers import read_numbers as read_numbers
    from kit.data._numbers import to_weights as to_weights
    from kit.data._parts import is_split as is_split
    from kit.data._parts import part_of as part_of
    from kit.data._parts import parts_in as parts_in
    from kit.data._prepared import Prepared as Prepared
    from kit.data._prepared import open_prepared as open_prepared
    from kit.data._prepared import prepare as prepare
    from kit.data._prepared import train_histories as train_histories
    from kit.data._profile import PartProfile as PartProfile
    from kit.data._profile import Profile as Profile
    from kit.data._profile import Size as Size
    from kit.data._profile import k_core as k_core
    from kit.data._profile import profile as profile
    from kit.data._read import read_interactions as read_interactions
    from kit.data._source import Source as Source
    from kit.data._source import open_source as open_source
    from kit.data._split import split as split
    from kit.data._split import split_train_by_time as split_train_by_time
    from kit.data._suspicion import SuspiciousLog as SuspiciousLog
    from kit.data._suspicion import most_suspicious as most_suspicious
    from kit.data._suspicion import near_duplicates as near_duplicates
    from kit.data._suspicion import suspicion as suspicion
    from kit.data._suspicion import suspicion_of_log as suspicion_of_log
    from kit.data._table_formats import INTERACTION_SUFFIXES as INTERACTION_SUFFIXES
    from kit.data._table_formats import JsonLinesTable as JsonLinesTable
    from kit.data._table_formats import ParquetTable as ParquetTable
    from kit.data._table_formats import Table as Table
    from kit.data._table_formats import is_table as is_table
    from kit.data._table_formats import kind_of as kind_of
    from kit.data._table_formats import open_table as open_table
    from kit.data._table_formats import stem_of as stem_of
    from kit.data._table_rows import read_table as read_table
    from kit.data._times import check_time_format as check_time_format
    from kit.data._times import time_notes as time_notes
    from kit.data._times import to_microseconds as to_microseconds
    from kit.data._trainable_column import TrainableColumn as TrainableColumn
    from kit.data._trainable_column import image_bytes as image_bytes
    from kit.data._trainable_column import undecodable as undecodable
    from kit.data._trainable_column import values_of as values_of
    from kit.data._user_ids import read_user_ids as read_user_ids

__getattr__, __dir__ = lazy_names(__name__, __file__)
