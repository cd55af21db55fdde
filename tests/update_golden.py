"""python -m tests.update_golden [options]: write golden files anew after an intended change."""

import sys

from tests.golden import options

PARTS = {"options": options.update}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
