import numpy as np
import tensorflow as tf

from kit.models import non_max_suppression


def test_it_is_its_definition():
    """Greedy suppression, class by class, written out."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 60, (40, 2))
    boxes = np.float32(np.concatenate([corner, corner + rng.uniform(10, 40, (40, 2))], axis=1))
    logits = np.float32(rng.normal(size=(40, 2)))
    found, classes, scores = non_max_suppression(
        logits[None], boxes[None], lowest=0.3, overlap=0.4, most=99
    )
    expected = []
    for label in (0, 1):
        kept = []
        for number in np.argsort(-logits[:, label]):
            score = 1 / (1 + np.exp(-logits[number, label]))
            if score > 0.3 and all(iou(boxes[number], boxes[k]) <= 0.4 for k in kept):
                kept.append(number)
                expected.append((score, label, *boxes[number]))
    expected.sort(reverse=True)
    count = int(tf.math.count_nonzero(classes >= 0))
    assert count == len(expected) > 10
    answer = np.column_stack([scores[0], classes[0], found[0]])[:count]
    np.testing.assert_allclose(answer, expected, rtol=1e-5)
    assert not scores[0, count:].numpy().any()
    assert (classes[0, count:].numpy() == -1).all()


def iou(a, b):
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)
