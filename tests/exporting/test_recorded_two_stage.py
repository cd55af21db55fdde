import pytest
import tensorflow as tf

from kit.exporting import recorded_two_stage
from kit.retrieval import IndexSettings
from tests.exporting.two_stages import PARTS, second_stage, two_stages
from tests.exports.parts import compared


def recorded(module, **stage):
    return recorded_two_stage(None, PARTS, second_stage(**stage), module, k=5, exclude_seen=True)


@pytest.mark.parametrize(
    ("index", "diversity", "candidates"),
    [("exact", 0.3, 5), pytest.param("inverted-file", 0.0, 8, marks=pytest.mark.slow)],
)
def test_the_graph_answers_as_the_live_models(index, diversity, candidates):
    stage = {"diversity": diversity, "candidates": candidates}
    module = two_stages(k=5, index=IndexSettings(index), **stage)
    found = recorded(module, **stage)
    assert found.keys() == module.signatures().keys()
    for name, case in found.items():
        function = module.signatures()[name]
        inputs = [
            tf.constant(case["inputs"][s.name], s.dtype)
            for s in function.structured_input_signature[0]
        ]
        outcome = compared(case["outputs"], function(*inputs))
        assert outcome["passed"], (name, outcome)
    assert len(found["serving_default"]["inputs"]["user_id"]) > 2


@pytest.mark.slow
def test_a_changed_weight_is_noticed():
    module = two_stages(k=5)
    found = recorded(module)
    module._weights[-1].assign(module._weights[-1] + 1)
    case = found["serving_default"]
    outcome = compared(case["outputs"], module.recommend(case["inputs"]["user_id"]))
    assert not outcome["passed"]
