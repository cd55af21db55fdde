from kit.data.texts import TextSource


def test_it_holds_what_the_rows_hold():
    source = TextSource("some", ["a", None], ["row 2", "row 3"], ["x", None], None, "")
    assert source.texts[1] is None
    assert source.names[1] == "row 3"
