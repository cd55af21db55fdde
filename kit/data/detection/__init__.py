"""Images with boxes: readers, what is put right in them, split."""

from kit.data.detection._clean import OnBadFile as OnBadFile
from kit.data.detection._image import DetectionImage as DetectionImage
from kit.data.detection._shape import canvas_shape as canvas_shape
from kit.data.detection._source import DetectionSource as DetectionSource
from kit.data.detection._source import is_detection_folder as is_detection_folder
from kit.data.detection._source import open_detection as open_detection
from kit.data.detection._split import DetectionData as DetectionData
from kit.data.detection._split import split_detection as split_detection
