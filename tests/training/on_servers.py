"""Run by test_parameter_server: every process of a cluster begins anew."""

from kit.cluster import serve_cluster
from kit.training import fit, strategy
from tests.training.few import batches, model


def main() -> None:
    serve_cluster()
    with strategy("parameter-server").scope():
        two_tower = model()
    fit(two_tower, batches(), measure=lambda: 0.0, epochs=1, quiet=True)
    device_of = {v.path.replace("/", "_"): v.value.device for v in two_tower.trainable_variables}
    slots = 0
    for variable in two_tower.optimizer.variables:
        for name, device in device_of.items():
            if variable.path.split("/")[-1] in (f"{name}_momentum", f"{name}_velocity"):
                assert variable.value.device == device, (variable.path, device)
                slots += 1
    assert slots == 2 * len(device_of)
    assert all("/job:ps/" in device for device in device_of.values()), device_of
    print("slots lie with their variables")


if __name__ == "__main__":
    main()
