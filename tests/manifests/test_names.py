import re

from hypothesis import given
from hypothesis import strategies as st

from kit.manifests import kubernetes_name

LABEL = r"[a-z]([-a-z0-9]*[a-z0-9])?"


@given(st.text())
def test_every_name_becomes_a_label(name):
    label = kubernetes_name(name)
    assert re.fullmatch(LABEL, label)
    assert len(f"{label}-models") <= 63
    assert kubernetes_name(label) == label
