import pytest

from kit.data._named_columns import LABEL, named_column
from kit.errors import UserError


def test_the_most_telling_name_wins():
    columns = ["target", "Class Name", "x"]
    assert named_column(None, LABEL, columns, "label", "songs", "here") == "Class Name"
    assert named_column("x", LABEL, columns, "label", "songs", "here") == "x"
    with pytest.raises(UserError, match="as the label of the songs"):
        named_column(None, LABEL, ["a"], "label", "songs", "here")
