"""SavedModels that answer: signatures, versions, verification."""

from kit.export._catalogue import Catalogue as Catalogue
from kit.export._history_encoder import HistoryEncoder as HistoryEncoder
from kit.export._item_features import ItemFeatures as ItemFeatures
from kit.export._model_card import model_card as model_card
from kit.export._recommender import Recommender as Recommender
from kit.export._recommender import RecommenderParts as RecommenderParts
from kit.export._recorded import recorded_answers as recorded_answers
from kit.export._retrieval import export_recommender as export_recommender
from kit.export._retrieval import export_retrieval as export_retrieval
from kit.export._retrieval import retrieval_parts as retrieval_parts
from kit.export._saved_model import Servable as Servable
from kit.export._saved_model import VerificationError as VerificationError
from kit.export._saved_model import export as export
