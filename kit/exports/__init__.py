"""Read exports: find, check, load, query and verify version folders."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.exports._anomalies import Scan as Scan
    from kit.exports._ask import Recommender as Recommender
    from kit.exports._ask import load_export as load_export
    from kit.exports._batch import BatchLists as BatchLists
    from kit.exports._card import CARDS as CARDS
    from kit.exports._card import Card as Card
    from kit.exports._card import CustomerValueCard as CustomerValueCard
    from kit.exports._card import DetectionCard as DetectionCard
    from kit.exports._card import EncoderCard as EncoderCard
    from kit.exports._card import ForecastingCard as ForecastingCard
    from kit.exports._card import ImageClassificationCard as ImageClassificationCard
    from kit.exports._card import RecommenderCard as RecommenderCard
    from kit.exports._card import RetrievalCard as RetrievalCard
    from kit.exports._card import TabularCard as TabularCard
    from kit.exports._card import Text2TextCard as Text2TextCard
    from kit.exports._card import TextClassificationCard as TextClassificationCard
    from kit.exports._card import TwoStageCard as TwoStageCard
    from kit.exports._card import UpliftCard as UpliftCard
    from kit.exports._card import upgrade as upgrade
    from kit.exports._check import check_operations as check_operations
    from kit.exports._check import problems_of_graph as problems_of_graph
    from kit.exports._customer_value import CustomerValues as CustomerValues
    from kit.exports._drivers import Drivers as Drivers
    from kit.exports._drivers import correlated_groups as correlated_groups
    from kit.exports._drivers import measure_drivers as measure_drivers
    from kit.exports._explanation import Explanation as Explanation
    from kit.exports._explanation import Reason as Reason
    from kit.exports._explanation import in_words as in_words
    from kit.exports._explanation import is_cause as is_cause
    from kit.exports._explanation import share_of as share_of
    from kit.exports._forecast import SeriesForecaster as SeriesForecaster
    from kit.exports._forecast import covariate_inputs as covariate_inputs
    from kit.exports._graph import SavedGraph as SavedGraph
    from kit.exports._graph import Signature as Signature
    from kit.exports._graph import TensorSpec as TensorSpec
    from kit.exports._graph import names_of_operations as names_of_operations
    from kit.exports._graph import read_graph as read_graph
    from kit.exports._inputs import raw_inputs as raw_inputs
    from kit.exports._inputs import tensor_names as tensor_names
    from kit.exports._item_content import ItemContent as ItemContent
    from kit.exports._json_file import json_object as json_object
    from kit.exports._json_file import with_bytes as with_bytes
    from kit.exports._labels import STABLE as STABLE
    from kit.exports._labels import Labels as Labels
    from kit.exports._labels import check_label as check_label
    from kit.exports._labels import check_version as check_version
    from kit.exports._labels import label_version as label_version
    from kit.exports._labels import live_version as live_version
    from kit.exports._labels import read_labels as read_labels
    from kit.exports._labels import remove_label as remove_label
    from kit.exports._labels import remove_old_versions as remove_old_versions
    from kit.exports._labels import rollback as rollback
    from kit.exports._labels import set_policy as set_policy
    from kit.exports._labels import version_numbers as version_numbers
    from kit.exports._loaded import LoadedExport as LoadedExport
    from kit.exports._loaders import Loader as Loader
    from kit.exports._loaders import ask as ask
    from kit.exports._narrowed import Narrowed as Narrowed
    from kit.exports._narrowed import Recommendation as Recommendation
    from kit.exports._operations import load_version as load_version
    from kit.exports._operations import operations_needed as operations_needed
    from kit.exports._operations import register_operations as register_operations
    from kit.exports._pixel_logits import pixel_logits as pixel_logits
    from kit.exports._predict_file import predict_file as predict_file
    from kit.exports._predictor import Predictor as Predictor
    from kit.exports._read_card import index_line as index_line
    from kit.exports._read_card import read_card as read_card
    from kit.exports._read_card import recommender_card as recommender_card
    from kit.exports._sample_users import forgotten_user as forgotten_user
    from kit.exports._sample_users import is_forgotten_user as is_forgotten_user
    from kit.exports._sample_users import is_sample_user as is_sample_user
    from kit.exports._sample_users import sample_user as sample_user
    from kit.exports._segments import Segments as Segments
    from kit.exports._segments import Users as Users
    from kit.exports._segments import segment_users as segment_users
    from kit.exports._signing import check_private_key as check_private_key
    from kit.exports._signing import check_public_key as check_public_key
    from kit.exports._signing import sign as sign
    from kit.exports._signing import signature_problem as signature_problem
    from kit.exports._verify import SignatureCheck as SignatureCheck
    from kit.exports._verify import agrees as agrees
    from kit.exports._verify import compare as compare
    from kit.exports._verify import verify as verify
    from kit.exports._version_folder import SIGNATURE as SIGNATURE
    from kit.exports._version_folder import damages as damages
    from kit.exports._version_folder import version_folder as version_folder
    from kit.exports._version_folder import write_manifest as write_manifest
    from kit.exports._versions import VersionInfo as VersionInfo
    from kit.exports._versions import versions as versions

__getattr__, __dir__ = lazy_names(__name__, __file__)
