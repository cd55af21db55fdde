from kit.training import CheckpointFolder, Checkpoints


def test_by_default_they_are_one_a_minute_and_training_goes_on_if_it_can(tmp_path):
    found = Checkpoints(tmp_path, {})
    assert (found.every_steps, found.every_seconds, found.keep) == (None, 60.0, 3)
    assert found.resume is None


def test_clearing_leaves_only_what_is_of_others(tmp_path):
    folder = tmp_path / "checkpoints"
    checkpoints = Checkpoints(folder, {})
    checkpoints.clear()
    assert not folder.exists()
    open_folder = CheckpointFolder(folder, keep=3)
    for step in range(4):
        open_folder.write(step, {}, {"step": step})
    open_folder.close()
    (folder / "notes.txt").write_text("mine")
    checkpoints.clear()
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
