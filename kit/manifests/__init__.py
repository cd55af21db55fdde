"""What files for operators have in common: names, amounts, and how a folder of them is written."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.manifests._write import kubernetes_name as kubernetes_name
    from kit.manifests._write import mebibytes as mebibytes
    from kit.manifests._write import pinned_image as pinned_image
    from kit.manifests._write import write as write

__getattr__, __dir__ = lazy_names(__name__, __file__)
