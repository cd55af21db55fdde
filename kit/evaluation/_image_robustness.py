"""Corruptions of images and attacks on image classifiers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy import ndimage

from kit.data.images import Images
from kit.evaluation._classes import ClassPredictions
from kit.evaluation._robustness import (
    MOST_EXAMPLES,
    UNCHANGED,
    Predict,
    Robustness,
    drawn_rows,
    how_many,
    stacked,
)
from kit.progress import stage

NOISE = 0.08 * 255  # Standard deviation in levels: severity 3 of 5 of CIFAR-10-C, 1 of ImageNet-C.
BLUR = 1.0
QUALITY = 30
CONTRAST = 0.5
SHIFT = 2
AT_ONCE = 256

Pixels = NDArray[np.uint8]
Logits = Callable[[Any], Any]


def _noise(pixels: Pixels, rng: np.random.Generator) -> NDArray[np.floating]:
    return pixels + rng.normal(0, NOISE, pixels.shape)


def _blur(pixels: Pixels, rng: np.random.Generator) -> NDArray[np.floating]:
    return np.asarray(ndimage.gaussian_filter(pixels.astype(np.float32), (0, BLUR, BLUR, 0)))


def _jpeg(pixels: Pixels, rng: np.random.Generator) -> NDArray[np.floating]:
    return np.stack([tf.image.adjust_jpeg_quality(one, QUALITY).numpy() for one in pixels])


def _contrast(pixels: Pixels, rng: np.random.Generator) -> NDArray[np.floating]:
    mean = pixels.mean(axis=(1, 2), keepdims=True)
    return np.asarray(mean + CONTRAST * (pixels - mean))


def _shift(pixels: Pixels, rng: np.random.Generator) -> NDArray[np.floating]:
    height, width = pixels.shape[1:3]
    wide = np.pad(pixels, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    # Down, up, right or left; the rows or columns of the edge are repeated.
    corners = np.array([(0, SHIFT), (2 * SHIFT, SHIFT), (SHIFT, 0), (SHIFT, 2 * SHIFT)])
    drawn = corners[rng.integers(0, 4, len(pixels))]
    moved = [one[y : y + height, x : x + width] for one, (y, x) in zip(wide, drawn, strict=True)]
    return np.stack(moved)


_CORRUPT: dict[str, Callable[[Pixels, np.random.Generator], NDArray[Any]]] = {
    "Gaussian noise": _noise,
    "blur": _blur,
    "JPEG 30": _jpeg,
    "contrast .5": _contrast,
    "shift 2 px": _shift,
}
CORRUPTIONS = tuple(_CORRUPT)
"""Names of the corruptions of images, see `corrupted`."""


def corrupted(pixels: Pixels, corruption: str, *, seed: int | Sequence[int] = 0) -> Pixels:
    """Images as a worse camera, a smaller file or another frame would show them.

    Args:
        pixels: uint8 [images, height, width, channels].
        corruption: "Gaussian noise" (standard deviation .08 of the range), "blur" (Gaussian, one
            pixel), "JPEG 30" (written with that quality), "contrast .5" (half the distance to the
            image's mean) or "shift 2 px" (up, down, left or right, the edge repeated).
        seed: of noise and direction.

    Returns:
        uint8 of the same shape.

    Raises:
        ValueError: there is no such corruption.

    Source: Hendrycks and Dietterich (2019), Benchmarking neural network robustness to common
    corruptions and perturbations.

    Example:

    >>> pixels = np.arange(0, 250, 10, dtype=np.uint8).reshape(1, 5, 5, 1)
    >>> corrupted(pixels, "contrast .5")[0, 0, :, 0].tolist()
    [60, 65, 70, 75, 80]
    """
    if corruption not in _CORRUPT:
        raise ValueError(f"corruption must be one of {', '.join(CORRUPTIONS)}; got {corruption!r}.")
    changed = _CORRUPT[corruption](pixels, np.random.default_rng(seed))
    return np.clip(np.round(changed), 0, 255).astype(np.uint8)


class NoGradientError(ValueError):
    """No gradient of a model reaches its input."""


def _gradients(logits: Logits) -> Callable[[Any, Any], tuple[Any, Any, Any]]:
    """Gradient of the loss by pixels, the loss, and whether the class is right.

    The loss is the log odds against the class. Its gradient is that of the cross-entropy divided by
    1 - probability, so it has the same sign, but does not vanish where the model is very sure.
    """

    @tf.function(autograph=False, reduce_retracing=True)
    def gradients(pixels: Any, labels: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            found = tf.cast(logits(pixels), tf.float32)
            is_label = tf.one_hot(labels, found.shape[1], on_value=True, off_value=False)
            others = tf.reduce_logsumexp(tf.where(is_label, -np.inf, found), axis=1)
            losses = others - tf.gather(found, labels, batch_dims=1)
        gradient = tape.gradient(losses, pixels)
        if gradient is None:
            raise NoGradientError("No gradient of the model reaches the pixels.")
        right = tf.equal(tf.argmax(found, axis=1, output_type=tf.int32), labels)
        return gradient, losses, right

    found: Callable[[Any, Any], tuple[Any, Any, Any]] = gradients
    return found


def fgsm(logits: Logits, pixels: Pixels, labels: NDArray[np.integer], *, levels: int = 2) -> Pixels:
    """Attack images with one step: the fast gradient sign method.

    Args:
        logits: differentiable, from float32 [images, height, width, channels], 0 to 255, to float
            [images, classes]: an `ImageClassifier`, or `kit.exports.pixel_logits` of an export.
        pixels: uint8 [images, height, width, channels].
        labels: int [images], the true classes.
        levels: most that a pixel changes, of 255.

    Returns:
        uint8 of the same shape: images that could be sent as files.

    Raises:
        NoGradientError: no gradient reaches the pixels.

    Source: Goodfellow, Shlens and Szegedy (2015), Explaining and harnessing adversarial examples.

    Example:

    >>> weights = tf.constant([[1.0, -1.0]])
    >>> def bright(pixels):
    ...     return tf.reduce_mean(pixels, axis=[1, 2]) @ weights
    >>> fgsm(bright, np.full((1, 1, 2, 1), 100, np.uint8), np.array([0])).ravel().tolist()
    [98, 98]
    """
    right = tf.constant(labels, tf.int32)
    gradient, _, _ = _gradients(logits)(tf.constant(pixels, tf.float32), right)
    changed = pixels + levels * np.sign(gradient.numpy())
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def pgd(
    logits: Logits,
    pixels: Pixels,
    labels: NDArray[np.integer],
    *,
    levels: int = 8,
    steps: int = 20,
    step: int = 2,
    restarts: int = 2,
    seed: int | Sequence[int] = 0,
) -> Pixels:
    """Attack images with projected gradient descent from random starts.

    The accuracy on the result is an upper bound of what an attacker who knows the model leaves of
    it; AutoAttack would be lower.

    Args:
        logits: as of `fgsm`.
        pixels: uint8 [images, height, width, channels].
        labels: int [images], the true classes.
        levels: most that a pixel changes, of 255.
        steps: of each restart.
        step: levels that a step changes.
        restarts: random starts; of each image the first that fools the model is returned, else the
            one with the largest loss.
        seed: of the starts.

    Returns:
        uint8 of the same shape.

    Raises:
        NoGradientError: no gradient reaches the pixels.

    Source: Madry et al. (2018), Towards deep learning models resistant to adversarial attacks.

    Example:

    >>> weights = tf.constant([[1.0, -1.0]])
    >>> def bright(pixels):
    ...     return (tf.reduce_mean(pixels, axis=[1, 2]) - 100) @ weights
    >>> pgd(bright, np.full((1, 1, 2, 1), 103, np.uint8), np.array([0])).ravel().tolist()
    [95, 95]
    """
    rng = np.random.default_rng(seed)
    gradients, right = _gradients(logits), tf.constant(labels, tf.int32)
    low = np.maximum(pixels.astype(np.float32) - levels, 0)
    high = np.minimum(pixels.astype(np.float32) + levels, 255)
    best, highest = pixels.astype(np.float32), np.full(len(pixels), -np.inf)
    for _ in range(restarts):
        start = pixels + rng.integers(-levels, levels, pixels.shape, endpoint=True)
        changed = np.clip(start, 0, 255).astype(np.float32)
        for _ in range(steps):
            gradient, _, _ = gradients(tf.constant(changed), right)
            changed = np.clip(changed + step * np.sign(gradient.numpy()), low, high)
        _, losses, is_right = (one.numpy() for one in gradients(tf.constant(changed), right))
        # What fools the model once is kept, however large the loss of a later start.
        reached = np.where(is_right, losses, np.inf)
        better = reached > highest
        best[better], highest[better] = changed[better], reached[better]
    return best.astype(np.uint8)


@dataclass(frozen=True)
class Attack:
    """An attack that needs gradients.

    Args:
        name: in tables.
        changed: changes logits, pixels, labels and a seed to pixels.
        note: what has to be said of it.
    """

    name: str
    changed: Callable[[Logits, Pixels, NDArray[np.integer], Sequence[int]], Pixels]
    note: str = ""


FGSM = Attack("FGSM 2/255", lambda logits, pixels, labels, seed: fgsm(logits, pixels, labels))
"""`fgsm` with two levels of 255."""
PGD = Attack(
    "PGD-20 8/255",
    lambda logits, pixels, labels, seed: pgd(logits, pixels, labels, seed=seed),
    "PGD-20 8/255 (2 restarts): upper bound; AutoAttack would be lower",
)
"""`pgd` with eight levels of 255, 20 steps and 2 restarts."""
NO_GRADIENT = "needs gradients, which the model does not give"


def image_robustness(
    images: Images,
    logits: Logits | None,
    *,
    predict: Predict | None = None,
    attacks: Sequence[Attack] = (FGSM,),
    most: int = MOST_EXAMPLES,
    seed: int = 0,
) -> Robustness:
    """Accuracy of a classifier on corrupted and attacked images.

    Images are changed in the size that the model takes.

    Args:
        images: of the test part.
        logits: as of `fgsm`; None if there are no gradients: attacks are then left out.
        predict: from uint8 pixels to probabilities [images, classes]; softmax of `logits` if not
            given.
        attacks: `FGSM` and `PGD`.
        most: images at most; more are drawn from by the seed.
        seed: of the drawing, the noise, the directions and the starts.

    Raises:
        ValueError: neither `logits` nor `predict` is given.

    Example:

    >>> import kit
    >>> from kit.models import ImageClassifier, ImageEncoder
    >>> data = kit.open("fashion-mnist-part", limit=20)
    >>> found = image_robustness(data.test, ImageClassifier(ImageEncoder(widths=[4]), classes=10))
    >>> list(found.changed)
    ['Gaussian noise', 'blur', 'JPEG 30', 'contrast .5', 'shift 2 px', 'FGSM 2/255']
    """
    if predict is None:
        if logits is None:
            raise ValueError("Give logits or predict.")
        known: Logits = logits
        compiled = tf.function(
            lambda pixels: tf.nn.softmax(tf.cast(known(pixels), tf.float32)),
            autograph=False,
            reduce_retracing=True,
        )
        predict = lambda pixels: compiled(tf.constant(pixels, tf.float32)).numpy()  # noqa: E731
    rows = drawn_rows(len(images), most, seed)
    left_out: dict[str, str] = {}
    found: dict[str, list[NDArray[np.floating]]] = {name: [] for name in (UNCHANGED, *CORRUPTIONS)}
    if logits is None:
        left_out |= {attack.name: NO_GRADIENT for attack in attacks}
        attacks = ()
    with stage("robustness", len(rows), "images") as measured:
        for start in range(0, len(rows), AT_ONCE):
            places = rows[start : start + AT_ONCE]
            pixels, labels = images.decoded(places), images.labels[places]
            found[UNCHANGED].append(predict(pixels))
            for name in CORRUPTIONS:
                found[name].append(predict(corrupted(pixels, name, seed=(seed, start))))
            for attack in attacks:
                if attack.name in left_out:
                    continue
                assert logits is not None
                try:
                    changed = attack.changed(logits, pixels, labels, (seed, start))
                except NoGradientError:
                    left_out[attack.name] = NO_GRADIENT
                    continue
                found.setdefault(attack.name, []).append(predict(changed))
            measured.advance(len(places))
    notes = [attack.note for attack in attacks if attack.note and attack.name in found]
    labels = images.labels[rows]
    predictions = {name: ClassPredictions(labels, stacked(of)) for name, of in found.items()}
    return Robustness(
        "; ".join([how_many(len(rows), len(images), "images", seed), *notes]),
        predictions.pop(UNCHANGED),
        predictions,
        left_out,
    )
