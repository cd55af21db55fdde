import json

from click.testing import CliRunner

from benchmarks import two_stage_results


def run(seed, gain):
    def metrics(value):
        return {
            "metrics": {
                name: {"mean": value, "low": value, "high": value}
                for name in two_stage_results.METRICS
            }
        }

    difference = {"NDCG@10": {"mean": gain, "low": gain - 0.01, "high": gain + 0.01}}
    return {
        "test": {"protocol": "as here", **metrics(0.1 + gain)},
        "settings": {"seed": seed, "ranking_weight": 1.0},
        "baselines": {
            "retrieval alone": {**metrics(0.1), "model_minus_baseline": difference},
            "popular": metrics(0.02),
        },
        "variants": {"diversity 0.1": metrics(0.09)},
        "seconds": {"train ranking": 12.4},
    }


def test_the_figures_are_those_of_the_reports(tmp_path, monkeypatch):
    monkeypatch.setattr(two_stage_results, "RESULTS", tmp_path / "results.json")
    for seed, gain in enumerate([0.01, 0.03]):
        folder = tmp_path / str(seed) / "report"
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(run(seed, gain)))
    arguments = ["shop", "--seeds", "2", "--reports", str(tmp_path)]
    found = CliRunner().invoke(two_stage_results.main, arguments)
    assert found.exit_code == 0, found.output
    kept = json.loads((tmp_path / "results.json").read_text())["shop"]
    assert kept["lists"]["two-stage"]["ndcg@10"] == [0.11, 0.13]
    assert kept["lists"]["retrieval alone"]["ndcg@10"] == [0.1, 0.1]
    assert (kept["gain"], kept["gain_mean"]) == ([0.01, 0.03], 0.02)
    assert kept["gain_intervals"] == [[0.0, 0.02], [0.02, 0.04]]
    assert (kept["seeds"], kept["baselines"]) == ([0, 1], {"popular": 0.02})
