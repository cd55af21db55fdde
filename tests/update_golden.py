"""python -m tests.update_golden [options | NAME ...]: write golden files anew; all by default."""

import sys
import tempfile
from pathlib import Path

from tests.golden import options
from tests.golden.commands import COMMANDS

if __name__ == "__main__":
    for name in sys.argv[1:] or ("options", *COMMANDS):
        if name == "options":
            options.update()
            continue
        from tests.golden import training

        with tempfile.TemporaryDirectory() as folder:
            training.store(name, training.run(name, Path(folder)))
