import re

import pytest

from kit.metrics import Estimate
from kit.report import (
    counted,
    difference_table,
    figure,
    interval,
    metric_table,
    signed,
    two_columns,
)
from kit.report._figures import PAGE_COLOURS
from kit.report._html import STYLE

MINUS = "\N{MINUS SIGN}"
MODEL = {
    "NDCG@10": Estimate(0.083, 0.074, 0.092),
    "NDCG@20": Estimate(0.2, 0.1, 0.3),
    "Novelty@10": Estimate(4.256),
}


def cells(table):
    def words(html):
        return re.sub("<[^>]*>", " ", html).split()

    rows = re.findall("<tr>(.*?)</tr>", table)
    return [[words(cell) for cell in re.findall("<t[hd].*?</t[hd]>", row)] for row in rows]


def test_a_table_has_metrics_of_one_cut_down_and_systems_across():
    table = metric_table({"ours": MODEL, "<theirs>": MODEL}, "10", "ours", "What it shows.")
    values = [".0830", ".0740", "to", ".0920"]
    assert cells(table) == [
        [[], ["ours"], ["&lt;theirs&gt;"]],
        [["NDCG@10"], values, values],
        [["Novelty@10,", "bits"], ["4.26"], ["4.26"]],
    ]
    assert table.count('class="model"') == 2


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (Estimate(0.01, 0.002, 0.02), "better"),
        (Estimate(-0.01, -0.02, -0.002), "worse"),
        (Estimate(0.01, -0.002, 0.02), "undecided"),
    ],
)
def test_differences_say_whether_they_are_outside_chance(difference, verdict):
    table = difference_table("ours", {"theirs": {"NDCG@10": difference}}, "10")
    assert f'<td class="{verdict}">' in table
    assert "ours minus each baseline" in table


def test_numbers_in_words():
    assert interval(Estimate(0, -0.01, 0.02)) == f"{MINUS}.0100 to .0200"
    assert [signed(x) for x in (0.016, -0.016, 0.0)] == ["+.0160", f"{MINUS}.0160", ".0000"]
    assert [counted(n, "person", "people") for n in (0, 1, 1200)] == [
        "0 people",
        "1 person",
        "1,200 people",
    ]
    assert counted(2, "row") == "2 rows"


def test_a_figure_names_itself_to_those_who_cannot_see_it():
    page = figure("<svg></svg>", 'Bars of "NDCG" & more')
    assert '<svg role="img" aria-label="Bars of &quot;NDCG&quot; &amp; more">' in page


def test_names_and_values_are_escaped():
    assert two_columns([("a<b", "1&2")]).count("&") == 2


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
