"""Container images."""

import re

from kit.errors import UserError


def pinned_image(image: str) -> str:
    """The same name, if it says which version is meant.

    Raises:
        UserError: it has no version as its tag.

    Example:

    >>> pinned_image("host:5000/shop/kit:1.0")
    'host:5000/shop/kit:1.0'
    """
    tag = re.fullmatch(r"[a-z0-9][a-z0-9._/:-]*[a-z0-9]:([A-Za-z0-9_][A-Za-z0-9_.-]*)", image)
    if not tag or tag[1].startswith(("latest", "nightly")) or "/" in tag[1]:
        raise UserError(
            f"{image!r} does not say which version is meant.",
            where="--image",
            expected="an image with a version as its tag, such as tensorflow/serving:2.21.0",
            remedy="Add the tag.",
        )
    return image
