"""A result against the best baseline, in a sentence."""

from html import escape

from kit.evaluation._figures import decimals
from kit.evaluation._report_html import interval, signed
from kit.evaluation._report_numbers import Estimate


def against_best(model: str, best: str, reached: Estimate, difference: Estimate) -> str:
    """Whether a model is better than a baseline, as HTML.

    Args:
        model: its name.
        best: name of the baseline.
        reached: what the baseline reaches.
        difference: model minus baseline.

    Example:

    >>> print(against_best("dcn", "linear", Estimate(0.5, 0.4, 0.6), Estimate(0.2, 0.1, 0.3)))
    The best baseline, linear, reaches .5000; the difference of +.2000 is <b>significant</b>
    (95 % .1000 to .3000).
    """
    gap = f"the difference of {signed(difference.mean)}"
    if not difference.outside_chance:
        verdict = f"{gap} is <b>not significant</b>"
    elif difference.mean > 0:
        verdict = f"{gap} is <b>significant</b>"
    else:
        verdict = f"{escape(model)} is <b>worse</b>: {gap} is significant"
    return (
        f"The best baseline, {escape(best)}, reaches {decimals(reached.mean)}; {verdict} "
        f"(95 % {interval(difference)})."
    )
