"""Make bccd.parquet, a part of BCCD in half its height and width.

    python -m scripts.builtin.bccd FOLDER

The folder is the data set's, with annotations, images and splits. Of its train part 40 images
are taken, of its val part, which is test here, 20.
"""

import io
import sys
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from kit.data.detection import open_detection

OUTPUT = Path(__file__).parents[2] / "kit/data/builtin/bccd/bccd.parquet"
COUNTS = {"train": 40, "valid": 20}
SIDES = (320, 240)
QUALITY = 80


def part_of_it(folder: Path) -> pl.DataFrame:
    """A draw of images, made smaller, with their boxes.

    Args:
        folder: that of the data set.

    Returns:
        name, part, image (JPEG), boxes (list of four float32) and labels, a row an image.
    """
    source = open_detection(str(folder))
    rng = np.random.default_rng(0)
    rows = []
    for part, count in COUNTS.items():
        images = [image for where, image in source.images if where == part]
        for place in np.sort(rng.permutation(len(images))[:count]):
            one = images[place]
            jpeg = io.BytesIO()
            small = Image.open(io.BytesIO(one.encoded())).convert("RGB").resize(SIDES)
            small.save(jpeg, "JPEG", quality=QUALITY)
            scale = np.array([SIDES[0] / one.size[0], SIDES[1] / one.size[1]] * 2, np.float32)
            rows.append(
                {
                    "name": one.name,
                    "part": "test" if part == "valid" else part,
                    "image": jpeg.getvalue(),
                    "boxes": (one.boxes * scale).tolist(),
                    "labels": [source.classes[label] for label in one.labels],
                }
            )
    return pl.DataFrame(rows, schema_overrides={"boxes": pl.List(pl.List(pl.Float32))})


def main() -> None:
    """Write the Parquet file."""
    rows = part_of_it(Path(sys.argv[1]))
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} images, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
