"""Explanations of predictions: Grad-CAM for images, integrated gradients for words."""

from collections.abc import Sequence
from html import escape
from math import isnan
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.models import ImageClassifier, TextClassifier
from kit.tokenizers import Tokenizer, truncate_middle


def grad_cam(
    model: ImageClassifier, images: NDArray[np.uint8], classes: NDArray[np.integer]
) -> NDArray[np.float32] | None:
    """Heat maps of the regions of the images that support a class.

    The gradient of the class's logit, averaged over positions, weighs the channels of the last
    feature map; negative values are set to 0.

    Args:
        model: a classifier.
        images: uint8 [images, height, width, channels].
        classes: int [images], the class to explain for each image.

    Returns:
        float32 [images, height, width], from 0 to 1, the largest of each image 1 (or all 0);
        None if the encoder has no feature map.

    Source: Selvaraju et al. (2017), Grad-CAM.

    Example:

    >>> from kit.models import ImageEncoder
    >>> model = ImageClassifier(ImageEncoder(widths=[4]), classes=2)
    >>> grad_cam(model, np.zeros((3, 8, 8, 1), np.uint8), np.array([0, 1, 1])).shape
    (3, 8, 8)
    """
    maps: Any = tf.convert_to_tensor(model.maps(images))
    if len(maps.shape) != 4:
        return None
    with tf.GradientTape() as tape:
        tape.watch(maps)
        logits = model.logits_of_maps(maps)
        chosen = tf.gather(logits, tf.constant(classes, tf.int32), axis=1, batch_dims=1)
    gradients = tf.cast(tape.gradient(chosen, maps), tf.float32)
    weights = tf.reduce_mean(gradients, axis=[1, 2], keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), axis=-1))
    heat = tf.image.resize(heat[..., None], images.shape[1:3], method="bicubic")[..., 0]
    heat = tf.nn.relu(heat)
    heat /= tf.maximum(tf.reduce_max(heat, axis=[1, 2], keepdims=True), 1e-9)
    return np.asarray(heat, np.float32)


STEPS = 64
POINTS_AT_ONCE = 16


def integrated_gradients(
    model: TextClassifier,
    numbers: NDArray[np.int32],
    classes: NDArray[np.integer],
    *,
    unknown: int,
    marks: tuple[int, ...] = (),
    steps: int = STEPS,
) -> NDArray[np.float32]:
    """How much each token of each text supports a class.

    The baseline is the text with every token unknown. On the straight path from it to the text, the
    gradients of the class's logit by the token embeddings are accumulated. Over a text they sum
    to the difference of the two logits; the more steps, the closer.

    Args:
        model: a classifier.
        numbers: int32 [texts, length], 0 is padding.
        classes: int [texts], the class to explain for each text.
        unknown: id of the unknown token.
        marks: ids of tokens that do not change on the path, such as start and end.
        steps: points on the path, at the midpoints of equal intervals.

    Returns:
        float32 [texts, length]; 0 at padding and marks.

    Source: Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks.

    Example:

    >>> from kit.models import TextEncoder
    >>> model = TextClassifier(TextEncoder(size=9, kind="conv", dim=4), classes=2)
    >>> texts = np.array([[2, 5, 3]], np.int32)
    >>> found = integrated_gradients(model, texts, np.array([1]), unknown=1, marks=(2, 3))
    >>> found.shape, float(found[0, 0])
    ((1, 3), 0.0)
    """
    given = tf.constant(numbers)
    fixed = tf.reduce_any(given[..., None] == tf.constant([0, *marks]), axis=-1)
    there = tf.cast(model.encoder.embedded(given), tf.float32)
    nothing = tf.cast(model.encoder.embedded(tf.where(fixed, given, unknown)), tf.float32)
    mask, chosen = given != 0, tf.constant(classes, tf.int32)

    @tf.function(autograph=False, reduce_retracing=True)
    def slopes(shares: tf.Tensor, start: tf.Tensor, way: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        """The sum of the gradients at some points of one text's path."""
        vectors = start + shares[:, None, None] * way
        masks = tf.repeat(mask[row][None], tf.size(shares), axis=0)
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            logits = model.logits_of_vectors(tf.cast(vectors, model.encoder.compute_dtype), masks)
            wanted = tf.gather(logits, chosen[row], axis=1)
        return tf.reduce_sum(tf.cast(tape.gradient(wanted, vectors), tf.float32), axis=0)

    shares = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    found = np.zeros(numbers.shape, np.float32)
    for row in range(len(numbers)):
        way = there[row] - nothing[row]
        total = tf.zeros_like(way)
        for begin in range(0, steps, POINTS_AT_ONCE):
            points = tf.constant(shares[begin : begin + POINTS_AT_ONCE])
            total += slopes(points, nothing[row], way, tf.constant(row))
        found[row] = tf.reduce_sum(total * way, axis=-1) / steps
    return found


FAINTEST = 0.08
# Percent; the text has to stay legible.
STRONGEST = 40


def word_weights(
    tokenizer: Tokenizer, text: str, weights: NDArray[np.floating], length: int
) -> list[tuple[str, float | None]]:
    """The text in stretches, each with the sum of its tokens' weights.

    Args:
        tokenizer: of the model.
        text: the original text.
        weights: float [tokens], of the tokens the model read, in order, without special tokens.
        length: maximum tokens of a text, special tokens included; the middle of a longer one is
            truncated.

    Returns:
        Stretches that make up the text, with weights; None where there is no token, NaN where the
        model did not read the text.
    """
    parts = tokenizer.pieces(text)
    count = sum(pieces for _, pieces in parts)
    of_piece = np.full(count, np.nan)
    start, end = truncate_middle(length)
    places = np.arange(count)
    of_piece[(places < start) | (places >= count - end)] = weights
    found: list[tuple[str, float | None]] = []
    place = piece = 0
    for word, pieces in parts:
        at = text.find(word, place)
        if at >= 0:
            if at > place:
                found.append((text[place:at], None))
            place = at + len(word)
            found.append((word, float(of_piece[piece : piece + pieces].sum())))
        # Otherwise the tokenizer normalized the characters: they stay without a weight.
        piece += pieces
    if place < len(text):
        found.append((text[place:], None))
    return found


def coloured(stretches: Sequence[tuple[str, float | None]]) -> str:
    """The text as HTML: blue supports the predicted class, red contradicts it.

    Args:
        stretches: the result of `word_weights`.

    Example:

    >>> print(coloured([("not", -1.0), (" ", None), ("good", 2.0)]))
    <mark style="background: color-mix(in srgb, var(--worse) 20%, transparent)">not</mark> <mark
    style="background: color-mix(in srgb, var(--model) 40%, transparent)">good</mark>
    """
    known = [abs(weight) for _, weight in stretches if weight and not isnan(weight)]
    most = max(known, default=1.0)
    parts = []
    for text, weight in stretches:
        share = abs(weight or 0.0) / most
        if isnan(share) or share < FAINTEST:
            parts.append(escape(text))
            continue
        colour = "worse" if weight is not None and weight < 0 else "model"
        mix = f"color-mix(in srgb, var(--{colour}) {STRONGEST * share:.0f}%, transparent)"
        parts.append(f'<mark style="background: {mix}">{escape(text)}</mark>')
    return "".join(parts)
