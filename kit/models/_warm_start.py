"""Trained weights by name and key, from which the same model for later data begins."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kit.data import FeatureEncoder, train_histories
from kit.errors import UserError
from kit.layers import Embedding
from kit.models._entity_tower import EntityTower
from kit.models._ranking import Ranking
from kit.models._sequential import SequentialRecommender
from kit.models._two_tower import TwoTower

# What follows from the data, or is chosen after training.
OF_DATA = {"feature_tokens", "feature_numbers", "target_share", "item_prior", "scale", "shift"}
CONTENT = "content_"
PAD = ""
ITEMS = "items"
# Ends of keys that are no values of a column.
SPECIAL = ("\0\0missing", "\0\0rare")


@dataclass(frozen=True)
class Known:
    """How many keys of a kind the trained weights hold.

    Args:
        kind: "items", or the name of a vocabulary.
        kept: keys whose rows were taken over.
        new: keys whose rows are new.
        gone: keys of the trained weights that the new data do not have.
    """

    kind: str
    kept: int
    new: int
    gone: int


@dataclass(frozen=True)
class TrainedWeights:
    """The weights of a trained model without what follows from its data.

    No row belongs to a user: neither a two-tower nor a sequential model has any.

    Args:
        arrays: name of a weight to its values.
        rows: name of a weight to the kind of keys that its rows belong to.
        keys: kind to its keys, in the order of the rows; "" is padding.

    Example:

    >>> import kit
    >>> data = kit.open("online-retail", limit=2000)
    >>> model = kit.models.TwoTower.for_dataset(data, dim=4)
    >>> weights = TrainedWeights.of(model, data)
    >>> len(weights.keys["items"]) == data.num_items + 1, weights.start(model, data)[0].new
    (True, 0)
    """

    arrays: Mapping[str, NDArray[Any]]
    rows: Mapping[str, str]
    keys: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, model: keras.Model, data: Any) -> "TrainedWeights":
        """The weights of a model that was built for these data.

        Args:
            model: a `TwoTower`, a `SequentialRecommender` or a `Ranking`.
            data: its data.

        Raises:
            ValueError: it is another model.
        """
        keyed = _keyed(model, data)
        tables = _tables(model)
        arrays, rows, keys = {}, {}, {}
        for name, part in _weights(model, tables).items():
            arrays[name] = _values(part)
            if id(part) in keyed:
                rows[name], keys[rows[name]] = keyed[id(part)]
        return cls(arrays, rows, keys)

    def start(self, model: keras.Model, data: Any, where: str = "weights") -> list[Known]:
        """Set the weights of an untrained model for other data to these.

        Rows of known keys are taken over. The row of a new item is the mean of those of the known
        items that its users have, or zero, so that its features alone speak for it; other new rows
        stay as they are.

        Args:
            model: built for `data`.
            data: the other data.
            where: named in errors.

        Returns:
            What is known of the items and of each vocabulary.

        Raises:
            UserError: the models differ in width, layers or columns. Nothing is set then.
        """
        keyed = _keyed(model, data)
        parts = _weights(model, _tables(model))
        if parts.keys() != self.arrays.keys():
            raise _other_model(sorted(parts.keys() ^ self.arrays.keys())[0], where)
        found, values = {}, {}
        for name, part in parts.items():
            new = _values(part)
            old = self.arrays[name]
            if id(part) not in keyed:
                if old.shape != new.shape:
                    raise _other_shape(name, old, new, where)
                values[name] = old
                continue
            kind, keys = keyed[id(part)]
            if old.shape[1:] != new.shape[1:] or self.rows.get(name) != kind:
                raise _other_shape(name, old, new, where)
            place = {key: row for row, key in enumerate(self.keys[kind])}
            at = np.array([place.get(key, -1) for key in keys], np.int64)
            is_known = at >= 0
            new = new.copy()
            new[is_known] = old[at[is_known]]
            if kind == ITEMS:
                new[1:] = _with_neighbours(new[1:], is_known[1:], data)
            values[name] = new
            ours, theirs = (
                {key for key in some if key != PAD and not key.endswith(SPECIAL)}
                for some in (keys, self.keys[kind])
            )
            kept = len(ours & theirs)
            found[kind] = Known(kind, kept, len(ours) - kept, len(theirs) - kept)
        for name, part in parts.items():
            _assign(part, values[name])
        return list(found.values())


def _tables(model: keras.Model) -> list[Embedding]:
    """Tables that may lie in shards on parameter servers."""
    layers = model._flatten_layers(include_self=False, recursive=True)
    return [one for one in layers if isinstance(one, Embedding) and one.table is None and one.built]


def _weights(model: keras.Model, tables: Sequence[Embedding]) -> dict[str, Any]:
    """Name to variable or whole table, without what follows from the data.

    Numbers that Keras adds to the names of layers depend on what else a process has built, so
    they are counted anew, in the order of the weights.
    """
    table_of = {id(shard): table for table in tables for shard in table.shards}
    found: dict[str, Any] = {}
    placed = set()
    for weight in model.weights:
        if weight.name in OF_DATA or weight.name.startswith(CONTENT):
            continue
        part = table_of.get(id(weight), weight)
        if id(part) in placed:
            continue
        placed.add(id(part))
        path = "/".join(re.sub(r"_\d+$", "", step) for step in weight.path.split("/")[1:])
        name, number = path, 1
        while name in found:
            number += 1
            name = f"{path}~{number}"
        found[name] = part
    return found


def _values(part: Any) -> NDArray[Any]:
    if not isinstance(part, Embedding):
        return np.asarray(part)
    store: dict[str, Any] = {}
    part.save_own_variables(store)
    return np.asarray(store["0"])


def _assign(part: Any, values: NDArray[Any]) -> None:
    if isinstance(part, Embedding):
        part.load_own_variables({"0": values})
    else:
        part.assign(values)


def _keyed(model: keras.Model, data: Any) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Id of a weight or table to the kind and the keys of its rows."""
    if isinstance(model, Ranking):
        return _of_ranking(model)
    if not isinstance(model, TwoTower | SequentialRecommender):
        raise ValueError(f"A {type(model).__name__} cannot begin from trained weights.")
    tower = model.item_tower
    found = {id(tower.ids): (ITEMS, (PAD, *data.item_ids[: data.num_items].tolist()))}
    found |= _of_tower(tower, data.items, "item_id", data.num_items)
    for (content, _), reader in zip(data.contents, tower.readers, strict=True):
        if content.vocabulary:
            tokens = next(x for x in reader._flatten_layers() if isinstance(x, Embedding))
            found[id(tokens)] = (f"tokens of {content.column}", content.vocabulary)
    if isinstance(model, TwoTower) and model.user_tower is not None:
        found |= _of_tower(model.user_tower, data.users, "user_id", data.num_users)
    return found


