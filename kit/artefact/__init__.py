"""A version folder: finding it, checking it, asking it."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.artefact._ask import Predictor as Predictor
    from kit.artefact._ask import Recommender as Recommender
    from kit.artefact._ask import load_export as load_export
    from kit.artefact._bytes import with_bytes as with_bytes
    from kit.artefact._card import CARDS as CARDS
    from kit.artefact._card import Card as Card
    from kit.artefact._card import DetectionCard as DetectionCard
    from kit.artefact._card import EncoderCard as EncoderCard
    from kit.artefact._card import ImageClassificationCard as ImageClassificationCard
    from kit.artefact._card import RecommenderCard as RecommenderCard
    from kit.artefact._card import RetrievalCard as RetrievalCard
    from kit.artefact._card import TabularCard as TabularCard
    from kit.artefact._card import Text2TextCard as Text2TextCard
    from kit.artefact._card import TextClassificationCard as TextClassificationCard
    from kit.artefact._card import TwoStageCard as TwoStageCard
    from kit.artefact._card import upgrade as upgrade
    from kit.artefact._check import check_operations as check_operations
    from kit.artefact._check import problems_of_graph as problems_of_graph
    from kit.artefact._graph import SavedGraph as SavedGraph
    from kit.artefact._graph import Signature as Signature
    from kit.artefact._graph import TensorSpec as TensorSpec
    from kit.artefact._graph import read_graph as read_graph
    from kit.artefact._inputs import raw_inputs as raw_inputs
    from kit.artefact._inputs import tensor_names as tensor_names
    from kit.artefact._manifest import damages as damages
    from kit.artefact._manifest import write_manifest as write_manifest
    from kit.artefact._operations import load_version as load_version
    from kit.artefact._operations import operations_needed as operations_needed
    from kit.artefact._operations import register_operations as register_operations
    from kit.artefact._read_card import index_line as index_line
    from kit.artefact._read_card import read_card as read_card
    from kit.artefact._read_card import recommender_card as recommender_card
    from kit.artefact._sample_users import is_sample_user as is_sample_user
    from kit.artefact._sample_users import sample_user as sample_user
    from kit.artefact._verify import SignatureCheck as SignatureCheck
    from kit.artefact._verify import verify as verify
    from kit.artefact._version import version_folder as version_folder

__getattr__, __dir__ = lazy_names(__name__, __file__)
