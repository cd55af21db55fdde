"""Write exports: served graphs with their signatures and recorded answers."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.exporting._calendar import dates_of as dates_of
    from kit.exporting._calendar import holidays_of as holidays_of
    from kit.exporting._calendar import step_of as step_of
    from kit.exporting._catalogue import Catalogue as Catalogue
    from kit.exporting._classification import ImageLabels as ImageLabels
    from kit.exporting._classification import TextLabels as TextLabels
    from kit.exporting._classification import export_images as export_images
    from kit.exporting._classification import export_texts as export_texts
    from kit.exporting._customer_value import ServedCustomerValue as ServedCustomerValue
    from kit.exporting._customer_value import days_of as days_of
    from kit.exporting._customer_value import export_customer_value as export_customer_value
    from kit.exporting._detection import BoxFinder as BoxFinder
    from kit.exporting._detection import export_detection as export_detection
    from kit.exporting._encoders import HistoryEncoder as HistoryEncoder
    from kit.exporting._encoders import ItemFeatures as ItemFeatures
    from kit.exporting._export_forecaster import export_forecaster as export_forecaster
    from kit.exporting._find_ids import files_with as files_with
    from kit.exporting._forecasting import ServedForecaster as ServedForecaster
    from kit.exporting._forget import PROOF as PROOF
    from kit.exporting._forget import Forgotten as Forgotten
    from kit.exporting._forget import forget as forget
    from kit.exporting._forget import versions_with as versions_with
    from kit.exporting._forget import write_proof as write_proof
    from kit.exporting._linear_recommender import LinearRecommenderGraph as LinearRecommenderGraph
    from kit.exporting._model_card import model_card as model_card
    from kit.exporting._offers import STATIC as STATIC
    from kit.exporting._offers import OfferPlan as OfferPlan
    from kit.exporting._offers import ScoreTable as ScoreTable
    from kit.exporting._offers import lowered as lowered
    from kit.exporting._offers import moments as moments
    from kit.exporting._read_parts import read_parts as read_parts
    from kit.exporting._recommender import Recommender as Recommender
    from kit.exporting._recommender import RecommenderParts as RecommenderParts
    from kit.exporting._recorded import recorded_answers as recorded_answers
    from kit.exporting._recorded_two_stage import recorded_two_stage as recorded_two_stage
    from kit.exporting._retrieval import explaining_graph as explaining_graph
    from kit.exporting._retrieval import export_recommender as export_recommender
    from kit.exporting._retrieval import export_retrieval as export_retrieval
    from kit.exporting._retrieval import recommender_graph as recommender_graph
    from kit.exporting._retrieval import retrieval_parts as retrieval_parts
    from kit.exporting._sample_users import hold_users as hold_users
    from kit.exporting._sample_users import with_sample_users as with_sample_users
    from kit.exporting._saved_model import Servable as Servable
    from kit.exporting._saved_model import VerificationError as VerificationError
    from kit.exporting._saved_model import export as export
    from kit.exporting._saved_model import write_warmup as write_warmup
    from kit.exporting._segments import SegmentCentres as SegmentCentres
    from kit.exporting._tabular import Ranker as Ranker
    from kit.exporting._tabular import ServedTable as ServedTable
    from kit.exporting._tabular import export_ranking as export_ranking
    from kit.exporting._tabular import outputs_of as outputs_of
    from kit.exporting._text2text import TextGenerator as TextGenerator
    from kit.exporting._text2text import export_text2text as export_text2text
    from kit.exporting._text_encoder import export_text_encoder as export_text_encoder
    from kit.exporting._totals import ServedHierarchy as ServedHierarchy
    from kit.exporting._two_stage import export_two_stage as export_two_stage
    from kit.exporting._two_stage import lists_of as lists_of
    from kit.exporting._two_stage_recommender import SecondStage as SecondStage
    from kit.exporting._two_stage_recommender import TwoStageRecommender as TwoStageRecommender
    from kit.exporting._uplift import export_uplift as export_uplift
    from kit.exporting._weights import Started as Started
    from kit.exporting._weights import StoredWeights as StoredWeights
    from kit.exporting._weights import start_from as start_from
    from kit.exporting._write_segments import export_segments as export_segments

__getattr__, __dir__ = lazy_names(__name__, __file__)
