"""Presets of Keras Hub: read one, its tokenizer, LoRA."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import tensorflow as tf

from kit.errors import UserError
from kit.tokenizers import BytePairs, SentencePieces

Read = TypeVar("Read")


def read_preset(preset: str, read: Callable[[Any, str], Read]) -> Read:
    """What is read from a preset.

    Args:
        preset: its name, or a folder.
        read: takes the module keras_hub and the preset's place; may raise `UserError`.

    Raises:
        UserError: keras-hub is not installed, there is no such preset, it cannot be fetched or
            read, or `read` refuses it.
    """
    try:
        import keras_hub
    except ImportError:
        raise UserError(
            "A pretrained backbone needs keras-hub, which is not installed.",
            where="--backbone",
            remedy="Run pip install keras-application-kit[pretrained], or leave --backbone out.",
        ) from None
    folder = Path(preset).expanduser()
    is_folder = folder.is_dir()
    if not is_folder and ("\\" in preset or preset.startswith((".", "/", "~"))):
        raise _no_preset(preset, "there is no such folder")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(keras_hub, os.fspath(folder) if is_folder else preset)
    except UserError:
        raise
    except Exception as error:  # Downloads and half a dozen formats fail in as many ways.
        raise _no_preset(preset, f"{type(error).__name__}: {str(error).splitlines()[0]}") from None


def _no_preset(preset: str, why: str) -> UserError:
    return UserError(
        f"The backbone cannot be loaded: {why}",
        where=f"--backbone {preset}",
        expected="a preset of keras-hub (https://keras.io/keras_hub/presets), or a folder that "
        "save_to_preset wrote",
        remedy="Check the name; a preset that is not on this machine needs a network.",
    )


def preset_byte_pairs(tokenizer: Any, table: Any, preset: str) -> BytePairs:
    """A tokenizer whose first numbers are padding, the unknown, the start and the end.

    The rows of the table are put into the same order.

    Args:
        tokenizer: a BytePairTokenizer of keras-hub.
        table: the Keras layer with a vector for each number.
        preset: where both come from.

    Raises:
        UserError: the vocabulary is larger than the table, or nothing in it can stand for what is
            unknown.
    """
    pieces = _pieces(dict(tokenizer.vocabulary), table.input_dim, preset)
    marks = [
        tokenizer.pad_token_id,
        _unknown(pieces, preset),
        tokenizer.start_token_id,
        tokenizer.end_token_id,
    ]
    order = _put_first(marks, table)
    return BytePairs(
        [pieces[number] for number in order],
        # A file of merges may begin with its version.
        [merge for merge in tokenizer.merges if not merge.startswith("#version")],
        unknown=pieces[order[1]],
    )


def preset_sentence_pieces(tokenizer: Any, table: Any, preset: str) -> SentencePieces:
    """A tokenizer whose numbers 0, 1 and 3 are padding, the unknown and the end.

    The start is number 2; of a preset that has none, the number behind all others, for which the
    table has no vector.

    Args:
        tokenizer: a SentencePieceTokenizer of keras-hub.
        table: the Keras layer with a vector for each number; its rows are put into the same order.
        preset: where both come from.

    Raises:
        UserError: the vocabulary is larger than the table.
    """
    size = table.input_dim
    _check(tokenizer.vocabulary_size() - 1, size, preset)
    marks = [tokenizer.pad_token_id, int(tokenizer.token_to_id("<unk>"))]
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    others = (number for number in range(size) if number not in (*marks, end))
    order = _put_first([*marks, next(others) if start == end else start, end], table)
    return SentencePieces.of_model(tokenizer.proto, order, size if start == end else 2)


def _check(last: int, size: int, preset: str) -> None:
    if last >= size:
        raise UserError(
            f"The vocabulary has number {last:,}, the backbone knows {size:,}.",
            where=f"--backbone {preset}",
            expected="backbone and vocabulary of one preset",
        )


def _pieces(number_of: dict[str, int], size: int, preset: str) -> list[str]:
    """The vocabulary by number; a number without a piece gets a name that no text has."""
    _check(max(number_of.values()), size, preset)
    pieces = [f"[unused {number}]" for number in range(size)]
    for piece, number in number_of.items():
        pieces[number] = piece
    return pieces


def _unknown(pieces: list[str], preset: str) -> int:
    """The number of the unknown, or one without a piece."""
    if "<unk>" in pieces:
        return pieces.index("<unk>")
    unused = [number for number, piece in enumerate(pieces) if piece.startswith("[unused ")]
    if not unused:
        raise UserError(
            "The vocabulary has no <unk>, and no number without a piece.",
            where=f"--backbone {preset}",
            expected="one of them, for bytes that the vocabulary has not",
        )
    return unused[0]


def _put_first(marks: list[int], table: Any) -> list[int]:
    """All numbers, the marks first; the table's rows are put into that order."""
    order = [*marks, *(number for number in range(table.input_dim) if number not in marks)]
    table.embeddings.assign(tf.gather(table.embeddings.value, order))
    if not getattr(table, "tie_weights", True):
        reverse = table.reverse_embeddings
        reverse.assign(tf.gather(reverse.value, order, axis=1))
    return order


BESIDE = ("query", "value", "query_projector", "value_projector")


def add_lora(backbone: Any, rank: int) -> None:
    """Freeze all but new matrices beside those that make queries and values.

    Args:
        backbone: a Keras model with attention.
        rank: of the new matrices.

    Source: Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """
    for layer in backbone._flatten_layers():
        if layer.name in BESIDE and hasattr(layer, "enable_lora"):
            layer.enable_lora(rank)
    kept = {id(weight) for layer in backbone._flatten_layers() for weight in _of_lora(layer)}
    for weight in backbone.weights:
        if id(weight) not in kept:
            weight.trainable = False


def _of_lora(layer: Any) -> list[Any]:
    if not getattr(layer, "lora_enabled", False):
        return []
    return [layer.lora_kernel_a, layer.lora_kernel_b]
