from benchmarks.pair_results import readme_table, summary


def run(recipe, metric, value):
    found = {"mean": value, "low": value - 0.01, "high": value + 0.01}
    return {
        "recipe": recipe,
        "model": "transformer",
        "test": {"protocol": "test, 10 texts", "metrics": {metric: found}},
        "baselines": {"copy": {"metrics": {metric: {"mean": value / 2}}}},
        "weights": 5,
        "settings": {"seed": 0, "epochs": 12},
        "seconds": {"train": 120.0},
    }


def test_the_table_says_what_was_measured():
    table = readme_table(
        {
            "some translation": summary(run("translation", "BLEU", 36.0)),
            "one summarization": summary(run("summarization", "ROUGE-1", 0.4)),
        }
    )
    assert (
        "| some | translation | transformer | BLEU **36.0** | 36.0 to 36.0 | copy 18.0 | 2 |"
        in (table)
    )
    assert "ROUGE-1 **0.4000** | 0.3900 to 0.4100 | copy 0.2000 | 2 |" in table
    assert "- one: test, 10 texts." in table
