"""Make scitldr_part.parquet from files of SciTLDR-A.

    python -m scripts.builtin.scitldr_part train.jsonl dev.jsonl

The inputs (also .gz) are files of allenai/scitldr, SciTLDR-Data/SciTLDR-A: a paper a line, with the
sentences of its abstract and one or more summaries of a sentence.
"""

import json
import sys
from pathlib import Path

import polars as pl

from kit.data import read_text

OUTPUT = Path(__file__).parents[2] / "kit/data/builtin/scitldr_part/scitldr_part.parquet"


def part_of(papers: list[dict[str, list[str]]], part: str) -> pl.DataFrame:
    """A row for every summary.

    Args:
        papers: "source", sentences; "target", summaries.
        part: "train" or "test".

    Returns:
        Columns part; source, a sentence a line; and target.
    """
    rows = [
        ("\n".join(" ".join(sentence.split()) for sentence in paper["source"]), target.strip())
        for paper in papers
        for target in paper["target"]
    ]
    frame = pl.DataFrame(rows, schema=["source", "target"], orient="row")
    return frame.select(pl.lit(part).alias("part"), "source", "target")


def main() -> None:
    """Write the Parquet file."""
    frames = []
    for path, part in zip(sys.argv[1:3], ("train", "test"), strict=True):
        lines = read_text(Path(path)).decode().splitlines()
        frames.append(part_of([json.loads(line) for line in lines], part))
    rows = pl.concat(frames)
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
