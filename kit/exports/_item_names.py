"""Items by their titles."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property

from kit.data import clean_id
from kit.errors import UserError

CANDIDATES = 5
# Of more titles than this, only those that share a similar word are compared with a mistyped one.
COMPARED = 20_000


class ItemNames:
    """Titles of items, and search for items by id or title.

    Args:
        names: item id to its title, or to the id itself if it has none.
        where: the source of the names, for errors.

    Example:

    >>> names = ItemNames({"a1": "Red cup", "b7": "Blue cup", "c3": "c3"}, "saved_models/shop")
    >>> names.find("red CUP"), names.find("blue"), names.find("c3"), names.title("c3")
    ('a1', 'b7', 'c3', None)
    """

    def __init__(self, names: Mapping[str, str], where: str) -> None:
        self._names, self._where = names, where

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._names

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def has_titles(self) -> bool:
        """Whether any item has a title of its own."""
        return any(self.title(item) for item in self._names)

    def title(self, item_id: str) -> str | None:
        """The title of an item, None if it has none."""
        name = self._names.get(item_id)
        return None if name in ("", item_id) else name

    def find(self, text: str) -> str:
        """The item with that id, else with that title, else the only one whose title contains it.

        Case and repeated whitespace of titles are ignored.

        Raises:
            UserError: no item or several items match.
        """
        for item_id in (text, clean_id(text)):
            if item_id in self._names:
                return item_id
        wanted = _plain(text)
        found = self._by_title.get(wanted, [])
        if not found and wanted:
            found = [
                item for title, items in self._by_title.items() if wanted in title for item in items
            ]
        if len(found) == 1:
            return found[0]
        raise self._several(text, found) if found else self.unknown(text)

    def unknown(self, text: str) -> UserError:
        """The error that no item has this id or title."""
        wanted = _plain(text)
        titles = {item: [item] for item in self._names} | self._by_title
        if len(titles) > COMPARED:
            stems = [word[:4] for word in wanted.split()]
            near = (t for t in titles if any(stem in t for stem in stems))
            titles = {title: titles[title] for _, title in zip(range(COMPARED), near, strict=False)}
        close = get_close_matches(wanted, titles, n=3, cutoff=0.6)
        meant = [self._described(item) for title in close for item in titles[title]][:3]
        some = ", ".join(list(self._names)[:3])
        return UserError(
            f"The model does not know the item {text!r}.",
            where=self._where,
            expected=f"an item of its training data, such as {some}; by its id or its title",
            remedy=f"Did you mean {' or '.join(meant)}?"
            if meant
            else "Give the id or the title as it stands in the data.",
        )

    def _several(self, text: str, found: list[str]) -> UserError:
        some = "; ".join(map(self._described, found[:CANDIDATES]))
        more = f"; and {len(found) - CANDIDATES:,} more" if len(found) > CANDIDATES else ""
        return UserError(
            f"{len(found):,} items have {text!r} in their titles.",
            where=self._where,
            expected=f"one of: {some}{more}",
            remedy=f"Give its id, such as --item {found[0]}",
        )

    def _described(self, item_id: str) -> str:
        title = self.title(item_id)
        return item_id if title is None else f"{item_id} ({title})"

    @cached_property
    def _by_title(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for item in self._names:
            title = self.title(item)
            if title is not None:
                found.setdefault(_plain(title), []).append(item)
        return found


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())
