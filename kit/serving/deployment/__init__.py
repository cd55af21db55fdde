"""Files for stock TensorFlow Serving: its configuration, compose, Kubernetes and KServe."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.serving.deployment._compose import health_check as health_check
    from kit.serving.deployment._deploy import Deployed as Deployed
    from kit.serving.deployment._deploy import deploy as deploy
    from kit.serving.deployment._kserve import kserve as kserve
    from kit.serving.deployment._kubernetes import kubernetes as kubernetes
    from kit.serving.deployment._plan import Plan as Plan
    from kit.serving.deployment._plan import memory_for as memory_for
    from kit.serving.deployment._readme import readme as readme
    from kit.serving.deployment._served import Served as Served
    from kit.serving.deployment._served import find_models as find_models
    from kit.serving.deployment._server_config import server_config as server_config

__getattr__, __dir__ = lazy_names(__name__, __file__)
