"""An encoder of images that needs no training, and images for it."""

from pathlib import Path

import tensorflow as tf

from kit.exports import write_manifest


class Colours(tf.Module):
    """The mean of red, green and blue."""

    calls = 0

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image")])
    def embed(self, image):
        def mean(encoded):
            image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
            return tf.reduce_mean(tf.cast(image, tf.float32) / 255, axis=[0, 1])

        spec = tf.TensorSpec([3], tf.float32)
        return {"embedding": tf.map_fn(mean, image, fn_output_signature=spec)}


class Lengths(tf.Module):
    """How long a text is."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def embed(self, text):
        return {"embedding": tf.cast(tf.strings.length(text), tf.float32)[:, None]}


def save_encoder(module: tf.Module, folder: Path) -> Path:
    """A model's folder with one version."""
    version = folder / "1"
    tf.saved_model.save(module, str(version), signatures={"embed": module.embed})
    (version / "assets.extra").mkdir()
    write_manifest(version)
    return folder


def paint(file: Path, colour: tuple[int, int, int]) -> Path:
    """A small image of one colour."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image = tf.fill([4, 4, 1], tf.constant(1, tf.uint8)) * tf.constant(colour, tf.uint8)
    file.write_bytes(tf.io.encode_png(image).numpy())
    return file
