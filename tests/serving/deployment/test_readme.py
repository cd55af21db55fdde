import dataclasses

from kit.serving.deployment import readme
from kit.serving.deployment._readme import NOT_RUN
from tests.serving.deployment.parts import plan


def test_it_says_how_to_use_each_file_and_what_was_not_run():
    text = readme(plan(), ["Mind this."])
    for said in ("docker compose up", "kubectl apply -f kubernetes.yaml", "kserve.yaml"):
        assert said in text
    assert "PersistentVolumeClaim `two-tower-models`" in text
    assert "`two_tower`: its newest version" in text
    assert "\n\nMind this.\n\n" in text
    assert " ".join(text.split()).endswith(NOT_RUN)
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) < 40


def test_a_version_that_is_kept_is_named():
    (model,) = plan().models
    text = readme(plan(models=(dataclasses.replace(model, pinned=3),)), [])
    assert "`two_tower`: version 3" in text
