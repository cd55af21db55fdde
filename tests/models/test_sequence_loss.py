import pytest

from kit.models import SequenceLoss


def test_auto_samples_where_the_sample_is_a_small_part():
    loss = SequenceLoss(negatives=100)
    assert [loss.chosen(n) for n in (10, 200, 201)] == ["full", "full", "sampled"]
    assert SequenceLoss("gbce").chosen(10) == "gbce"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "bpr"}, "auto, full, sampled or gbce; got 'bpr'"),
        ({"negatives": 0}, "at least 1; got 0"),
        ({"calibration": 1.5}, r"in \[0, 1\]; got 1.5"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        SequenceLoss(**settings)
