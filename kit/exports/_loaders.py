"""The three loaders of exports, each in a separate process."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 900


@dataclass(frozen=True)
class Loader:
    """A loader.

    Args:
        name: its name in messages.
        script: file in this folder.
        way: the loader of the script.
    """

    name: str
    script: str
    way: str = ""


LOAD = Loader("tf.saved_model.load", "_check_saved_model.py", "load")
SESSION = Loader("TF1 session", "_check_saved_model.py", "session")
C_LIBRARY = Loader("C library", "_check_c_library.py")
LOADERS = (LOAD, SESSION, C_LIBRARY)


def ask(loader: Loader, request: dict[str, Any]) -> dict[str, Any]:
    """Run a loader's script.

    Args:
        loader: the loader.
        request: of the script, without "way".

    Returns:
        The script's answer; "error" if there is none because the export does not load, or the
        process crashed or hung.
    """
    script = Path(__file__).parent / loader.script
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    try:
        run = subprocess.run(
            [sys.executable, "-I", str(script)],
            input=json.dumps({**request, "way": loader.way}),
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {TIMEOUT:g} seconds"}
    if run.returncode:
        name = f"by {signal.Signals(-run.returncode).name}" if run.returncode < 0 else "early"
        last = run.stderr.strip().splitlines()[-1:] or ["without a word"]
        return {"error": f"the process ended {name}: {last[0]}"}
    last = run.stdout.splitlines()[-1:] or [""]
    try:
        answer: dict[str, Any] = json.loads(last[0])
    except ValueError:
        return {"error": f"no answer but {last[0]!r}"}
    return answer
