import json
import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.exports import check_operations, load_version, verify, write_manifest
from tests.exports import parts
from tests.exports.hostile import HOSTILE, in_graph

# Refuses every folder it is given, with nothing but the standard library and protobuf.
ALL_REFUSED = """
import sys
from pathlib import Path
from kit.exports import check_operations
from kit.errors import UserError
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        check_operations(folder)
    except UserError as error:
        print(folder.name, "|", " ".join(str(error).split()))
    else:
        sys.exit(f"{folder.name} is accepted")
print([name for name in ("tensorflow", "keras", "polars") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return parts.complete(parts.saved_shelf(tmp_path_factory.mktemp("shelf")))


@pytest.fixture(scope="module")
def refused(shelf, tmp_path_factory):
    """What a process without TensorFlow says to each hostile export, and what it imported."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, (spoil, _) in HOSTILE.items():
        spoil(shutil.copytree(shelf, folder / name))
    command = [sys.executable, "-c", ALL_REFUSED, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    *lines, imported = run.stdout.splitlines()
    return dict(line.split(" | ", 1) for line in lines), imported


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_exports_are_refused_with_the_reason(refused, name):
    message = refused[0][name]
    assert HOSTILE[name][1] in message
    assert "remedy: " in message
    assert "--trust" in message


def test_tensorflow_is_not_imported_to_refuse(refused):
    assert refused[1] == "[]"
    assert len(refused[0]) >= 30


def test_an_export_is_accepted_wherever_it_lies(shelf, trained, tmp_path):
    check_operations(shelf)
    check_operations(trained.version)
    (tmp_path / "link").symlink_to(trained.version)
    check_operations(tmp_path / "link")


def test_without_card_and_manifest_the_graph_alone_is_asked(shelf, tmp_path):
    version = shutil.copytree(shelf, tmp_path / "1")
    shutil.rmtree(version / "assets.extra")
    check_operations(version)
    in_graph(lambda graph: graph.graph_def.node.add(name="w", op="WriteFile"))
    parts.edit_graph(version, lambda graph: graph.graph_def.node.add(name="w", op="WriteFile"))
    with pytest.raises(UserError, match="WriteFile"):
        check_operations(version)


def test_a_version_that_changes_after_it_was_accepted_is_looked_at_again(shelf, tmp_path):
    version = shutil.copytree(shelf, tmp_path / "1")
    check_operations(version)
    (version / "assets.extra" / "card.json").write_text('{"names": [1]}')
    with pytest.raises(UserError, match=r"card\.json"):
        check_operations(version)


def test_trust_overrides_and_says_so(shelf, tmp_path, caplog):
    version = shutil.copytree(shelf, tmp_path / "1")
    parts.edit_graph(version, lambda graph: graph.graph_def.node.add(name="w", op="WriteFile"))
    with caplog.at_level(logging.WARNING):
        check_operations(version, trust=True)
    assert "WriteFile" in caplog.text
    assert "on trust" in caplog.text


@pytest.fixture
def writer(shelf, tmp_path):
    """A version that would write a file, with a manifest of its own."""
    version = shutil.copytree(shelf, tmp_path / "1")
    in_graph(lambda graph: graph.graph_def.node.add(name="w", op="WriteFile"))(version)
    return version


def test_nothing_loads_what_is_refused(writer, monkeypatch):
    def fail(*_arguments, **_options):
        raise AssertionError("it was loaded")

    monkeypatch.setattr(tf.saved_model, "load", fail)
    monkeypatch.setattr(tf.compat.v1.saved_model, "load", fail)
    from kit.exporting import Catalogue
    from kit.exports import LoadedExport, _verify
    from kit.serving import Limits, LocalClient
    from kit.serving import load_version as load_to_serve

    parts.edit_json(writer, "card", lambda card: card.update(names={}))
    write_manifest(writer)
    for load in (
        load_version,
        LoadedExport,
        Catalogue.of,
        LocalClient,
        lambda version: load_to_serve(version, Limits()),
    ):
        with pytest.raises(UserError, match="WriteFile"):
            load(writer)
    monkeypatch.setattr(_verify, "ask", fail)
    (check,) = verify(writer)
    assert not check.passed
    assert "WriteFile" in check.reason


def test_a_module_that_only_a_card_names_is_not_imported(shelf, tmp_path, monkeypatch):
    (tmp_path / "evilmodule.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(str(tmp_path))
    version = shutil.copytree(shelf, tmp_path / "1")
    parts.edit_json(version, "card", lambda card: card.update(custom_ops={"evilmodule": ["X"]}))
    write_manifest(version)
    with pytest.raises(UserError, match="evilmodule"):
        load_version(version)
    load_version(version, trust=True)
    assert "evilmodule" not in sys.modules


def test_the_list_of_operations_is_sorted_and_has_nothing_that_reaches_out():
    lines = Path("kit/exports/operations.txt")
    lines = (Path(__file__).parents[2] / lines).read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert len(names) == len({*names})
    # The bridge to XLA has one that is arithmetic alone.
    assert {*names} <= {*dir(tf.raw_ops)} | {"NoOp", "XlaDynamicUpdateSlice"}
    reaching = re.compile(
        "File|PyFunc|Queue|Reader|Dataset|Iterator|Send|Recv|Remote|Rpc|Print|Debug|Summary|Xla(?!DynamicUpdateSlice)"
        "|Collective|Stage|Barrier|Proto|Tpu|TPU|Session|Bigtable|Text|Immutable|Callback|Host"
    )
    assert [name for name in names if reaching.search(name)] == ["ShardedFilename"]


def test_the_modules_are_those_that_the_kits_layers_name():
    from kit.exports._program import MODULES
    from kit.retrieval import ScannIndex
    from kit.tokenizers import SentencePieces

    named = {**ScannIndex.custom_ops, **SentencePieces.custom_ops}
    assert {module: list(names) for module, names in MODULES.items()} == named


def test_every_export_of_the_tests_says_which_operations_it_has(trained):
    card = json.loads((trained.version / "assets.extra" / "card.json").read_text())
    from kit.exports._program import LISTED

    assert {*card["operations"]} <= LISTED
