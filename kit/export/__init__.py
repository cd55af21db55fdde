"""SavedModels that answer: signatures, versions, verification."""

from kit.export._catalogue import Catalogue as Catalogue
from kit.export._item_features import ItemFeatures as ItemFeatures
from kit.export._model_card import model_card as model_card
from kit.export._recommender import Recommender as Recommender
from kit.export._recommender import RecommenderParts as RecommenderParts
from kit.export._recorded import recorded_answers as recorded_answers
from kit.export._recorded_two_stage import recorded_two_stage as recorded_two_stage
from kit.export._saved_model import Servable as Servable
from kit.export._saved_model import VerificationError as VerificationError
from kit.export._saved_model import export as export
from kit.export._two_stage import export_two_stage as export_two_stage
from kit.export._two_stage_recommender import SecondStage as SecondStage
from kit.export._two_stage_recommender import TwoStageRecommender as TwoStageRecommender
from kit.export._two_tower import export_recommender as export_recommender
from kit.export._two_tower import export_two_tower as export_two_tower
from kit.export._two_tower import two_tower_parts as two_tower_parts
