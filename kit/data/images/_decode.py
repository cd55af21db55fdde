"""From the bytes of a picture to pixels, the same for training, evaluation and the export."""

from typing import Any


def decoded(content: Any, height: int, width: int, channels: int) -> Any:
    """The pixels of a picture, resized where its size is another.

    JPEG, PNG, BMP, or the first frame of a GIF. A larger picture is smoothed before it is made
    smaller; its proportions become those of `height` and `width`.

    Args:
        content: string [].
        height: of the result.
        width: of the result.
        channels: 1 for grey, 3 for colour.

    Returns:
        uint8 [height, width, channels].

    Example:

    >>> import tensorflow as tf
    >>> png = tf.io.encode_png(tf.zeros([9, 7, 3], tf.uint8))
    >>> decoded(png, 4, 4, 1).shape
    TensorShape([4, 4, 1])
    """
    # Mistakes in the data need not wait for TensorFlow where nothing is decoded.
    import tensorflow as tf

    picture = tf.io.decode_image(content, channels=channels, expand_animations=False)
    size = [height, width]

    def resized() -> Any:
        smooth = tf.image.resize(picture, size, antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(smooth), 0, 255), tf.uint8)

    fits = tf.reduce_all(tf.equal(tf.shape(picture)[:2], size))
    pixels = tf.cond(fits, lambda: picture, resized)
    return tf.ensure_shape(pixels, [height, width, channels])
