import pytest

from kit.artefact._json_object import json_object
from kit.errors import UserError


def test_it_is_what_the_file_holds(tmp_path):
    (tmp_path / "card.json").write_text('{"name": "čaj 茶"}', encoding="utf-8")
    assert json_object(tmp_path / "card.json") == {"name": "čaj 茶"}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("{", "cannot be read"), ("[1]", "no JSON object")],
)
def test_what_is_none_is_named(tmp_path, content, said):
    file = tmp_path / "card.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=said) as error:
        json_object(file)
    assert str(file) in str(error.value)
