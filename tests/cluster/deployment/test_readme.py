import pytest

from kit.cluster.deployment import readme
from kit.cluster.deployment._readme import NOT_RUN
from tests.cluster.deployment.parts import plan


@pytest.mark.parametrize("asked", [plan(), plan(servers=2), plan(image=None)])
def test_it_says_how_to_start_watch_stop_and_resume_and_what_was_not_run(asked):
    text = readme(asked, ["Mind this."])
    for said in ("sbatch PATH/train.sbatch", "squeue", "scancel", "at most 7 times"):
        assert said in text
    kubernetes = ("kubectl apply -f trainjob.yaml", "kubectl delete -f trainjob.yaml", "`shop`")
    assert [said in text for said in kubernetes] == [asked.image is not None] * 3
    for said in ("Start", "Watch", "Stop", "Resume"):
        assert text.count(f"- {said}: ") == (2 if asked.image else 1)
    assert "\n\nMind this.\n\n" in text
    assert " ".join(text.split()).endswith(NOT_RUN)
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) < 60
