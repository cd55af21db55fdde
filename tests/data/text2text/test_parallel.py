import gzip

import pytest

from kit.data.text2text import open_text2text
from kit.errors import UserError

FILES = {
    "train.en": "one\ntwo\n\nthree",
    "train.de": "eins\nzwei\n\ndrei\n",
    "val.en": "four\n",
    "val.de": "vier\n",
    "test_2016_flickr.en": "five\n",
    "test_2016_flickr.de": "fünf\n",
}


def folder(tmp_path, **changed):
    for name, text in {**FILES, **{k.replace("__", "."): v for k, v in changed.items()}}.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    return str(tmp_path)


def test_files_are_read_line_by_line(tmp_path):
    source = open_text2text(folder(tmp_path), from_language="en", to_language="de")
    assert list(source.sources) == ["one", "two", "", "three", "four", "five"]
    assert list(source.targets) == ["eins", "zwei", "", "drei", "vier", "fünf"]
    assert list(source.parts) == ["train"] * 4 + ["valid", "test"]


def test_compressed_files_and_two_languages_need_no_names(tmp_path):
    folder(tmp_path)
    for name in FILES:
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    assert open_text2text(str(tmp_path)).names == ("de", "en")
    assert open_text2text(str(tmp_path), from_language="en").names == ("en", "de")


def test_of_three_languages_two_are_named(tmp_path):
    place = folder(tmp_path, train__fr="un\ndeux\n\ntrois\n")
    with pytest.raises(UserError, match="there are de, en, fr"):
        open_text2text(place)
    with pytest.raises(UserError, match="no file of valid in fr"):
        open_text2text(place, from_language="fr", to_language="en")
    for name in ("val.en", "val.de", "test_2016_flickr.en", "test_2016_flickr.de"):
        (tmp_path / name).unlink()
    source = open_text2text(place, from_language="fr", to_language="en")
    assert (source.names, source.parts, source.targets[0]) == (("fr", "en"), None, "one")


@pytest.mark.parametrize(
    ("changed", "how", "said"),
    [
        ({"train__de": "eins\n"}, {}, "4 lines and 1 lines"),
        ({"val__de": None}, {}, "no file of valid in de"),
        ({}, {"from_language": "fr"}, "no file in 'fr'"),
        ({}, {"from_language": "en", "to_language": "en"}, "Both sides are en"),
        ({"test_2017.en": "six\n"}, {}, "Several files are the test part in en"),
    ],
)
def test_mistakes_are_named(tmp_path, changed, how, said):
    place = folder(tmp_path, **changed)
    with pytest.raises(UserError) as error:
        open_text2text(place, **{"from_language": "en", "to_language": "de", **how})
    assert said in str(error.value)


def test_a_folder_of_other_files(tmp_path):
    (tmp_path / "notes.txt").write_text("no pairs")
    with pytest.raises(UserError, match="holds no pairs of texts"):
        open_text2text(str(tmp_path))
