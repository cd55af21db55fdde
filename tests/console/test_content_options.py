import pytest

from kit.console import ContentOptions
from kit.errors import UserError
from tests.evaluation.small import shop


def test_both_or_neither():
    assert ContentOptions(None, None).of_items("items.csv") == []
    for one, other in (("photo", None), (None, "folder")):
        with pytest.raises(UserError, match="belong together"):
            ContentOptions(one, other)


def test_pictures_lie_beside_the_file_of_items():
    [content] = ContentOptions("photo", "encoder").of_items("shop/items.csv")
    assert (content.column, content.encoder, content.folder) == ("photo", "encoder", "shop")


def test_without_items_there_are_no_pictures():
    dataset = shop()
    assert ContentOptions(None, None).joined(dataset, None) is dataset
    with pytest.raises(UserError, match="Without features of items"):
        ContentOptions("photo", "encoder").joined(dataset, None)
