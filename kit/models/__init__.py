"""Models composed from `kit.layers`: ordinary Keras objects."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.models import pretrained as pretrained
    from kit.models._beam_search import beam_search as beam_search
    from kit.models._candidate_features import CandidateFeatures as CandidateFeatures
    from kit.models._candidate_features import CandidateTables as CandidateTables
    from kit.models._candidate_features import defined_features as defined_features
    from kit.models._candidate_ranking import CandidateRanking as CandidateRanking
    from kit.models._content_encoders import ImageColumnEncoder as ImageColumnEncoder
    from kit.models._content_encoders import TextColumnEncoder as TextColumnEncoder
    from kit.models._customer_value import COVERAGE as COVERAGE
    from kit.models._customer_value import CustomerValue as CustomerValue
    from kit.models._customer_value import log_likelihood as log_likelihood
    from kit.models._detector import Detector as Detector
    from kit.models._detector import non_max_suppression as non_max_suppression
    from kit.models._deviation import deviation as deviation
    from kit.models._deviation import tail_probability as tail_probability
    from kit.models._entity_tower import ContentShape as ContentShape
    from kit.models._entity_tower import EntityTower as EntityTower
    from kit.models._entity_tower import FeatureShape as FeatureShape
    from kit.models._extractive import ExtractiveSummarizer as ExtractiveSummarizer
    from kit.models._extractive import SentenceRanker as SentenceRanker
    from kit.models._for_dataset import attach as attach
    from kit.models._forecaster import CENTRES as CENTRES
    from kit.models._forecaster import Forecaster as Forecaster
    from kit.models._image_classifier import ImageClassifier as ImageClassifier
    from kit.models._image_encoder import ImageEncoder as ImageEncoder
    from kit.models._implicit_als import ImplicitALS as ImplicitALS
    from kit.models._linear import LinearRecommender as LinearRecommender
    from kit.models._named_forecasters import DLinear as DLinear
    from kit.models._named_forecasters import NetworkForecaster as NetworkForecaster
    from kit.models._named_forecasters import NHiTS as NHiTS
    from kit.models._named_forecasters import PatchTST as PatchTST
    from kit.models._queries import RetrievalModel as RetrievalModel
    from kit.models._queries import item_scorer as item_scorer
    from kit.models._queries import queries as queries
    from kit.models._ranking import Ranking as Ranking
    from kit.models._ranking_bodies import ARCHITECTURES as ARCHITECTURES
    from kit.models._ranking_bodies import BodySettings as BodySettings
    from kit.models._ranking_bodies import ranking_body as ranking_body
    from kit.models._ranking_input import RankingFields as RankingFields
    from kit.models._ranking_input import RankingInput as RankingInput
    from kit.models._ranking_input import first_rows as first_rows
    from kit.models._reconciliation import BOTTOM_UP as BOTTOM_UP
    from kit.models._reconciliation import MINT as MINT
    from kit.models._reconciliation import Reconciliation as Reconciliation
    from kit.models._reconciliation import mint_gain as mint_gain
    from kit.models._reconciliation import shrinkage_of as shrinkage_of
    from kit.models._seq2seq import Seq2SeqModel as Seq2SeqModel
    from kit.models._seq2seq import TextToText as TextToText
    from kit.models._sequence_encoder import SequenceEncoder as SequenceEncoder
    from kit.models._sequence_to_sequence import SequenceToSequence as SequenceToSequence
    from kit.models._sequential import SequenceLoss as SequenceLoss
    from kit.models._sequential import SequentialRecommender as SequentialRecommender
    from kit.models._task_aligned import AnchorPoints as AnchorPoints
    from kit.models._task_aligned import Assignment as Assignment
    from kit.models._task_aligned import anchor_points as anchor_points
    from kit.models._task_aligned import task_aligned_assignment as task_aligned_assignment
    from kit.models._text_classifier import TextClassifier as TextClassifier
    from kit.models._text_encoder import TextEncoder as TextEncoder
    from kit.models._two_tower import RetrievalLoss as RetrievalLoss
    from kit.models._two_tower import TwoTower as TwoTower
    from kit.models._uplift import LinearUplift as LinearUplift
    from kit.models._uplift import Uplift as Uplift
    from kit.models._uplift import campaign_encoder as campaign_encoder
    from kit.models._uplift import encoded_inputs as encoded_inputs
    from kit.models._uplift import number_ranges as number_ranges
    from kit.models._warm_start import Known as Known
    from kit.models._warm_start import TrainedWeights as TrainedWeights

__getattr__, __dir__ = lazy_names(__name__, __file__)
