"""Models composed from `kit.layers`: ordinary Keras objects."""

from kit.models._candidate_features import CandidateFeatures as CandidateFeatures
from kit.models._candidate_features import CandidateTables as CandidateTables
from kit.models._candidate_ranking import CandidateRanking as CandidateRanking
from kit.models._defined_features import defined_features as defined_features
from kit.models._entity_tower import EntityTower as EntityTower
from kit.models._entity_tower import FeatureShape as FeatureShape
from kit.models._image_classifier import ImageClassifier as ImageClassifier
from kit.models._image_encoder import ImageEncoder as ImageEncoder
from kit.models._pretrained_encoder import PretrainedEncoder as PretrainedEncoder
from kit.models._pretrained_encoder import pretrained_encoder as pretrained_encoder
from kit.models._queries import RetrievalModel as RetrievalModel
from kit.models._queries import queries as queries
from kit.models._ranking import Ranking as Ranking
from kit.models._ranking_bodies import ARCHITECTURES as ARCHITECTURES
from kit.models._ranking_for import ranking_for as ranking_for
from kit.models._ranking_input import RankingInput as RankingInput
from kit.models._retrieval_loss import RetrievalLoss as RetrievalLoss
from kit.models._sequence_encoder import SequenceEncoder as SequenceEncoder
from kit.models._sequence_loss import SequenceLoss as SequenceLoss
from kit.models._sequential import SequentialRecommender as SequentialRecommender
from kit.models._sequential_for import sequential_for as sequential_for
from kit.models._two_tower import TwoTower as TwoTower
from kit.models._two_tower_for import two_tower_for as two_tower_for
