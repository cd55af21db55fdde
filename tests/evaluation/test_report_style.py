import re

import pytest

from kit.evaluation._figures import PAGE_COLOURS
from kit.evaluation._report_style import STYLE

SCHEMES = dict(
    zip(
        ("light", "dark"),
        (dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in STYLE.split("@media")[:2]),
        strict=True,
    )
)


def luminance(colour: str) -> float:
    """Relative, from 0 to 1, as the Web Content Accessibility Guidelines 2 define it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_the_most_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_colour_that_is_used_is_there_in_both_schemes():
    used = {*re.findall(r"var\(--(\w+)\)", STYLE), *PAGE_COLOURS.values()}
    assert SCHEMES["light"].keys() == SCHEMES["dark"].keys() >= used


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("text", ["ink", "soft", "better", "worse", "model"])
def test_text_can_be_read(scheme, text):
    colours = SCHEMES[scheme]
    for ground in ("page", "card"):
        # What the guidelines ask for of small text.
        assert contrast(colours[text], colours[ground]) >= 4.5, ground
