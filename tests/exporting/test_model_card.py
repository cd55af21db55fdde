import re

import pytest

from kit.exporting import model_card
from kit.exports import CARDS, Card, RetrievalCard, Signature, TensorSpec

SIGNATURES = {
    "serving_default": Signature(
        {"user_id": TensorSpec("a:0", "string", (None,)), "k": TensorSpec("b:0", "int32", ())},
        {"score": TensorSpec("c:0", "float32", (None, 20))},
    )
}
CARD = {
    "recipe": "two-tower",
    "created": "2026-01-31",
    "versions": {"kit": "0.1.0", "tensorflow": "2.21.0", "keras": "3.15.1"},
    "exclude_seen": True,
    "intended_use": "Lists in a shop.",
    "limits": ["Knows nobody new.", "Trends fade."],
    "names": {"i1": "Red | cup"},
    "data": {"data": "shop.csv", "user_column": None},
    "dataset": {
        "name": "shop.csv",
        "rows": 1500,
        "users": 150,
        "items": 60,
        "rows_of_part": {"train": 1200, "valid": 150, "test": 150},
        "cleaning": [{"dropped": "repeated rows", "rows": 12}, {"dropped": "none", "rows": 0}],
        "split": "time: train < 2020 <= test",
        "licence": "CC BY 4.0,\nhttps://creativecommons.org/licenses/by/4.0/",
    },
    "results": {
        "protocol": "test, 150 of 150 warm users; full ranking",
        "metrics": {
            "NDCG@10": {"mean": 0.12345, "low": 0.1, "high": 0.2},
            "Coverage@10": {"mean": 0.5},
            "MRR@10": {"mean": None, "low": None, "high": None},
        },
    },
    "baselines": {"popular | all": {"metrics": {"NDCG@10": {"mean": 0.05}}}},
    "operations": ["MatMul", "Elsewhere>Gather", "AddV2"],
    "custom_ops": {"elsewhere": ["Elsewhere>Gather"]},
}


def section(card: str, heading: str) -> str:
    return card.split(f"## {heading}\n\n")[1].split("\n\n## ")[0]


@pytest.fixture(scope="module")
def written():
    return model_card(RetrievalCard(**CARD), SIGNATURES)


def test_the_usual_sections_in_order(written):
    assert written.startswith("# Model card: two-tower\n\n## Model details\n\n")
    assert re.findall("^## (.+)$", written, flags=re.MULTILINE) == [
        "Model details",
        "Intended use",
        "Data",
        "Evaluation",
        "Privacy",
        "Robustness",
        "Limits",
        "Trust",
        "Signatures",
        "Operations",
        "Serving",
    ]


def test_details(written):
    assert section(written, "Model details").splitlines() == [
        "- Exported: 2026-01-31",
        "- Made with: kit 0.1.0, tensorflow 2.21.0, keras 3.15.1",
        "- Seen items of a known user are excluded from the recommended list.",
    ]
    without = model_card(RetrievalCard(names={}, exclude_seen=False), {})
    assert "are kept in the recommended list" in without


def test_intended_use_and_limits(written):
    assert section(written, "Intended use") == "- Lists in a shop."
    assert section(written, "Limits") == "- Knows nobody new.\n- Trends fade."


def test_trust_says_whom_it_holds_and_who_vouches_for_it(written):
    assert "histories and vectors of the known users" in section(written, "Privacy")
    assert "kit verify --public-key" in section(written, "Trust")
    assert "holds no user." in model_card(RetrievalCard(names={}, known_users=False), {})
    assert "users" not in section(model_card(Card(recipe="images"), {}), "Trust")


def test_robustness_is_stated_or_said_to_be_unknown(written):
    assert section(written, "Robustness") == "- Robustness: not measured."
    found = {
        "protocol": "accuracy on all 60 images of test",
        "metrics": {"unchanged": {"mean": 0.9, "low": 0.8, "high": 1.0}, "blur": {"mean": 0.5}},
        "left_out": {"FGSM 2/255": "needs gradients"},
    }
    assert section(model_card(Card(robustness=found), {}), "Robustness").splitlines() == [
        "- Robustness: unchanged 0.9000; blur 0.5000.",
        "- Protocol: accuracy on all 60 images of test.",
        "- Not measured: FGSM 2/255, which needs gradients.",
    ]


def test_data(written):
    assert section(written, "Data").splitlines() == [
        "- Source: `shop.csv`",
        "- Size after filtering: 1,500 interactions, 150 users, 60 items",
        "- Dropped: 12 repeated rows",
        "- Split: time: train < 2020 <= test",
        "- Rows: 1,200 train, 150 valid, 150 test",
        "- Licence: CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
    ]


def test_results_stand_beside_baselines_with_their_protocol(written):
    assert section(written, "Evaluation").splitlines() == [
        "Protocol: test, 150 of 150 warm users; full ranking.",
        "",
        r"| metric | two-tower | 95 % interval | popular \| all |",
        "| --- | --- | --- | --- |",
        "| NDCG@10 | 0.1235 | 0.1000 to 0.2000 | 0.0500 |",
        "| Coverage@10 | 0.5000 | - | - |",
        "| MRR@10 | - | - | - |",
    ]


def test_signatures_and_operations(written):
    row = "| `serving_default` | `user_id` string [?]; `k` int32 [] | `score` float32 [?, 20] |"
    assert row in section(written, "Signatures")
    assert section(written, "Operations").splitlines() == [
        "- Not in core TensorFlow, registered by Python's `elsewhere`: Elsewhere>Gather",
        "- Core TensorFlow, 2: AddV2, MatMul",
    ]
    assert "other operations named above" in section(written, "Serving")


def test_what_is_missing_is_left_out():
    card = model_card(Card(), {})
    assert re.findall("^#+ (.+)$", card, flags=re.MULTILINE) == [
        *("Model card", "Robustness", "Trust", "Serving"),
    ]
    assert model_card(Card(results={}, dataset={}, baselines={}), {}) == card


def test_every_part_may_be_missing():
    for key in CARD.keys() - {"names"}:
        rest = {name: value for name, value in CARD.items() if name != key}
        assert "None" not in model_card(RetrievalCard(**rest), SIGNATURES)
    for key in CARD["dataset"]:
        facts = {name: value for name, value in CARD["dataset"].items() if name != key}
        assert "None" not in model_card(Card(dataset=facts), {})


def test_a_licence_that_the_source_does_not_state():
    assert "the licence is the user's to know" in model_card(Card(dataset={"licence": ""}), {})
    assert "icence" not in model_card(Card(dataset={"rows": 3}), {})


def test_it_names_no_user(trained):
    card = (trained.version / "assets.extra" / "model_card.md").read_text()
    assert "shopper-" not in card
    assert "| `serving_default` | `user_id` string [?] |" in card
    assert "NDCG@10" in card


@pytest.mark.parametrize(
    ("task", "noun"),
    [
        ("retrieval", "interactions"),
        ("two-stage", "interactions"),
        ("tabular", "rows"),
        ("image-classification", "images"),
        ("text-classification", "texts"),
        ("detection", "images"),
        ("text2text", "pairs of texts"),
    ],
)
def test_data_are_called_by_the_noun_of_their_task(task, noun):
    assert CARDS[task].noun == noun
    card = model_card(Card(task=task, noun=noun, dataset={"rows": 1500}), {})
    assert f"- Size after filtering: 1,500 {noun}" in card
