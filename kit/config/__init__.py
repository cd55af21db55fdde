"""Options of commands and of Python functions: what can be set, its default and its meaning."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.config._campaign import CampaignOptions as CampaignOptions
    from kit.config._data import DataOptions as DataOptions
    from kit.config._data import FormatOptions as FormatOptions
    from kit.config._data import UserLogOptions as UserLogOptions
    from kit.config._data import read_ids as read_ids
    from kit.config._generation import GenerationOptions as GenerationOptions
    from kit.config._generation import Text2TextOptions as Text2TextOptions
    from kit.config._images import DetectionOptions as DetectionOptions
    from kit.config._images import DetectionTrainingOptions as DetectionTrainingOptions
    from kit.config._images import ImageOptions as ImageOptions
    from kit.config._images import ImageTrainingOptions as ImageTrainingOptions
    from kit.config._items import AnswerOptions as AnswerOptions
    from kit.config._items import ContentOptions as ContentOptions
    from kit.config._items import IndexOptions as IndexOptions
    from kit.config._options import Option as Option
    from kit.config._options import Options as Options
    from kit.config._options import as_values as as_values
    from kit.config._options import bundles as bundles
    from kit.config._options import changed_values as changed_values
    from kit.config._options import option as option
    from kit.config._options import options_of as options_of
    from kit.config._options import override as override
    from kit.config._options import override_chosen as override_chosen
    from kit.config._options import unknown_option as unknown_option
    from kit.config._plan import PlanOptions as PlanOptions
    from kit.config._privacy import PrivacyOptions as PrivacyOptions
    from kit.config._privacy import refits as refits
    from kit.config._purchases import PurchaseOptions as PurchaseOptions
    from kit.config._series import SeriesOptions as SeriesOptions
    from kit.config._tables import TableOptions as TableOptions
    from kit.config._texts import TextOptions as TextOptions
    from kit.config._texts import TextTrainingOptions as TextTrainingOptions
    from kit.config._training import CheckpointOptions as CheckpointOptions
    from kit.config._training import RunOptions as RunOptions
    from kit.config._training import StartOptions as StartOptions
    from kit.config._training import TrainingOptions as TrainingOptions
    from kit.config._training import check_folder as check_folder

__getattr__, __dir__ = lazy_names(__name__, __file__)