def _of_tower(tower: EntityTower, table: Any, key: str, count: int) -> dict[int, Any]:
    if tower.bag is None:
        return {}
    encoder = FeatureEncoder.fit(table[:count], key=key)
    assert encoder is not None
    role = key.removesuffix("_id")
    found: dict[int, Any] = {
        id(tower.bag.table): (f"words of {role} features", (PAD, *encoder.vocabulary))
    }
    if encoder.numbers:
        names = tuple(name for name, _, _ in encoder.numbers)
        found[id(tower.bag.numbers.kernel)] = (f"numbers of {role} features", names)
    return found


def _of_ranking(model: Ranking) -> dict[int, Any]:
    # The encoder may be replaced by another, but not the model's tables.
    vocabularies = model.table_encoder.vocabularies
    keys = tuple(
        f"{table}{value}"
        for table in model.fields.starts
        for value in (*SPECIAL, *(f"\0{value}" for value in vocabularies[table]))
    )
    return {} if model.fields.table is None else {id(model.fields.table): ("values", keys)}


def _with_neighbours(
    vectors: NDArray[Any], is_known: NDArray[np.bool_], data: Any
) -> NDArray[np.float32]:
    """Vectors whose new rows are the mean of the known ones that the same users have."""
    if is_known.all() or not is_known.any():
        return vectors
    new = np.flatnonzero(~is_known)
    own = train_histories(data).below(data.num_items).matrix(data.num_items)
    users = own[:, new].tocsr()
    counts = (users.T @ own).tocsr()[:, np.flatnonzero(is_known)]
    totals = np.asarray(counts.sum(axis=1)).reshape(-1, 1)
    vectors = vectors.copy()
    vectors[new] = (counts @ vectors[is_known]) / np.maximum(totals, 1)
    return vectors


def _other_model(name: str, where: str) -> UserError:
    return UserError(
        f"The trained model has other layers: {name} is in one of the two models only.",
        where=where,
        expected="a model with the same encoder, and features of the same kinds",
        remedy="Give the options and the files of features that it was trained with, or train "
        "from nothing: leave --from out.",
    )


def _other_shape(name: str, old: NDArray[Any], new: NDArray[Any], where: str) -> UserError:
    return UserError(
        f"The trained model has another shape: {name} is {list(old.shape)} there and "
        f"{list(new.shape)} here.",
        where=where,
        expected="the same width, encoder and columns",
        remedy="Give the options that it was trained with, or train from nothing: leave --from "
        "out.",
    )
