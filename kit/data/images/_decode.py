"""From the bytes of an image to pixels, the same for training, evaluation and the export."""

from typing import Any

from kit.data.images._orientation import decode_upright


def decoded(content: Any, height: int, width: int, channels: int) -> Any:
    """The pixels of an image, resized where its size is another.

    JPEG, turned as its EXIF says, PNG, BMP, or the first frame of a GIF. A larger image is
    smoothed before it is made smaller; its proportions become those of `height` and `width`.

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

    # As many channels as the file has: not every format can be asked for others.
    found = decode_upright(content)
    has_colours = tf.shape(found)[2] >= 3
    if channels == 3:
        grey = tf.repeat(found[..., :1], 3, axis=2)
        image = tf.cond(has_colours, lambda: found[..., :3], lambda: grey)
    else:
        grey = found[..., :1]
        image = tf.cond(
            has_colours, lambda: tf.image.rgb_to_grayscale(found[..., :3]), lambda: grey
        )
    size = [height, width]

    def resized() -> Any:
        smooth = tf.image.resize(image, size, antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(smooth), 0, 255), tf.uint8)

    fits = tf.reduce_all(tf.equal(tf.shape(image)[:2], size))
    pixels = tf.cond(fits, lambda: image, resized)
    return tf.ensure_shape(pixels, [height, width, channels])
