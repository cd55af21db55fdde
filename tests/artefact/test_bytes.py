from kit.artefact import with_bytes


def test_bytes_stand_wherever_text_may():
    nested = [[{"b64": "/w=="}, "a"], []]
    assert with_bytes(nested) == [[b"\xff", "a"], []]
    assert with_bytes(1.5) == 1.5
