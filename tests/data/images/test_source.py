from collections import Counter

from kit.data.images import open_images


def test_the_built_in_part_has_as_many_of_each_class():
    source = open_images("fashion-mnist-part")
    counts = Counter(zip(source.parts, source.labels, strict=True))
    assert {part: counts[part, "Bag"] for part in ("train", "test")} == {"train": 600, "test": 100}
    assert len(counts) == 20
    assert set(counts.values()) == {600, 100}
    assert "The MIT License" in source.licence
    assert source.names[6000] == "test/0"
