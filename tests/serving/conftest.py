"""One folder of models and one server for every test that asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.serving import Limits, Server
from tests.conftest import shared
from tests.serving.parts import save_kinds, save_shop


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, `kinds` and `shop`, of one version each."""
    return shared(tmp_path_factory, "saved_models", save_models)


def save_models(folder: Path) -> None:
    for name, save in (("kinds", save_kinds), ("shop", save_shop)):
        (folder / name).mkdir()
        save(folder / name / "1")
    (folder / "README.md").write_text("no model")
    (folder / ".hidden" / "1").mkdir(parents=True)


@pytest.fixture(scope="session")
def server(saved: Path) -> Iterator[Server]:
    limits = Limits(max_body_bytes=1024 * 1024, max_string_bytes=1000, max_batch_size=64)
    with Server(saved, limits=limits) as running:
        yield running
