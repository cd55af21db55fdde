import shutil
from dataclasses import replace

import pytest

from tests.loading import load_once


@pytest.fixture
def at(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch):
    load_once(monkeypatch)


@pytest.fixture(scope="session")
def two(trained, tmp_path_factory):
    """The trained version, and one that ranks items the other way round."""
    # TensorFlow takes seconds to import.
    from kit.exporting import export_recommender, read_parts
    from kit.exports import read_card
    from kit.retrieval import IndexSettings
    from tests.exporting.parts import passing

    folder = tmp_path_factory.mktemp("versions")
    shutil.copytree(trained.version, folder / "1")
    parts, card = read_parts(folder / "1"), read_card(folder / "1")
    mixed = replace(parts, item_vectors=-parts.item_vectors, item_weights=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        export_recommender(
            mixed,
            folder,
            model=None,
            k=card.k,
            exclude_seen=card.exclude_seen,
            index=IndexSettings(),
            card=card,
        )
    return folder
