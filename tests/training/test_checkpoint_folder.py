import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.training import CheckpointFolder, Checkpoints
from tests.training.few import Watch, model, train

ROOT = Path(__file__).parents[2]
VALUES = np.arange(5, dtype=np.float32)


@pytest.fixture
def folder(tmp_path):
    found = CheckpointFolder(tmp_path / "of" / "this", keep=2)
    yield found
    found.close()


def write(folder, step):
    folder.write(step, {"a": tf.constant(VALUES * step), "b": tf.constant([step])}, {"step": step})


def names(folder):
    return sorted(path.name for path in folder.folder.iterdir())


STEP = "step-{:012d}".format


def test_what_was_written_is_read_again(folder):
    assert folder.newest() is None
    write(folder, 3)
    found = folder.newest()
    assert found.state["step"] == 3
    assert found.names == ["a", "b"]
    assert found.kinds == {"a": ([5], "float32"), "b": ([1], "int32")}
    np.testing.assert_array_equal(found.read("a"), VALUES * 3)


def test_the_last_ones_are_kept(folder):
    for step in (9, 10, 100):
        write(folder, step)
    assert names(folder) == ["lock", STEP(10), STEP(100)]


def test_the_same_step_again_is_no_work(folder, monkeypatch):
    write(folder, 3)
    monkeypatch.setattr(tf.raw_ops, "SaveV2", None)
    write(folder, 3)
    folder.newest()
    write(folder, 3)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "a flipped bit": lambda of: flip(of / "variables-0.data-00000-of-00001"),
    "a flipped bit of the index": lambda of: flip(of / "variables-0.index"),
    "a short state": lambda of: (of / "state.json").write_text('{"step": 2'),
    "another state": lambda of: (of / "state.json").write_text('{"step": 2}'),
    "an empty state": lambda of: (of / "state.json").write_text(""),
    "no text": lambda of: (of / "state.json").write_bytes(b"\xff\xfe"),
    "a list": lambda of: (of / "state.json").write_text("[]"),
    "no state": lambda of: (of / "state.json").unlink(),
    "no index": lambda of: (of / "variables-0.index").unlink(),
    "no values": lambda of: (of / "variables-0.data-00000-of-00001").unlink(),
    "short values": lambda of: os.truncate(of / "variables-0.data-00000-of-00001", 7),
    "nothing": lambda of: [path.unlink() for path in of.iterdir()],
    "a file": lambda of: (shutil.rmtree(of), of.write_text("")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_that_is_damaged_is_passed_over_and_written_again(damage, folder):
    for step in (1, 2):
        write(folder, step)
    DAMAGES[damage](folder.folder / STEP(2))
    assert folder.newest().state["step"] == 1
    write(folder, 2)
    found = folder.newest()
    assert found.state["step"] == 2
    np.testing.assert_array_equal(found.read("a"), VALUES * 2)
    assert names(folder) == ["lock", STEP(1), STEP(2)]


def test_a_damaged_one_of_a_later_step_does_not_outlive_a_new_one(folder):
    for step in (8, 9):
        write(folder, step)
        DAMAGES["no index"](folder.folder / STEP(step))
    assert folder.newest() is None
    write(folder, 2)
    assert folder.newest().state["step"] == 2
    assert names(folder) == ["lock", STEP(2)]


def test_another_training_in_the_same_folder_is_refused(folder):
    for refused in (
        lambda: CheckpointFolder(folder.folder, 2),
        Checkpoints(folder.folder, {}).clear,
    ):
        with pytest.raises(
            UserError, match="Another training keeps its checkpoints here"
        ) as raised:
            refused()
        assert raised.value.where == str(folder.folder)
        assert "--checkpoints" in raised.value.remedy
    folder.close()
    CheckpointFolder(folder.folder, 2).close()


def test_nothing_of_its_own_is_left_after_the_end(folder):
    write(folder, 1)
    folder.remove()
    assert not folder.folder.exists()
    (again := CheckpointFolder(folder.folder, 2)).clear()
    (folder.folder / "notes.txt").write_text("")
    again.remove()
    assert names(folder) == ["notes.txt"]


KILLED = """
import os, signal, sys
from pathlib import Path
import tensorflow as tf
from kit.training import CheckpointFolder

folder = CheckpointFolder(Path(sys.argv[1]), 2)
write = lambda step: folder.write(step, {"a": tf.constant([step])}, {"step": step})
write(1)
Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write(2)
"""


def run(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_a_kill_before_the_new_name_leaves_the_earlier_one(tmp_path):
    assert run(KILLED, tmp_path).returncode == -9
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lock", "partial-2", STEP(1)]
    # The lock went with the process.
    after = CheckpointFolder(tmp_path, 2)
    assert names(after) == ["lock", STEP(1)]
    assert after.newest().state["step"] == 1
    after.close()


def refuse(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refuse_as_tensorflow(**_):
    raise tf.errors.ResourceExhaustedError(None, None, "/some/where; No space left on device\nmore")


FAILURES = {
    "values": (tf.raw_ops, "SaveV2", refuse_as_tensorflow),
    "state": (Path, "write_text", refuse),
    "to the disk": (os, "fsync", refuse),
    "folder": (Path, "mkdir", refuse),
    "new name": (Path, "rename", refuse),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_disk_that_is_full(failure, folder):
    write(folder, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*FAILURES[failure])
        with pytest.raises(UserError, match=r"No space left on device\.") as raised:
            write(folder, 2)
    assert raised.value.where == str(folder.folder)
    assert "Make room" in raised.value.remedy
    assert names(folder) == ["lock", STEP(1)]
    assert folder.newest().state["step"] == 1
    write(folder, 2)
    assert folder.newest().state["step"] == 2


def test_training_ends_when_the_disk_is_full(tmp_path, monkeypatch):
    class Full(Watch):
        def on_epoch_end(self, epoch, logs=None):
            monkeypatch.setattr(tf.raw_ops, "SaveV2", refuse_as_tensorflow)

    with pytest.raises(
        UserError, match=r"A checkpoint cannot be written: .*No space left"
    ) as raised:
        train(model(), tmp_path, Full())
    assert raised.value.where == str(tmp_path)
    monkeypatch.undo()
    found = train(model(), tmp_path, Watch())
    assert 7 <= found.resumed_step <= 40


# What TensorFlow's own writing does when the file system takes no more.
LIMITED = """
import resource, sys
from pathlib import Path
import tensorflow as tf
from kit.errors import UserError
from kit.training import CheckpointFolder

folder = CheckpointFolder(Path(sys.argv[1]), 2)
folder.write(1, {"a": tf.zeros([10])}, {"step": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    folder.write(2, {"a": tf.random.normal([1_000_000])}, {"step": 2})
except UserError as error:
    print(error)
print(folder.newest().state["step"], sorted(p.name for p in folder.folder.iterdir()))
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow(tmp_path):
    done = run(LIMITED, tmp_path)
    assert done.stdout.startswith("A checkpoint cannot be written: "), done.stderr[-2000:]
    assert done.stdout.endswith(f"\n1 ['lock', '{STEP(1)}']\n")


@pytest.mark.parametrize("inner", ["", "inner"])
def test_a_folder_that_cannot_be_made(tmp_path, inner):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"A checkpoint cannot be written: (File|Not)") as raised:
        CheckpointFolder(tmp_path / "file" / inner, 2)
    assert raised.value.where == str(tmp_path / "file" / inner)
