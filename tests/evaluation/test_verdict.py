import pytest

from kit.evaluation._report_numbers import Estimate
from kit.evaluation._verdict import against_best


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (Estimate(0.1, -0.1, 0.3), "not significant"),
        (Estimate(0.2, 0.1, 0.3), "<b>significant</b>"),
        (Estimate(-0.2, -0.3, -0.1), "a &lt; b is <b>worse</b>"),
    ],
)
def test_the_interval_decides(difference, said):
    assert said in against_best("a < b", "linear", Estimate(0.5, 0.4, 0.6), difference)
