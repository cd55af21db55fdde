"""Inputs of the signature of a tabular model."""

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from kit.data.table import Feature


def tensor_names(columns: Sequence[str]) -> dict[str, str]:
    """Names of columns in a signature, where not every name is allowed.

    ASCII letters, digits and underscores stay, all other characters become underscores.

    Example:

    >>> tensor_names(["age (years)", "age_(years)", "2nd", "self"])
    {'age (years)': 'age__years_', 'age_(years)': 'age__years__2', '2nd': 'column_2nd',
     'self': 'column_self'}
    """
    names: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"[^A-Za-z0-9_]", "_", column)
        # TensorFlow rejects names that begin with these characters, and "self" is reserved.
        if not re.match(r"[A-Za-z]", name) or name == "self":
            name = f"column_{name}"
        again = 2
        while name in names.values():
            name, again = f"{name.removesuffix(f'_{again - 1}')}_{again}", again + 1
        names[column] = name
    return names


def raw_inputs(rows: pl.DataFrame, features: Sequence[Feature]) -> dict[str, Any]:
    """Typed columns in the form of the signature's inputs: "" and NaN for missing values.

    Args:
        rows: the features' columns.
        features: what they are.

    Returns:
        Input, see `tensor_names`, to a list of text, numbers, or lists of text padded with "".

    Example:

    >>> raw_inputs(pl.DataFrame({"tags": [["a"], None]}), [Feature("tags", "list")])
    {'tags': [['a'], ['']]}
    """
    inputs: dict[str, Any] = {}
    names = tensor_names([feature.name for feature in features])
    for feature in features:
        values, name = rows[feature.name], names[feature.name]
        if feature.kind == "number":
            inputs[name] = values.cast(pl.Float32).fill_null(float("nan")).to_list()
        elif feature.kind == "list":
            lists = [value or [] for value in values.to_list()]
            longest = max(1, *map(len, lists))
            inputs[name] = [[*one, *[""] * (longest - len(one))] for one in lists]
        else:
            inputs[name] = values.fill_null("").to_list()
    return inputs
