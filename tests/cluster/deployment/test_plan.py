from tests.cluster.deployment.parts import plan


def test_servers_bring_a_chief():
    assert plan().jobs == {"worker": 3}
    assert plan().processes == 3
    assert list(plan(servers=2).jobs.items()) == [("chief", 1), ("worker", 3), ("ps", 2)]
    assert plan(servers=2).processes == 6
