"""Open a source of images, look into every one, split it."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.images._header import MOST_PIXELS as MOST_PIXELS
    from kit.data.images._header import Header as Header
    from kit.data.images._header import header_of as header_of
    from kit.data.images._header import read_image as read_image
    from kit.data.images._images import Images as Images
    from kit.data.images._images import OnBadFile as OnBadFile
    from kit.data.images._images import decoded as decoded
    from kit.data.images._images import look as look
    from kit.data.images._open import open_images as open_images
    from kit.data.images._orientation import decode_upright as decode_upright
    from kit.data.images._orientation import orientation as orientation
    from kit.data.images._source import ImageSource as ImageSource
    from kit.data.images._split import ImageData as ImageData
    from kit.data.images._split import split_images as split_images

__getattr__, __dir__ = lazy_names(__name__, __file__)
