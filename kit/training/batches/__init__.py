"""Batches: one class for each kind of data, all with the protocol `Batches`."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.training.batches._detection_augment import NO_BOX_AUGMENTATION as NO_BOX_AUGMENTATION
    from kit.training.batches._detection_augment import BoxAugmentation as BoxAugmentation
    from kit.training.batches._detection_augment import augmented as augmented
    from kit.training.batches._detections import DetectionBatches as DetectionBatches
    from kit.training.batches._detections import default_images as default_images
    from kit.training.batches._images import AUGMENTATIONS as AUGMENTATIONS
    from kit.training.batches._images import Augmentation as Augmentation
    from kit.training.batches._images import ImageBatches as ImageBatches
    from kit.training.batches._lists import ListBatches as ListBatches
    from kit.training.batches._sentences import SentenceBatches as SentenceBatches
    from kit.training.batches._sequences import SequenceBatches as SequenceBatches
    from kit.training.batches._sequences import sequence_batches as sequence_batches
    from kit.training.batches._stream import WHOLE as WHOLE
    from kit.training.batches._stream import Batches as Batches
    from kit.training.batches._stream import InputWaitTimer as InputWaitTimer
    from kit.training.batches._stream import Shard as Shard
    from kit.training.batches._stream import digest as digest
    from kit.training.batches._stream import distributed as distributed
    from kit.training.batches._tables import TableBatches as TableBatches
    from kit.training.batches._tables import default_rows as default_rows
    from kit.training.batches._text2text import Text2TextBatches as Text2TextBatches
    from kit.training.batches._text2text import Tokens as Tokens
    from kit.training.batches._texts import TextBatches as TextBatches
    from kit.training.batches._users import DiskBatches as DiskBatches
    from kit.training.batches._users import UserBatches as UserBatches
    from kit.training.batches._users import default_batch_size as default_batch_size
    from kit.training.batches._users import user_batches as user_batches
    from kit.training.batches._windows import WindowBatches as WindowBatches

__getattr__, __dir__ = lazy_names(__name__, __file__)
