"""What files for operators have in common: names, amounts, and how a folder of them is written."""

from kit.manifests._image import pinned_image as pinned_image
from kit.manifests._memory import mebibytes as mebibytes
from kit.manifests._names import kubernetes_name as kubernetes_name
from kit.manifests._write import write as write
