from benchmarks.robustness_results import results_table, summary


def run(seed, clean, blur, recipe="image-classification"):
    metrics = {"unchanged": {"mean": clean}, "blur": {"mean": blur}}
    return {
        "recipe": recipe,
        "model": "resnet",
        "protocol": "accuracy on 10 images",
        "seed": seed,
        "metrics": metrics,
        "left_out": {},
    }


def test_a_table_for_each_recipe_with_the_spread_over_seeds():
    kept = {
        "photos": summary([run(1, 0.8, 0.5), run(0, 0.9, 0.7)]),
        "films": summary([run(0, 0.7, 0.6, recipe="text-classification")]),
    }
    assert kept["photos"]["seeds"] == [0, 1]
    assert kept["photos"]["accuracies"]["blur"]["values"] == [0.7, 0.5]
    table = results_table(kept)
    assert "| blur | 0.6000 (±0.1414) |" in table
    assert "| unchanged | 0.7000 |" in table
    assert "- photos, resnet, 2 seeds: accuracy on 10 images." in table
    assert "- films, resnet, 1 seed: accuracy on 10 images." in table
