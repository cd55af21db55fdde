"""Names of objects."""

import re


def kubernetes_name(name: str) -> str:
    """The nearest name that every kind of Kubernetes object takes (RFC 1035 label).

    Short enough for a suffix such as "-models".

    Example:

    >>> kubernetes_name("Two_Tower.v2"), kubernetes_name("20newsgroups")
    ('two-tower-v2', 'model-20newsgroups')
    """
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    label = label if label[:1].isalpha() else f"model-{label}"
    return label[:50].rstrip("-")
