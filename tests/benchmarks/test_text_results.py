import json

from benchmarks.reports import keep
from benchmarks.text_results import name_of, results_table, summary


def run(seed, accuracy=0.9, model="lstm", source="some/imdb/train.jsonl.xz"):
    found = {"mean": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}
    metrics = {name: found for name in ("accuracy", "mean F1", "log loss", "ECE")}
    return {
        "command": f"kit train text-classification --data {source} --seed {seed}",
        "data": {"name": source, "licence": ""},
        "model": model,
        "test": {"protocol": "test, 10 texts", "metrics": metrics},
        "valid": {"metrics": metrics},
        "baselines": {"bigrams, linear": {"metrics": {"accuracy": {"mean": 0.8}}}},
        "cost": {"weights": 5},
        "settings": {"seed": seed, "epochs": 5},
        "seconds": {"train": 120.0},
    }


def test_the_table_says_what_was_measured():
    table = results_table({"imdb, lstm": summary([run(0), run(1, accuracy=0.92)])})
    command = "`kit train text-classification --data FOLDER`"
    cells = (
        f"| {command} | 2.0 | **0.9100 (0.0141)** | 0.9100 (0.0141) | 0.9100 (0.0141) | 0.8000 |"
    )
    assert f"| imdb, lstm, 2 seeds {cells}" in table
    assert "- imdb: test, 10 texts." in table


def test_models_of_one_source_are_apart(tmp_path):
    runs = [run(0), run(1), run(0, model="transformer"), run(0, source="path/to/sst2")]
    for number, one in enumerate(runs):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "metrics.json").write_text(json.dumps(one))
    reports = [tmp_path / str(number) for number in range(4)]
    kept = keep(reports, tmp_path / "texts.json", summary, name_of)
    assert {name: found["seeds"] for name, found in kept.items()} == {
        "imdb, lstm": [0, 1],
        "imdb, transformer": [0],
        "sst2, lstm": [0],
    }
