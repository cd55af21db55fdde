"""Every recipe computes what it computed when its golden file was written.

`python -m tests.update_golden NAME` writes a file anew after a change that is meant.
"""

import pytest

from tests.golden.commands import COMMANDS

QUICK = {"ranking-dcn"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in COMMANDS]
)
def test_a_recipe_computes_what_it_did(name, tmp_path):
    # TensorFlow takes seconds to import.
    from tests.golden import training

    golden, found = training.stored(name), training.run(name, tmp_path)
    is_same = golden.pop("machine") == training.machine()
    assert found["sections"] == golden["sections"]
    assert {*golden["metrics"]} <= {*found["metrics"]}
    assert {*golden["answers"]} == {*found["answers"]}
    if is_same:
        # The order of sums is the same: so is every bit.
        assert found["losses"] == golden["losses"]
        assert found["answers"] == golden["answers"]
        assert {path: found["metrics"][path] for path in golden["metrics"]} == golden["metrics"]
        return
    assert [len(losses) for losses in found["losses"]] == [len(one) for one in golden["losses"]]
    # Rounding differs between processors, and grows with each step: the commits that wrote the
    # files are themselves off by up to .0015 where instructions are others.
    for losses, expected in zip(found["losses"], golden["losses"], strict=True):
        assert losses[:3] == pytest.approx(expected[:3], rel=1e-4)
        assert losses == pytest.approx(expected, rel=5e-3)
    for signature, calls in golden["answers"].items():
        assert {*found["answers"][signature]["first"]} == {*calls["first"]}
    # A ranking of few users changes by steps.
    for path, value in golden["metrics"].items():
        assert found["metrics"][path] == pytest.approx(value, rel=1e-2, abs=0.06, nan_ok=True)
