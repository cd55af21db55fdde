"""Write images that are kept in an .npz as a folder with a folder for every class.

    python benchmarks/cifar10_jpeg.py path/to/train.npz FOLDER

The file holds `jpeg`, all files end to end; `offsets` of each and of the end; `labels`; and
`classes`, their names.
"""

import sys
from pathlib import Path

import numpy as np


def unpack(file: Path, folder: Path) -> int:
    """Write every image to FOLDER/CLASS/NUMBER.jpg; returns how many there are."""
    with np.load(file) as kept:
        content, offsets = kept["jpeg"].tobytes(), kept["offsets"].tolist()
        labels, classes = kept["labels"].tolist(), kept["classes"].tolist()
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, label in enumerate(labels):
        image = content[offsets[number] : offsets[number + 1]]
        (folder / classes[label] / f"{number:05d}.jpg").write_bytes(image)
    return len(labels)


if __name__ == "__main__":
    print(f"{unpack(Path(sys.argv[1]), Path(sys.argv[2])):,} images")
