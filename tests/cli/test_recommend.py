import pytest
from click.testing import CliRunner

from kit.cli import main


def recommend(trained, *arguments):
    return CliRunner().invoke(main, ["recommend", str(trained.model), *arguments])


def ids(output):
    return {row.split("\t")[2] for row in output.splitlines()[1:]}


def test_items_can_be_left_out_and_asked_for_by_value(trained):
    everything = ids(recommend(trained, "--user", "shopper-001", "--count", "20").output)
    some = sorted(item for item in everything if int(item.removeprefix("i")) % 2)[0]
    narrowed = recommend(
        trained, "--user", "shopper-001", "--exclude", some, "--where", "category=k1"
    )
    assert narrowed.exit_code == 0, narrowed.output
    found = ids(narrowed.output)
    assert found
    assert some not in found
    assert all(int(item.removeprefix("i")) % 2 for item in found)


def test_the_same_for_somebody_new(trained):
    result = recommend(trained, "--item", "i1", "--where", "category=k0", "--count", "3")
    assert result.exit_code == 0, result.output
    assert all(int(item.removeprefix("i")) % 2 == 0 for item in ids(result.output))


@pytest.mark.parametrize("value", ["category=k7", "colour=red", "category"])
def test_a_value_that_no_item_has_is_named(trained, value):
    result = recommend(trained, "--user", "shopper-001", "--where", value)
    assert result.exit_code == 2
    assert f"No item has '{value}'" in result.output
    assert "such as category=k" in result.output
