"""The Gaussian mechanism, accounted for exactly."""

import math

from scipy.optimize import brentq
from scipy.special import log_ndtr

# Of noise, in sensitivities: below, nothing is private; above, nothing is left of the data.
LEAST_NOISE, MOST_NOISE = 1e-3, 1e6


def delta_of(epsilon: float, noise: float) -> float:
    """The least delta at which the Gaussian mechanism is (epsilon, delta)-differentially private.

    Several releases with noises s1, s2, ... tell as much together as one with the noise
    `(s1**-2 + s2**-2 + ...)**-0.5`, also if one depends on what an earlier one released.

    Args:
        epsilon: above 0.
        noise: standard deviation of the noise, divided by how far one person can move what is
            released (its L2 sensitivity).

    Source: Balle and Wang (2018), Improving the Gaussian mechanism for differential privacy;
    composition: Dong, Roth and Su (2022), Gaussian differential privacy.

    Example:

    >>> round(delta_of(1.0, 1.0), 4)
    0.1269
    """
    half, shift = 0.5 / noise, epsilon * noise
    first, second = log_ndtr(half - shift), epsilon + log_ndtr(-half - shift)
    # A difference of two small numbers, taken between their logarithms.
    return float(-math.exp(first) * math.expm1(min(second - first, 0.0)))


def epsilon_of(noise: float, delta: float) -> float:
    """The least epsilon at which the Gaussian mechanism has a delta; see `delta_of`.

    Example:

    >>> round(epsilon_of(noise_of(2.0, 1e-6), 1e-6), 6)
    2.0
    """
    highest = 1.0
    while delta_of(highest, noise) > delta:
        highest *= 2
    if delta_of(1e-9, noise) <= delta:
        return 0.0
    return float(brentq(lambda epsilon: delta_of(epsilon, noise) - delta, 1e-9, highest))


def noise_of(epsilon: float, delta: float) -> float:
    """The noise that the Gaussian mechanism needs, in sensitivities; see `delta_of`.

    Args:
        epsilon: above 0.
        delta: above 0 and below 1.

    Example:

    >>> round(noise_of(1.0, 1e-6), 2)
    4.22
    """

    def excess(noise: float) -> float:
        return math.log(max(delta_of(epsilon, noise), 1e-300)) - math.log(delta)

    return float(brentq(excess, LEAST_NOISE, MOST_NOISE, xtol=1e-12, rtol=1e-12))
