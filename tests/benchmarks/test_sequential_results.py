import gzip
import json

from click.testing import CliRunner

from benchmarks import sequential_results
from kit.data import open_source, split


def numbers(value):
    def metrics(x):
        return {m: {"mean": x, "low": x, "high": x} for m in sequential_results.FIGURES}

    return {
        "test": {"protocol": "as here", "metrics": metrics(value)},
        "valid": {"metrics": metrics(2 * value)},
        "seconds": {"train": 60.2},
        "baselines": {"popular": {"metrics": metrics(0.01)}, "EASE": {"metrics": metrics(0.02)}},
    }


def test_a_file_of_sequences_keeps_its_order(tmp_path):
    file, events = tmp_path / "Some.txt.gz", tmp_path / "Some.csv"
    with gzip.open(file, "wt") as lines:
        lines.write("1 9 8 7 6\n2 6 9 8\n")
    sequential_results.write_events(file, events)
    dataset = split(open_source(str(events)), "leave-one-out")
    last = dict(zip(dataset.user_ids[dataset.test.user], dataset.test.item, strict=True))
    assert {user: dataset.item_ids[item] for user, item in last.items()} == {"1": "6", "2": "8"}
    assert sequential_results.name_of(str(file)) == "Some"
    assert sequential_results.name_of("online-retail") == "online-retail"


def test_each_run_is_kept_once(tmp_path, monkeypatch):
    asked = []

    def trained(source, encoder, epochs, seed):
        asked.append((source, encoder, epochs, seed))
        return sequential_results.figures(numbers(0.05 + seed / 100))

    monkeypatch.setattr(sequential_results, "trained", trained)
    monkeypatch.setattr(sequential_results, "RESULTS", tmp_path / "sequential.json")
    for options in (["--seeds", "1"], ["--seeds", "2"], ["--encoder", "gru", "--epochs", "5"]):
        answer = CliRunner().invoke(sequential_results.main, ["shop", *options])
        assert answer.exit_code == 0, answer.output
    assert [(a[1], a[2], a[3]) for a in asked] == [
        ("attention", None, 0),
        ("attention", None, 1),
        *[("gru", 5, seed) for seed in range(3)],
    ]
    assert "| shop | attention | 0, 1 | 1.0 | 0.0550 (0.0500, 0.0600) |" in answer.output
    assert "| shop | gru, 5 epochs | 0, 1, 2 |" in answer.output
    assert "EASE: 0.0200, 0.0200" in answer.output
    kept = json.loads((tmp_path / "sequential.json").read_text())
    assert kept["shop"]["attention"]["1"]["valid_ndcg@10"] == 0.12
