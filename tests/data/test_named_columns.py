import polars as pl
import pytest

from kit.data._named_columns import LABEL, named_column, named_parts
from kit.errors import UserError


def test_the_most_telling_name_wins():
    columns = ["target", "Class Name", "x"]
    assert named_column(None, LABEL, columns, "label", "songs", "here") == "Class Name"
    assert named_column("x", LABEL, columns, "label", "songs", "here") == "x"
    with pytest.raises(UserError, match="as the label of the songs"):
        named_column(None, LABEL, ["a"], "label", "songs", "here")


def test_parts_are_those_of_files_or_of_a_column():
    frame = pl.DataFrame({"split": ["train", "validation", "test"]})
    assert named_parts(frame, None) == ["train", "valid", "test"]
    assert named_parts(frame, pl.Series(["test"] * 3)) == ["test"] * 3
    assert named_parts(pl.DataFrame({"split": ["train", "else", "test"]}), None) is None
