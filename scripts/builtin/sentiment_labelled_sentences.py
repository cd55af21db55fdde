"""Make sentiment_labelled_sentences.parquet from the UCI files.

    python -m scripts.builtin.sentiment_labelled_sentences FOLDER

The folder holds amazon_cells_labelled.txt, imdb_labelled.txt and yelp_labelled.txt of UCI data set
331: a sentence, a tab and its score in each line.
"""

import sys
from pathlib import Path

import polars as pl

OUTPUT = (
    Path(__file__).parents[2]
    / "kit/data/builtin/sentiment_labelled_sentences/sentiment_labelled_sentences.parquet"
)
FILES = {"amazon": "amazon_cells_labelled", "imdb": "imdb_labelled", "yelp": "yelp_labelled"}
LABELS = {"0": "negative", "1": "positive"}


def sentences(content: str, site: str) -> pl.DataFrame:
    """The sentences of one file.

    Args:
        content: of the file; lines end with a newline only, other line breaks are text.
        site: where they were written.

    Returns:
        text, label and site, a row a sentence.
    """
    pairs = [line.rsplit("\t", 1) for line in content.split("\n") if line.strip()]
    if not all(len(pair) == 2 and pair[1].strip() in LABELS for pair in pairs):
        raise SystemExit(f"The file of {site} is not sentence, tab, 0 or 1 in every line.")
    return pl.DataFrame(
        {
            "text": [text.strip() for text, _ in pairs],
            "label": [LABELS[score.strip()] for _, score in pairs],
            "site": [site] * len(pairs),
        }
    )


def main() -> None:
    """Write the Parquet file."""
    folder = Path(sys.argv[1])
    rows = pl.concat(
        sentences((folder / f"{name}.txt").read_text("utf-8"), site) for site, name in FILES.items()
    )
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
