"""Plans to write down."""

from pathlib import Path
from typing import Any

from kit.cluster.deployment import Plan

COMMAND = ("kit", "train", "two-tower", "--data", "interactions.csv")


def plan(**changes: Any) -> Plan:
    settings: dict[str, Any] = {
        "command": COMMAND,
        "name": "train-two-tower",
        "workers": 3,
        "servers": 0,
        "cpus": 4,
        "memory": 6000,
        "gpus": 0,
        "image": "shop/kit:1.0",
        "storage": "shop",
        "time": "12:00:00",
        "partition": None,
        "restarts": 7,
        "output": Path("deploy/train-two-tower"),
    }
    return Plan(**{**settings, **changes})
