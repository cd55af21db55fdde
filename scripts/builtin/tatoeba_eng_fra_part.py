"""Make tatoeba_eng_fra_part.parquet from the file of the Tatoeba project's pairs.

    python -m scripts.builtin.tatoeba_eng_fra_part fra.txt

The input (also .xz) has an English sentence, a tab and a French one in every line, as
manythings.org/anki offers it. Of the English sentences of three to ten words 16,000 are drawn, and
come with all their French ones.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

from kit.data import read_text

OUTPUT = (
    Path(__file__).parents[2] / "kit/data/builtin/tatoeba_eng_fra_part/tatoeba_eng_fra_part.parquet"
)
SENTENCES, WORDS = 16_000, (3, 10)


def part_of(lines: list[str], sentences: int = SENTENCES) -> pl.DataFrame:
    """The pairs of some English sentences.

    Args:
        lines: English, tab, French, maybe a tab and more.
        sentences: how many English ones.

    Returns:
        Columns en and fr, in the order of the lines.
    """
    cells = [line.rstrip("\n").split("\t") for line in lines if line.strip()]
    rows = pl.DataFrame({"en": [c[0] for c in cells], "fr": [c[1] for c in cells]})
    words = pl.col("en").str.split(" ").list.len()
    rows = rows.unique(maintain_order=True).filter(words.is_between(*WORDS))
    different = rows["en"].unique(maintain_order=True)
    drawn = np.random.default_rng(0).permutation(len(different))[:sentences]
    return rows.filter(pl.col("en").is_in(different[np.sort(drawn)].implode()))


def main() -> None:
    """Write the Parquet file."""
    rows = part_of(read_text(Path(sys.argv[1])).decode().splitlines())
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
