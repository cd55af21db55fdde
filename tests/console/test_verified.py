from kit.artefact import SignatureCheck
from kit.console import verified


def check(signature, loader, reason=""):
    return SignatureCheck(signature, True, 0.0, 1, reason, loader)


def test_signatures_and_loaders_are_counted():
    ways = ["TensorFlow", "TF1 session", "C library"]
    one = [check("serving_default", way) for way in ways]
    assert verified(one).startswith("verify:    1 signature answers as the live model does, ")
    assert verified(one).endswith("by three loaders")
    two = [*one, *(check("embed", way) for way in ways)]
    assert "2 signatures answer" in verified(two)


def test_a_loader_that_cannot_is_named_with_the_reason():
    why = "not possible, it needs X of package"
    checks = [check("embed", "TensorFlow"), check("embed", "C library", why)]
    assert verified(checks).endswith(f"by one loader; C library: {why}")
