import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kit.training import (
    assign,
    build_metrics,
    copies,
    host_of,
    metric_variables,
    model_state,
    restore,
    state_variables,
)
from tests.training.few import Points, classifier, model, tiny


def stepped(steps: int, seed: int = 0) -> keras.Model:
    """A classifier after some steps."""
    keras.utils.set_random_seed(seed)
    network = classifier()
    network.run_eagerly = True
    for batch in Points().stream().take(steps):
        network.train_on_batch(*batch)
    return network


@pytest.fixture(scope="module")
def network():
    return stepped(2)


def test_names_are_those_of_the_same_model_made_again(network):
    again = stepped(1)
    # Keras itself counts the layers of a process.
    assert [v.path for v in network.variables] != [v.path for v in again.variables]
    for variables in (state_variables, metric_variables):
        assert list(variables(network)) == list(variables(again)) == sorted(variables(again))
    two_towers = [model(), model()]
    assert list(state_variables(two_towers[0])) == list(state_variables(two_towers[1]))


def test_it_holds_all_that_later_losses_depend_on(network):
    state = model_state(network)
    for part in ("moving_mean", "seed_generator_state", "adam/iteration", "momentum", "metric/"):
        assert any(part in name for name in state), (part, list(state))
    variables = [*network.variables, *network.optimizer.variables, *network.metrics_variables]
    assert len(state) == len({id(variable) for variable in variables})


def test_a_model_that_takes_it_over_goes_on_as_the_first_would(network):
    other = stepped(1, seed=1)
    state = {name: value.numpy() for name, value in model_state(network).items()}
    variables = {**state_variables(other), **metric_variables(other)}
    restore(variables, other.distribute_strategy, state.get)
    for batch in Points(seed=1).stream().take(2):
        assert network.train_on_batch(*batch) == other.train_on_batch(*batch)


def test_copies_stay_what_they_were_and_can_be_assigned():
    network = tiny()
    before = copies(network.variables)
    assign(network.variables, [np.full([1, 1], 7.0)])
    assert (before[0].numpy().item(), copies(network.variables)[0].numpy().item()) == (0.0, 7.0)
    assign(network.variables, before)
    assert network.get_weights()[0].item() == 0.0


def test_what_a_state_lacks_stays_as_it_is():
    network = tiny()
    assign(network.variables, [np.full([1, 1], 7.0)])
    restore(state_variables(network), network.distribute_strategy, lambda name: None)
    assert network.get_weights()[0].item() == 7.0


def test_metrics_can_be_built_without_a_step(network):
    fresh = classifier()
    weights = fresh.get_weights()
    build_metrics(fresh, next(iter(Points().stream())))
    assert list(metric_variables(fresh)) == list(metric_variables(network))
    for weight, before in zip(fresh.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(weight, before)


@pytest.mark.parametrize(
    ("device", "host"),
    [
        ("/job:worker/replica:0/task:1/device:GPU:3", "/job:worker/replica:0/task:1/device:CPU:0"),
        ("/job:ps/task:2/device:CPU:0", "/job:ps/task:2/device:CPU:0"),
        ("", "/device:CPU:0"),
    ],
)
def test_the_host_of_a_device(device, host):
    assert host_of(device) == host


@pytest.mark.slow
def test_replicas_of_a_process_go_on_to_the_bit(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "tests.training.replicas_go_on", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.endswith("replicas go on to the bit\n"), run.stderr[-3000:]
