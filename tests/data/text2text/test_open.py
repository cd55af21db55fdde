import gzip
import json
import lzma

import pytest

from kit.data.text2text import open_text2text
from kit.errors import UserError

EN, DE = ["A dog.", "Two cats!", "No."], ["Ein Hund.", "Zwei Katzen!", "Nein."]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("source,target", ("source", "target")),
        ("tgt,id,src", ("src", "tgt")),
        ("text,Summary,id", ("text", "Summary")),
        ("en,de", ("en", "de")),
        ("article,highlights,id", ("article", "highlights")),
    ],
)
def test_columns_are_found_by_common_names(tmp_path, header, names):
    file = tmp_path / "pairs.csv"
    columns = header.split(",")
    values = {names[0]: EN, names[1]: DE, "id": ["1", "2", "3"]}
    rows = [",".join(values[column][n] for column in columns) for n in range(3)]
    file.write_text("\n".join([header, *rows]) + "\n")
    source = open_text2text(str(file))
    assert (source.names, list(source.sources), list(source.targets)) == (names, EN, DE)
    assert source.parts is None


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".jsonl.xz"])
def test_lists_are_sentences_of_a_source_and_several_targets(tmp_path, ending):
    row = {"source": ["One\n day.", "Two."], "target": ["A.", "B."], "labels": [0, 1]}
    content = (json.dumps(row) + "\n" + json.dumps({"source": "[x]", "target": "y"})).encode()
    file = tmp_path / f"pairs{ending}"
    pack = {"gz": gzip.compress, "xz": lzma.compress}.get(file.suffix[1:], bytes)
    file.write_bytes(pack(content))
    source = open_text2text(str(file))
    assert list(source.sources) == ["One day.\nTwo."] * 2 + ["[x]"]
    assert list(source.targets) == ["A.", "B.", "y"]


def test_named_columns_and_languages(tmp_path):
    file = tmp_path / "pairs.tsv"
    file.write_text("id\ten\tde\tfr\n1\tno\tnein\tnon\n")
    named = open_text2text(str(file), source_column="fr", target_column="en")
    assert (list(named.sources), list(named.targets)) == (["non"], ["no"])
    languages = open_text2text(str(file), from_language="de", to_language="fr")
    assert languages.names == ("de", "fr")
    back = open_text2text("tatoeba-eng-fra-part", from_language="fr", to_language="en")
    assert back.targets[0] == "He is old."


def test_a_folder_of_tables_is_a_given_split(tmp_path):
    for part in ("train", "dev", "test"):
        (tmp_path / f"{part}.tsv").write_text(f"source\ttarget\n{part} a\tb\n")
    source = open_text2text(str(tmp_path))
    assert list(source.parts) == ["train", "valid", "test"]
    assert list(source.sources) == ["train a", "dev a", "test a"]


def test_the_built_in_summaries_have_a_split():
    source = open_text2text("scitldr-part")
    assert (source.parts.count("train"), source.parts.count("test")) == (1992, 1453)
    assert "Apache License" in source.licence


@pytest.mark.parametrize(
    ("data", "how", "said"),
    [
        ("tatoeba", {}, "Did you mean tatoeba-eng-fra-part?"),
        ("no/where.csv", {}, "no such file"),
        ("", {}, "There is no file"),
        ("pairs.csv", {}, "No column is recognised as the source"),
        ("pairs.csv", {"source_column": "b"}, "No column is recognised as the target"),
        ("pairs.csv", {"source_column": "x"}, "There is no column 'x'"),
        ("pairs.csv", {"source_column": "a", "target_column": "a"}, "named as source and as"),
        ("empty.csv", {}, "The file is empty"),
        ("header.csv", {}, "has a header and no rows"),
        ("bad.csv.xz", {}, "not a complete xz file"),
        ("pairs.log", {}, "are not understood"),
    ],
)
def test_mistakes_are_named(tmp_path, monkeypatch, data, how, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.csv").write_text("a,b,c\n1,2,3\n")
    (tmp_path / "pairs.log").write_text("a\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("source,target\n")
    (tmp_path / "bad.csv.xz").write_bytes(b"\xfd7zXZ\0no xz")
    with pytest.raises(UserError) as error:
        open_text2text(data, **how)
    assert said in str(error.value)
