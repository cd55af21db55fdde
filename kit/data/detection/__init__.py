"""Images with boxes: readers, what is put right in them, split."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.detection._boxes import DetectionImage as DetectionImage
    from kit.data.detection._boxes import OnBadFile as OnBadFile
    from kit.data.detection._boxes import RawBox as RawBox
    from kit.data.detection._boxes import RawImage as RawImage
    from kit.data.detection._boxes import Repairs as Repairs
    from kit.data.detection._boxes import canvas_shape as canvas_shape
    from kit.data.detection._boxes import looked_at as looked_at
    from kit.data.detection._boxes import size_of as size_of
    from kit.data.detection._coco import categories_of as categories_of
    from kit.data.detection._coco import read_coco as read_coco
    from kit.data.detection._csv import read_csv as read_csv
    from kit.data.detection._source import DetectionSource as DetectionSource
    from kit.data.detection._source import is_detection_folder as is_detection_folder
    from kit.data.detection._source import open_detection as open_detection
    from kit.data.detection._split import DetectionData as DetectionData
    from kit.data.detection._split import split_detection as split_detection
    from kit.data.detection._voc import is_voc as is_voc
    from kit.data.detection._voc import read_voc as read_voc

__getattr__, __dir__ = lazy_names(__name__, __file__)
