import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest

from kit.metrics import Estimate
from kit.report import comparison, decimals, long_tail, shelf_shares, training_figure
from kit.report._figures import INK, MODEL

NAN = float("nan")
SYSTEMS = {
    "two-tower": Estimate(0.083, 0.074, 0.092),
    "ItemKNN": Estimate(0.067, 0.06, 0.075),
    "nobody": Estimate(NAN),
}


def images():
    return {
        "comparison": comparison(SYSTEMS, model="two-tower", metric="NDCG@10"),
        "training": training_figure([1, 2, 3], [2.0, 1.5, 1.2], [0.1, 0.3, 0.2], metric="NDCG@10"),
        "long-tail": long_tail(
            {"taken in train": np.array([0.1, 0.2, 0.3, 0.2, 0.2]), "popular": np.eye(5)[0]}
        ),
    }


def texts(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


@pytest.fixture(scope="module")
def drawn():
    return images()


def test_images_are_svg_that_takes_its_width_and_colours_from_the_page(drawn):
    for svg in drawn.values():
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg")
        assert "viewBox" in root.attrib
        assert not {"width", "height"} & set(root.attrib)
        assert "var(--ink)" in svg
        assert not [stand_in for stand_in in (INK, MODEL) if stand_in in svg]


def test_images_on_one_page_share_no_id(drawn):
    seen = set()
    for svg in drawn.values():
        ids = {node.get("id") for node in ElementTree.fromstring(svg).iter()} - {None}
        assert not ids & seen
        seen |= ids


def test_images_ask_nothing_of_the_network(drawn):
    for svg in drawn.values():
        addresses = svg.replace("http://www.w3.org/2000/svg", "")
        addresses = addresses.replace("http://www.w3.org/1999/xlink", "")
        assert "http" not in addresses


def test_the_same_image_is_the_same_text(drawn):
    assert images() == drawn


def test_bars_are_named_and_valued_and_nobody_is_left_out(drawn):
    found = texts(drawn["comparison"])
    assert {"two-tower", "ItemKNN", ".0830", ".0670", "NDCG@10"} <= set(found)
    assert "nobody" not in found
    assert drawn["comparison"].count("fill: var(--model)") == 1


def test_the_best_epoch_is_marked(drawn):
    assert "NDCG@10 on valid: best .3000, epoch 2" in texts(drawn["training"])


def test_without_a_metric_there_is_only_the_loss():
    svg = training_figure([1, 2], [2.0, 1.0], [NAN, NAN], metric="NDCG@10")
    assert "training loss" in texts(svg)
    assert not any("best" in text for text in texts(svg))


def test_shares_are_written_into_the_long_tail(drawn):
    found = texts(drawn["long-tail"])
    assert {"taken in train", "popular", "top 1 %", "other half", "30", "100"} <= set(found)


def test_shelves_go_by_popularity():
    popularity = np.arange(200)
    # Ranks from the most popular: 0, 1 | 2 .. 9 | 10 .. 39 | 40 .. 99 | 100 .. 199.
    items = 199 - np.array([0, 1, 2, 9, 10, 39, 40, 99, 100, 199])
    assert shelf_shares(items, popularity).tolist() == [0.2] * 5
    assert shelf_shares(np.array([-1, -1]), popularity).tolist() == [0.0] * 5


def test_popularity_ties_fill_the_shelves_all_the_same():
    shares = shelf_shares(np.arange(200), np.zeros(200, int))
    assert shares == pytest.approx([0.01, 0.04, 0.15, 0.3, 0.5])


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.08344, 4, ".0834"), (-0.0001, 2, ".00"), (1.0, 4, "1.0000"), (12.5, 2, "12.50")],
)
def test_decimals(value, digits, text):
    assert decimals(value, digits) == text


def test_drawing_leaves_the_users_settings_and_backend_alone():
    before = dict(matplotlib.rcParams), matplotlib.get_backend(auto_select=False)
    images()
    assert (dict(matplotlib.rcParams), matplotlib.get_backend(auto_select=False)) == before
