from pathlib import Path

import pytest

from kit.data._tables import is_table, kind_of, open_table, stem_of
from kit.errors import UserError
from tests.data.files import write


@pytest.mark.parametrize(
    ("name", "kind", "stem"),
    [
        ("train.tsv.gz", ".tsv", "train"),
        ("Sales.CSV", ".csv", "Sales"),
        ("ml-100k.inter", ".inter", "ml-100k"),
        ("part.0.parquet", ".parquet", "part.0"),
        ("README", "", "README"),
        ("a.gz", "", "a"),
    ],
)
def test_the_name_says_the_format(name: str, kind: str, stem: str) -> None:
    assert (kind_of(Path(name)), stem_of(Path(name))) == (kind, stem)


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.parquet.gz", "a.log"])
def test_an_extension_that_is_not_understood(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("one column\n1\n")
    with pytest.raises(UserError, match=r"not understood(.|\n)*expected: \.csv, \.tsv"):
        open_table(tmp_path / name)


@pytest.mark.parametrize("name", [".hidden.csv", "_metadata.parquet", "notes.txt", "ml.item"])
def test_files_of_a_folder_that_are_no_interactions(name: str) -> None:
    assert not is_table(Path(name))


def test_atomic_files_are_not_quoted(tmp_path: Path) -> None:
    file = Path(
        write(tmp_path / "a.item", 'item_id:token\ttitle:token_seq\n1\t"Cats" & co\n2\t"\n')
    )
    assert open_table(file).read(["title:token_seq"]).to_series().to_list() == ['"Cats" & co', '"']
