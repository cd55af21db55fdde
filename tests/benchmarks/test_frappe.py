import gzip

import polars as pl
import pytest
from click.testing import CliRunner

from benchmarks.frappe import main, read_log, read_part, sample_negatives, values_by_id
from kit.errors import UserError

# The fourth row is in valid, the fifth in test.
LOG = """user\titem\tcnt\tdaytime
1\t2\t5\tnoon
0\t10\t1\tnight
0\t2\t3\tnoon
1\t0\t7\tnight
0\t1\t1\tnight
"""
# Users 0 and 1, items 0, 1, 2 and 10, then noon and night.
VALID = "1 1:1 2:1 7:1\n-1 1:1 3:1 7:1\n"
TEST = "-1 0:1 2:1 7:1\n1 0:1 3:1 7:1\n"


@pytest.fixture
def source(tmp_path):
    files = {"frappe.tsv": LOG, "frappe.validation.libfm": VALID, "frappe.test.libfm": TEST}
    for name, text in files.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_ids_count_through_users_items_and_values_in_the_order_of_the_log(source):
    log = read_log(source / "frappe.tsv.gz")
    assert log.columns == ["user", "item", "daytime"]
    assert values_by_id(log)["value"].to_list() == ["0", "1", "0", "1", "2", "10", "noon", "night"]
    part = read_part(source / "frappe.validation.libfm.gz", log)
    assert part.rows() == [("1", "0", "night", 1), ("1", "1", "night", 0)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [("1 1:1 3:1 7:1\n", "1 positives are no rows"), ("1 2:1 2:1 7:1\n", "none of column user")],
)
def test_says_when_the_ids_mean_something_else(source, lines, message):
    file = source / "other.gz"
    file.write_bytes(gzip.compress(lines.encode()))
    with pytest.raises(UserError, match=message):
        read_part(file, read_log(source / "frappe.tsv.gz"))


def test_negatives_keep_user_and_context_and_are_items_never_used(source):
    log = read_log(source / "frappe.tsv.gz")
    negatives = sample_negatives(log.head(3), log, seed=0)
    assert negatives.drop("item").rows() == log.head(3).drop("item").rows() * 2
    assert negatives.join(log, on=["user", "item"], how="semi").is_empty()
    assert negatives.equals(sample_negatives(log.head(3), log, seed=0))


def test_writes_three_files_and_positives_of_valid_and_test_are_not_in_train(source, tmp_path):
    out = tmp_path / "out"
    result = CliRunner().invoke(main, [str(source), str(out)])
    assert result.exit_code == 0, result.output
    assert "train: 9 rows, 3 positives" in result.output
    train, valid, test = (
        pl.read_csv(out / f"{name}.csv", infer_schema=False) for name in ("train", "valid", "test")
    )
    positives = train.filter(pl.col("label") == "1").drop("label").rows()
    assert sorted(positives) == [("0", "10", "night"), ("0", "2", "noon"), ("1", "2", "noon")]
    assert (valid["label"].to_list(), test["label"].to_list()) == (["1", "0"], ["0", "1"])
