"""Make online_retail.parquet from the UCI file.

    python -m scripts.builtin.online_retail online_retail.csv.gz

The input has the columns of UCI data set 352, one row for each line of an invoice: InvoiceNo,
StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country.
"""

import json
import sys
from pathlib import Path

import polars as pl

# Five digits and maybe letters (85123A, 15056BL). Everything else is no product: POST, M, D, DOT,
# BANK CHARGES, C2, PADS, CRUK, AMAZONFEE, gift vouchers ...
PRODUCT = r"^\d{5}[A-Za-z]*$"
OUTPUT = Path(__file__).parents[2] / "kit/data/builtin/online_retail/online_retail.parquet"
STEPS = {
    "cancellations": pl.col("InvoiceNo").str.starts_with("C"),
    "rows without customer": pl.col("CustomerID").is_null(),
    "rows of no quantity": pl.col("Quantity") <= 0,
    "codes that are not products": ~pl.col("StockCode").str.contains(PRODUCT),
}


def clean(raw: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Keep sales of products to known customers.

    Args:
        raw: the UCI columns.

    Returns:
        customer_id, stock_code, description (one for each code: its most frequent), quantity,
        unit_price in GBP, invoice_date, country, in order of time; and the rows each step dropped.
    """
    rows = raw.cast({"Quantity": pl.Int32, "UnitPrice": pl.Float32})
    dropped = {}
    for name, condition in STEPS.items():
        kept = rows.filter(~condition)
        dropped[name] = len(rows) - len(kept)
        rows = kept
    # One product comes as 85123A and as 85123a.
    rows = rows.with_columns(pl.col("StockCode").str.to_uppercase())
    titles = (
        rows.drop_nulls("Description")
        .group_by("StockCode", pl.col("Description").str.strip_chars())
        .len()
        .sort(["StockCode", "len", "Description"], descending=[False, True, False])
        .unique("StockCode", keep="first", maintain_order=True)
        .select("StockCode", description="Description")
    )
    rows = rows.join(titles, on="StockCode", how="left", maintain_order="left")
    sold = rows.select(
        customer_id=pl.col("CustomerID").cast(pl.Int32),
        stock_code="StockCode",
        description="description",
        quantity="Quantity",
        unit_price="UnitPrice",
        invoice_date=pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms"),
        country="Country",
    )
    return sold.sort("invoice_date", maintain_order=True), dropped


def main() -> None:
    """Write the Parquet file, with the counts of what was dropped in its metadata."""
    rows, dropped = clean(pl.read_csv(sys.argv[1], infer_schema=False))
    metadata = {"dropped": json.dumps(dropped)}
    rows.write_parquet(OUTPUT, compression="zstd", compression_level=22, metadata=metadata)
    print(f"{OUTPUT.name}: {len(rows):,} rows, {OUTPUT.stat().st_size:,} bytes; {dropped}")


if __name__ == "__main__":
    main()
