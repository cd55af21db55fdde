"""Learning rates over the steps of a training."""

import keras

WARM_UP = 0.1


def warm_up_cosine(peak: float, steps: int) -> keras.optimizers.schedules.CosineDecay:
    """Linear warm-up in the first tenth of the steps, then cosine decay to 0.

    Args:
        peak: learning rate after the warm-up.
        steps: of the whole training.

    Source: Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts.

    Example:

    >>> schedule = warm_up_cosine(0.2, steps=100)
    >>> [round(float(schedule(step)), 3) for step in (0, 5, 10, 100)]
    [0.0, 0.1, 0.2, 0.0]
    """
    rising = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - rising), warmup_target=peak, warmup_steps=rising
    )
