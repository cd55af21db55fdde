import pytest

from kit.cli import _open_export
from kit.errors import UserError


def test_the_newest_version_is_opened(tmp_path, monkeypatch):
    for version in ("9", "10", "notes"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "saved_model.pb").write_bytes(b"")
    monkeypatch.setattr("kit.exports.check_operations", lambda folder, *, trust: None)
    monkeypatch.setattr("kit.exports.LoadedExport", lambda folder, *, trust: (folder, trust))
    assert _open_export.open_export(tmp_path, trust=False) == (tmp_path / "10", False)
    assert _open_export.open_export(tmp_path / "9", trust=True) == (tmp_path / "9", True)


def test_where_there_is_none_nobody_waits_for_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setattr(_open_export, "quiet_tensorflow", lambda: pytest.fail("TensorFlow starts"))
    with pytest.raises(UserError, match="No exported model here"):
        _open_export.open_export(tmp_path, trust=False)
