import numpy as np

from kit.evaluation.images._drawings import as_colours, heated, mistakes_drawing
from tests.evaluation.test_class_figures import texts


def test_mistakes_are_shown_with_and_without_heat():
    pixels = np.full((5, 6, 8, 1), 100, np.uint8)
    heat = np.linspace(0, 1, 240, dtype=np.float32).reshape(5, 6, 8)
    for given in (heat, None):
        svg = mistakes_drawing(pixels, given, [("cat 99 %", "is dog")] * 5)
        assert svg.count("<image") == 5
        assert texts(svg).count("cat 99 %") == 5


def test_heat_goes_from_blue_to_red():
    grey = as_colours(np.full((1, 2, 1), 128, np.uint8))
    cold, hot = heated(grey, np.array([[0.1, 0.95]], np.float32))[0]
    assert cold[2] > cold[0]
    assert hot[0] > hot[2]
