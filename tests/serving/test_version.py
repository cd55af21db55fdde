import subprocess
import sys
from pathlib import Path

import pytest

from kit.serving import Limits, ServingError, load_version

ROOT = Path(__file__).parents[2]


def test_a_version_knows_who_uses_it(saved):
    version = load_version(saved / "kinds" / "1", Limits())
    assert (version.number, version.idle) == (1, True)
    assert version.acquire()
    version.retire()
    assert not version.idle
    assert not version.acquire()
    version.release()
    assert version.idle
    version.close()


def test_every_signature_is_there_and_batches_where_it_can(saved):
    version = load_version(saved / "kinds" / "1", Limits())
    batched = {name for name, signature in version.signatures.items() if signature.batched}
    assert batched == {"serving_default", "rows", "picky", "slow", "total"}
    assert "__saved_model_init_op" in version.definitions
    version.close()


def test_there_must_be_a_saved_model(tmp_path):
    with pytest.raises(ServingError, match="Could not find SavedModel") as caught:
        load_version(tmp_path, Limits())
    assert caught.value.code == "NOT_FOUND"


@pytest.mark.slow
def test_loading_and_running_need_no_keras(saved):
    """What is served must not depend on what trained it."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('keras', 'tf_keras')))\n"
        "from pathlib import Path; import numpy as np\n"
        "from kit.serving import Limits; from kit.serving import load_version\n"
        f"version = load_version(Path({str(saved / 'shop' / '1')!r}), Limits())\n"
        "signature = version.signatures['embed_item']\n"
        "print(signature.run({'item_id': np.array([b'plain'], object)})['embedding'].shape)\n"
        "print(sorted(m for m in sys.modules if m.startswith('kit.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    shape, modules = done.stdout.strip().splitlines()
    assert shape == "(1, 4)"
    assert "kit.layers" not in modules
    assert "kit.retrieval" not in modules
