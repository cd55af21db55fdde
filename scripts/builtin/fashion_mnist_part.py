"""Make fashion_mnist_part.parquet from the files of Fashion-MNIST.

    python -m scripts.builtin.fashion_mnist_part FOLDER

The folder has the four files of the data set, in the format of MNIST.
"""

import sys
from pathlib import Path

import polars as pl

from kit.data.images import open_images

OUTPUT = (
    Path(__file__).parents[2] / "kit/data/builtin/fashion_mnist_part/fashion_mnist_part.parquet"
)
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
OF_A_CLASS = {"train": 600, "test": 100}


def part_of(folder: str) -> pl.DataFrame:
    """The first images of every class of both parts, in their order.

    Args:
        folder: with the files.

    Returns:
        part, label and pixels (784 bytes, row by row).
    """
    source = open_images(folder)
    names = [CLASSES[int(label)] for label in source.labels]
    rows = pl.DataFrame({"part": source.parts, "label": names}).with_row_index("number")
    place = pl.int_range(pl.len()).over("part", "label")
    most = pl.col("part").replace_strict(OF_A_CLASS, return_dtype=pl.Int64)
    chosen = rows.filter(place < most).sort("part", "number", descending=[True, False])
    pixels = [source.contents[number].tobytes() for number in chosen["number"]]
    return chosen.drop("number").with_columns(pixels=pl.Series(pixels, dtype=pl.Binary))


def main() -> None:
    """Write the Parquet file."""
    rows = part_of(sys.argv[1])
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
