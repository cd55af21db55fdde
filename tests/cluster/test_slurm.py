import pytest

from kit.cluster import hosts_of, tasks_of


@pytest.mark.parametrize(
    ("nodes", "hosts"),
    [
        ("localhost", ["localhost"]),
        ("b,a", ["b", "a"]),
        ("n[9-11]", ["n9", "n10", "n11"]),
        ("n[009-011,3].site,x", ["n009.site", "n010.site", "n011.site", "n3.site", "x"]),
        ("r[1-2]n[1,3]", ["r1n1", "r1n3", "r2n1", "r2n3"]),
    ],
)
def test_hosts(nodes, hosts):
    assert hosts_of(nodes) == hosts


@pytest.mark.parametrize(
    ("counts", "tasks"), [("4", [4]), ("1,2,1", [1, 2, 1]), ("3(x2),1", [3, 3, 1])]
)
def test_tasks(counts, tasks):
    assert tasks_of(counts) == tasks
