"""The byte pairs of a preset, with its marks where the kit has them."""

from typing import Any

import tensorflow as tf

from kit.errors import UserError
from kit.tokenizers import BytePairs


def preset_byte_pairs(tokenizer: Any, table: Any, preset: str) -> BytePairs:
    """A tokenizer whose first numbers are padding, the unknown, the start and the end.

    The rows of the table are put into the same order.

    Args:
        tokenizer: a BytePairTokenizer of keras-hub.
        table: the Keras variable with a vector for each number, float [size, dim].
        preset: where both come from.

    Raises:
        UserError: the vocabulary is larger than the table, or nothing in it can stand for what is
            unknown.
    """
    pieces = _pieces(dict(tokenizer.vocabulary), int(table.shape[0]), preset)
    order = _marks_first(pieces, tokenizer, preset)
    table.assign(tf.gather(table.value, order))
    return BytePairs(
        [pieces[number] for number in order],
        # A file of merges may begin with its version.
        [merge for merge in tokenizer.merges if not merge.startswith("#version")],
        unknown=pieces[order[1]],
    )


def _pieces(number_of: dict[str, int], size: int, preset: str) -> list[str]:
    """The vocabulary by number; a number without a piece gets a name that no text has."""
    last = max(number_of.values())
    if last >= size:
        raise UserError(
            f"The vocabulary has number {last:,}, the backbone knows {size:,}.",
            where=f"--backbone {preset}",
            expected="backbone and vocabulary of one preset",
        )
    pieces = [f"[unused {number}]" for number in range(size)]
    for piece, number in number_of.items():
        pieces[number] = piece
    return pieces


def _marks_first(pieces: list[str], tokenizer: Any, preset: str) -> list[int]:
    """The numbers in the order in which the kit has them."""
    known = [number for number, piece in enumerate(pieces) if piece == "<unk>"]
    unused = [number for number, piece in enumerate(pieces) if piece.startswith("[unused ")]
    if not (known or unused):
        raise UserError(
            "The vocabulary has no <unk>, and no number without a piece.",
            where=f"--backbone {preset}",
            expected="one of them, for bytes that the vocabulary has not",
        )
    marks = [
        tokenizer.pad_token_id,
        [*known, *unused][0],
        tokenizer.start_token_id,
        tokenizer.end_token_id,
    ]
    return [*marks, *(number for number in range(len(pieces)) if number not in marks)]
