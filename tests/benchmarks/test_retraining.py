from benchmarks.retraining import results_table


def row(seed: int, test: float, cpu: float) -> dict[str, object]:
    scratch = {"cpu": 60.0, "test": 0.1, "overlap": 0.7}
    return {
        "seed": seed,
        "week": 1,
        "users": 390,
        "scratch": scratch,
        "from": {"cpu": cpu, "test": test, "overlap": 0.8},
        "difference": {"mean": 0.01, "low": -0.01, "high": 0.03},
    }


def test_the_table_has_means_over_seeds_and_leaves_out_weeks_without_runs() -> None:
    lines = results_table({"two-tower": {"runs": [row(0, 0.11, 9.0), row(1, 0.13, 15.0)]}})
    (line,) = lines.splitlines()[2:]
    assert line.startswith("| `two-tower` | 1 | 2 | 390 | 0.1000 | 0.1200 | -0.0100 to +0.0300, ")
    assert line.endswith("| 20% | 0.70 | 0.80 |")
