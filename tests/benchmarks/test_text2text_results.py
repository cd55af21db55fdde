from benchmarks.text2text_results import name_of, results_table, summary


def run(recipe, metric, value):
    found = {"mean": value, "low": value - 0.01, "high": value + 0.01}
    return {
        "recipe": recipe,
        "model": "transformer",
        "command": f"kit train {recipe} --data built",
        "data": {"name": "built", "licence": "MIT"},
        "test": {"protocol": "test, 10 texts", "metrics": {metric: found}},
        "valid": {"metrics": {metric: found}},
        "baselines": {"copy": {"metrics": {metric: {"mean": value / 2}}}},
        "weights": 5,
        "settings": {"seed": 0, "epochs": 12},
        "seconds": {"train": 120.0},
    }


def test_the_table_says_what_was_measured():
    one = run("summarization", "ROUGE-1", 0.4)
    assert name_of(one) == "built, built in, transformer"
    table = results_table({"a": summary([one]), "b": summary([run("translation", "BLEU", 36.0)])})
    command = "`kit train summarization --data built`"
    assert f"| a, 1 seed | {command} | 2.0 | ROUGE-1 **0.4000** | 0.3900 to 0.4100 |" in table
    assert "BLEU **36.0000** | 35.9900 to 36.0100 | copy 18.0000 |" in table
    assert "- b: test, 10 texts." in table
