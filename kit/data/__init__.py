"""Open a source of interactions, profile it, split it."""

from kit.data._attributes import Attributes as Attributes
from kit.data._clean import CleaningStep as CleaningStep
from kit.data._columns import Columns as Columns
from kit.data._cut_train import cut_train as cut_train
from kit.data._dataset import Dataset as Dataset
from kit.data._events import Events as Events
from kit.data._feature_encoder import EncodedFeatures as EncodedFeatures
from kit.data._feature_encoder import FeatureEncoder as FeatureEncoder
from kit.data._features import title_column as title_column
from kit.data._histories import Histories as Histories
from kit.data._histories import histories as histories
from kit.data._holders import holders as holders
from kit.data._names import item_names as item_names
from kit.data._new_items import read_new_items as read_new_items
from kit.data._prepared import Prepared as Prepared
from kit.data._prepared import is_prepared as is_prepared
from kit.data._prepared import open_prepared as open_prepared
from kit.data._prepared import prepare as prepare
from kit.data._profile import Profile as Profile
from kit.data._profile import profile as profile
from kit.data._source import Source as Source
from kit.data._source import open_source as open_source
from kit.data._split import split as split
from kit.data._turns import counted as counted
