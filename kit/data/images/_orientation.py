"""The orientation of JPEG files, read and applied in operations of TensorFlow's core.

Cameras store the pixels as the sensor lies and note in EXIF how to turn them. Training, evaluation
and exports turn them with the same graph.
"""

from typing import Any

# Where cameras write EXIF: the first segment, or the one behind JFIF's.
LOOKED_AT = 1 << 17
MOST_SEGMENTS = 32


def decode_upright(content: Any, channels: int = 0) -> Any:
    """Decode an image as it is shown.

    Args:
        content: string [], a JPEG, PNG, BMP, or a GIF, of which the first frame is taken.
        channels: 1 for grey, 3 for colour, 0 for as many as the file has.

    Returns:
        uint8 [height, width, channels].
    """
    # Mistakes in the data need not wait for TensorFlow where nothing is decoded.
    import tensorflow as tf

    stored = tf.io.decode_image(content, channels=channels, expand_animations=False)
    stored = tf.ensure_shape(stored, [None, None, channels or None])
    return turned(stored, orientation(content))


def orientation(content: Any) -> Any:
    """EXIF's orientation of a JPEG, int32 []: 1 to 8; 1 of other files and where there is none.

    Args:
        content: string [].
    """
    import tensorflow as tf

    head = tf.io.decode_raw(tf.strings.substr(content, 0, LOOKED_AT), tf.uint8)
    # What is looked at may lie behind the end.
    head = tf.cast(tf.pad(head, [[0, 16]]), tf.int32)
    size = tf.shape(head)[0] - 16

    def number(place: Any, count: int, is_little: Any = False) -> Any:
        """An unsigned number of `count` bytes; 0 behind the end."""
        place = tf.where((place < 0) | (place + count > size), size, place)
        found = head[place : place + count]
        weights = tf.constant([256**power for power in range(min(count, 3))][::-1], tf.int32)
        # Of four bytes the highest is 0, or the place lies behind the end anyway.
        ends = tf.where(is_little, tf.reverse(found, [0]), found)
        found = ends[count - 3 :] if count > 3 else ends
        large = (count > 3) & (ends[0] > 0) if count > 3 else False
        return tf.where(large, LOOKED_AT, tf.reduce_sum(found * weights))

    def is_exif(place: Any) -> Any:
        letters = tf.constant([*b"Exif\0\0"], tf.int32)
        start = tf.minimum(place + 4, size)
        return (number(place, 2) == 0xFFE1) & tf.reduce_all(head[start : start + 6] == letters)

    def goes_on(place: Any) -> Any:
        marker = number(place, 2)
        other = (marker >= 0xFFE0) & (marker <= 0xFFFE) & (marker != 0xFFDA)
        # Tables of the decoder may stand before EXIF, too.
        other |= (marker == 0xFFDB) | (marker == 0xFFC4) | (marker == 0xFFDD)
        return other & ~is_exif(place) & (place < size)

    def of_jpeg() -> Any:
        (segment,) = tf.while_loop(
            goes_on,
            lambda place: (place + 2 + tf.maximum(number(place + 2, 2), 0),),
            (tf.constant(2),),
            maximum_iterations=MOST_SEGMENTS,
        )
        return tf.cond(is_exif(segment), lambda: of_exif(segment + 10), lambda: tf.constant(1))

    def of_exif(tiff: Any) -> Any:
        order = number(tiff, 2)
        is_little = order == 0x4949
        known = (is_little | (order == 0x4D4D)) & (number(tiff + 2, 2, is_little) == 42)
        first = tiff + number(tiff + 4, 4, is_little)
        entries = number(first, 2, is_little)
        places = first + 2 + 12 * tf.range(tf.minimum(entries, 512))
        bytes_ = tf.gather(head, tf.minimum(places[:, None] + tf.range(10), size))
        high, low = bytes_[:, 0::2], bytes_[:, 1::2]
        # Tag, kind, the two halves of the count, and the value, each of two bytes.
        fields = tf.where(is_little, high + 256 * low, 256 * high + low)
        count = tf.where(is_little, fields[:, 2], fields[:, 3])
        more = tf.where(is_little, fields[:, 3], fields[:, 2])
        found = tf.boolean_mask(fields[:, 4], fields[:, 0] == 0x0112)
        right = tf.boolean_mask(
            (fields[:, 1] == 3) & (count == 1) & (more == 0), fields[:, 0] == 0x0112
        )
        value = tf.concat([tf.where(right, found, 1), [1]], axis=0)[0]
        return tf.where(known & (value >= 1) & (value <= 8), value, 1)

    return tf.cond(number(tf.constant(0), 2) == 0xFFD8, of_jpeg, lambda: tf.constant(1))


def turned(image: Any, orientation: Any) -> Any:
    """An image turned and mirrored as EXIF's orientation says.

    Args:
        image: [height, width, channels].
        orientation: int32 [], 1 to 8.
    """
    import tensorflow as tf

    def upright() -> Any:
        found = tf.cond(orientation >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
        mirrored = tf.reduce_any(orientation == tf.constant([2, 3, 6, 7]))
        upended = tf.reduce_any(orientation == tf.constant([3, 4, 7, 8]))
        found = tf.cond(mirrored, lambda: tf.reverse(found, [1]), lambda: found)
        return tf.cond(upended, lambda: tf.reverse(found, [0]), lambda: found)

    return tf.cond(orientation > 1, upright, lambda: image)
